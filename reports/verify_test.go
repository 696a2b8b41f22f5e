package reports

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"muster/internal/access"
	"muster/internal/octets"
	"muster/internal/sheet"
	"muster/reports/evidence"
	"muster/reports/pack"
	"muster/reports/pack/check"
)

// unzip reads a pack into memory.
func unzip(t *testing.T, path string) map[string][]byte {
	t.Helper()
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = z.Close() }()
	files := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name] = data
	}
	return files
}

// rezip writes files as a zip; extra are added as they are, even when their names come twice.
func rezip(t *testing.T, files map[string][]byte, extra ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "changed.zip")
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range append(slices.Sorted(maps.Keys(files)), extra...) {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(files[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(z.Close(), os.WriteFile(path, b.Bytes(), 0o600)); err != nil {
		t.Fatal(err)
	}
	return path
}

// reseal rewrites SHA256SUMS, as someone would who changes a pack and knows how it is made.
func reseal(files map[string][]byte) {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if name != pack.SumsFile {
			sum := sha256.Sum256(files[name])
			fmt.Fprintf(&b, "%s  %s\n", hex.EncodeToString(sum[:]), name)
		}
	}
	files[pack.SumsFile] = []byte(b.String())
}

// remodel rewrites evidence.json after changing annexes, with rows and digests that match again.
func remodel(t *testing.T, files map[string][]byte, change func(*evidence.File)) {
	t.Helper()
	model, err := evidence.Decode(files[pack.EvidenceFile])
	if err != nil {
		t.Fatal(err)
	}
	for i := range model.Annexes {
		a := &model.Annexes[i]
		rows, err := csv.NewReader(bytes.NewReader(files[a.File])).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(files[a.File])
		a.Rows, a.SHA256, a.Size = int64(len(rows)-1), hex.EncodeToString(sum[:]), int64(len(files[a.File]))
	}
	tally := evidence.NewTally(model.Run.AsOf, 0)
	rows, err := csv.NewReader(bytes.NewReader(files[pack.FindingsAnnex])).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows[1:] {
		tally.Add(access.Finding{Fingerprint: r[1], Rule: r[2], Severity: access.Severity(r[3]), State: access.FindingState(r[4]), Change: access.Change(r[5]), System: r[7]})
	}
	model.Totals, model.FindingsSHA256 = tally.Totals, tally.Digest.Sum()
	if change != nil {
		change(&model)
	}
	if files[pack.EvidenceFile], err = model.Encode(); err != nil {
		t.Fatal(err)
	}
	reseal(files)
}

// swap changes a text of a file, which must have it once, and makes everything else fit.
func swap(t *testing.T, files map[string][]byte, name, was, is string) {
	t.Helper()
	if bytes.Count(files[name], []byte(was)) != 1 {
		t.Fatalf("%s has %q %d times", name, was, bytes.Count(files[name], []byte(was)))
	}
	files[name] = bytes.Replace(files[name], []byte(was), []byte(is), 1)
	remodel(t, files, nil)
}

func TestVerifyAcceptsAPack(t *testing.T) {
	for name, s := range shapes() {
		t.Run(name, func(t *testing.T) {
			f, p := render(t, s)
			receipt(t, f, p)
			rep, err := Verify(t.Context(), p.ZipPath, f.ev.Ledger.VerifierKey+"\n"+string(public(t, f.ev.Trust).PackPEM))
			if err != nil || !rep.OK() || len(rep.Steps) != 14 || rep.Summary() != "verified" || rep.SHA256 != p.Digest || rep.Pack != p.ID || rep.Run != f.ev.Run.ID {
				t.Fatalf("%v %+v", err, rep.Steps)
			}
			folder := t.TempDir()
			for file, data := range unzip(t, p.ZipPath) {
				if err := errors.Join(os.MkdirAll(filepath.Dir(filepath.Join(folder, file)), 0o755), os.WriteFile(filepath.Join(folder, file), data, 0o644)); err != nil {
					t.Fatal(err)
				}
			}
			if rep, err := Verify(t.Context(), folder, ""); err != nil || unchecked(rep) != "receipt" || !strings.HasPrefix(rep.Summary(), "verified, except: receipt (this is an unpacked folder") {
				t.Errorf("unpacked: %v, %s", err, rep.Summary())
			}
			cmd := exec.Command("sha256sum", "--strict", "-c", pack.SumsFile)
			cmd.Dir = folder
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("sha256sum: %v %s", err, out)
			}
			beside, err := os.ReadFile(p.PDFPath)
			inside, ierr := os.ReadFile(filepath.Join(folder, pack.ReportFile))
			if err != nil || ierr != nil || !bytes.Equal(beside, inside) {
				t.Errorf("the PDF beside the pack is not the one in it: %v %v", err, ierr)
			}
			left, err := filepath.Glob(filepath.Join(filepath.Dir(p.ZipPath), ".*"))
			if err != nil || len(left) > 0 {
				t.Errorf("left behind: %v %v", left, err)
			}
		})
	}
}

// TestVerifyNamesWhatWasChanged flips one byte of each file, cuts it, removes it, and wants its name in the error.
func TestVerifyNamesWhatWasChanged(t *testing.T) {
	_, p := render(t, shape{findings: 30, incomplete: true})
	whole := unzip(t, p.ZipPath)
	for name, data := range whole {
		change := func(what string, content []byte) {
			files := maps.Clone(whole)
			if files[name] = content; content == nil {
				delete(files, name)
			}
			rep, err := Verify(t.Context(), rezip(t, files), "")
			if err == nil || rep.OK() || access.KindOf(err) != access.Invalid || !strings.Contains(err.Error(), name) {
				t.Errorf("%s %s: %v", name, what, err)
			}
		}
		for _, at := range []int{0, len(data) / 3, len(data) / 2, len(data) - 1} {
			flipped := bytes.Clone(data)
			flipped[at] ^= 1
			change(fmt.Sprintf("byte %d of %d flipped", at, len(data)), flipped)
		}
		change("cut", append([]byte{}, data[:len(data)-1]...))
		change("lengthened", append(bytes.Clone(data), '\n'))
		change("emptied", []byte{})
		change("removed", nil)
	}
}

// resealing is one change by somebody who renews the checksums and the model, and what is said of it.
type resealing struct {
	name   string
	change func(t *testing.T, files map[string][]byte)
	want   string
}

// ofTheRun changes what the run saw and found.
func ofTheRun() []resealing {
	lines := func(files map[string][]byte) []string {
		return strings.SplitAfter(string(files[pack.FindingsAnnex]), "\r\n")
	}
	return []resealing{
		{"a row dropped", func(t *testing.T, files map[string][]byte) {
			files[pack.FindingsAnnex] = []byte(strings.Join(slices.Delete(lines(files), 3, 4), ""))
			remodel(t, files, nil)
		}, "digest of the findings: the ledger says "},
		{"a row doubled", func(t *testing.T, files map[string][]byte) {
			l := lines(files)
			files[pack.FindingsAnnex] = []byte(strings.Join(slices.Insert(l, 3, l[3]), ""))
			remodel(t, files, nil)
		}, "number of findings: the ledger says 30, the pack 31"},
		{"a severity softened", func(t *testing.T, files map[string][]byte) {
			files[pack.FindingsAnnex] = bytes.Replace(files[pack.FindingsAnnex], []byte(",critical,open,"), []byte(",low,open,"), 1)
			remodel(t, files, nil)
		}, "digest of the findings: the ledger says "},
		{"a row changed and only the checksums renewed", func(t *testing.T, files map[string][]byte) {
			files[pack.FindingsAnnex] = bytes.Replace(files[pack.FindingsAnnex], []byte("still holds"), []byte("never holds"), 1)
			reseal(files)
		}, "annexes/findings.csv: is not the table that the model describes"},
		{"two rows swapped", func(t *testing.T, files map[string][]byte) {
			l := lines(files)
			l[3], l[4] = l[4], l[3]
			files[pack.FindingsAnnex] = []byte(strings.Join(l, ""))
			reseal(files)
		}, "annexes/findings.csv: is not the table that the model describes"},
		{"a population row dropped", func(t *testing.T, files map[string][]byte) {
			l := strings.SplitAfter(string(files["annexes/grants.csv"]), "\r\n")
			files["annexes/grants.csv"] = []byte(strings.Join(slices.Delete(l, 5, 6), ""))
			reseal(files)
		}, "annexes/grants.csv: has 99 rows, the model says 100"},
		{"other rules", func(t *testing.T, files map[string][]byte) {
			remodel(t, files, func(m *evidence.File) { m.Run.RulesSHA256 = strings.Repeat("ee", 32) })
		}, "digest of the rules: the ledger says "},
		{"another snapshot", func(t *testing.T, files map[string][]byte) {
			remodel(t, files, func(m *evidence.File) { m.Sources[2].Tonight.SHA256 = strings.Repeat("ee", 32) })
		}, "digest of snapshot S-20261122T010003Z-saas: the ledger says "},
		{"a proof left out", func(t *testing.T, files map[string][]byte) {
			remodel(t, files, func(m *evidence.File) { m.Ledger.Entries = slices.Delete(m.Ledger.Entries, 10, 11) })
		}, "the model does not know it"},
		{"a larger ledger claimed", func(t *testing.T, files map[string][]byte) {
			remodel(t, files, func(m *evidence.File) { m.Ledger.Size++ })
		}, "ledger/checkpoint: is not the checkpoint that evidence.json names"},
	}
}

// ofWhatWasDone changes what was asked, decided and done, and the ledger.
func ofWhatWasDone() []resealing {
	return []resealing{
		{"a decision softened", func(t *testing.T, files map[string][]byte) {
			swap(t, files, pack.ActivityAnnex, ",expire,", ",approve,")
		}, `annexes/activity.csv: entry 16: verdict: the ledger says "expire", the table "approve"`},
		{"a decision of somebody else", func(t *testing.T, files map[string][]byte) {
			swap(t, files, pack.ActivityAnnex, ",W-00007,", ",W-00008,")
		}, `annexes/activity.csv: entry 15: by: the ledger says "W-00007", the table "W-00008"`},
		{"a failure told as done", func(t *testing.T, files map[string][]byte) {
			swap(t, files, pack.ActivityAnnex, ",failed,", ",done,")
		}, `annexes/activity.csv: entry 20: state: the ledger says "failed", the table "done"`},
		{"a change left out", func(t *testing.T, files map[string][]byte) {
			l := strings.SplitAfter(string(files[pack.ActivityAnnex]), "\r\n")
			files[pack.ActivityAnnex] = []byte(strings.Join(slices.Delete(l, 6, 7), ""))
			remodel(t, files, nil)
		}, "annexes/activity.csv: entry 19 is on the ledger and not in the table"},
		{"all that was done left out", func(t *testing.T, files map[string][]byte) {
			for name := range files {
				if strings.HasPrefix(name, "ledger/later/") {
					delete(files, name)
				}
			}
			remodel(t, files, func(m *evidence.File) { m.Later = nil })
		}, "annexes/activity.csv: entry 14 is not proven in the pack"},
		{"another name shown for who decided", func(t *testing.T, files map[string][]byte) {
			swap(t, files, pack.LaterOpenedFile, "W-00007", "W-00008")
		}, "ledger/later/opened.json: by of entry 15 is not what the entry commits to"},
		{"nothing shown of who decided", func(t *testing.T, files map[string][]byte) {
			files[pack.LaterOpenedFile] = []byte("[]")
			remodel(t, files, nil)
		}, "ledger/later/opened.json: it shows 0 values, the model says 2"},
		{"a stranger's file", func(t *testing.T, files map[string][]byte) {
			files["annexes/more.csv"] = []byte("a\r\n")
			reseal(files)
		}, "annexes/more.csv: the model does not know it"},
		{"a ledger of the forger's own", func(t *testing.T, files map[string][]byte) {
			other := newFixture(t, shape{findings: 12})
			files[pack.VerifierFile] = []byte(strings.Replace(other.ev.Ledger.VerifierKey, "acme", "acmf", 1) + "\n")
			reseal(files)
		}, "ledger/verifier: the pack's key is "},
	}
}

// TestVerifySeesThroughAResealedPack changes the pack as its author could, with fresh checksums and a matching model: the ledger
// tells.
func TestVerifySeesThroughAResealedPack(t *testing.T) {
	f, p := render(t, shape{findings: 30})
	for _, c := range append(ofTheRun(), ofWhatWasDone()...) {
		t.Run(c.name, func(t *testing.T) {
			files := unzip(t, p.ZipPath)
			c.change(t, files)
			rep, err := Verify(t.Context(), rezip(t, files), f.ev.Ledger.VerifierKey)
			text := ""
			for _, s := range rep.Steps {
				if s.State == check.Differs {
					text += strings.Join(s.Details, "\n") + "\n"
				}
			}
			if err == nil || !strings.Contains(text, c.want) {
				t.Errorf("%v\n%s\nwant %q", err, text, c.want)
			}
		})
	}
}

// TestVerifySurvivesAnyDamage flips bytes anywhere in the zip file: either Verify tells, or what it reads is unchanged and only the
// digest of the zip file differs.
func TestVerifySurvivesAnyDamage(t *testing.T) {
	_, p := render(t, shape{findings: 5})
	whole, err := os.ReadFile(p.ZipPath)
	if err != nil {
		t.Fatal(err)
	}
	rnd, told := rand.New(rand.NewPCG(3, 5)), 0
	path := filepath.Join(t.TempDir(), "damaged.zip")
	for i := range 250 {
		damaged := bytes.Clone(whole)
		at := rnd.IntN(len(whole))
		if i < 100 { // the directory at the end, where damage is most confusing
			at = len(whole) - 1 - rnd.IntN(3000)
		}
		damaged[at] ^= 1 << rnd.IntN(8)
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		rep, err := Verify(t.Context(), path, "")
		switch {
		case err != nil:
			told++
		case rep.SHA256 == p.Digest || !maps.EqualFunc(unzip(t, path), unzip(t, p.ZipPath), bytes.Equal):
			t.Errorf("byte %d of %d: not told", at, len(whole))
		}
	}
	if told < 100 {
		t.Errorf("only %d of 250 damages were told", told)
	}
}

func TestVerifyRefusesUnsafeArchives(t *testing.T) {
	_, p := render(t, shape{})
	whole := unzip(t, p.ZipPath)
	for _, name := range []string{"../escape", "/etc/passwd", "annexes/../../x", "a\\b", "C:x", "a//b", "./a", pack.EvidenceFile, "EVIDENCE.json", "dir/"} {
		if rep, err := Verify(t.Context(), rezip(t, whole, name), ""); err == nil || len(rep.Steps) != 1 {
			t.Errorf("a pack with %q: %v", name, err)
		}
	}
	for name, content := range map[string]string{"empty": "", "text": "no zip", "cut": ""} {
		path := filepath.Join(t.TempDir(), name)
		data := []byte(content)
		if name == "cut" {
			all, err := os.ReadFile(p.ZipPath)
			if err != nil {
				t.Fatal(err)
			}
			data = all[:len(all)-100]
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Verify(t.Context(), path, ""); access.KindOf(err) != access.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Verify(t.Context(), filepath.Join(t.TempDir(), "none.zip"), ""); access.KindOf(err) != access.NotFound {
		t.Errorf("no file: %v", err)
	}
}

// TestAnnexesAreExact: what a spreadsheet would compute is neutralised, reversibly, and every other byte is as it was.
func TestAnnexesAreExact(t *testing.T) {
	f, p := render(t, shape{findings: 100, hostile: true})
	files := unzip(t, p.ZipPath)
	rows, err := csv.NewReader(bytes.NewReader(files[pack.FindingsAnnex])).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for i, x := range f.findings {
		cell := rows[i+1][12]
		if strings.ContainsAny(cell[:1], "=+-@\t\r") {
			t.Errorf("row %d: a spreadsheet would compute %q", i+1, cell)
		}
		// encoding/csv reads \r\n inside quotes as \n.
		if got, want := octets.Decode(sheet.Original(cell)), strings.ReplaceAll(x.PersonName, "\r\n", "\n"); got != want {
			t.Errorf("row %d: %q, want %q", i+1, got, want)
		}
		var facts []access.Evidence
		if err := json.Unmarshal([]byte(rows[i+1][20]), &facts); err != nil || len(facts) != len(x.Evidence) {
			t.Errorf("row %d: facts %v", i+1, err)
		}
	}
	if !bytes.Contains(files[pack.FindingsAnnex], []byte("line\r\nbreak")) {
		t.Error("a line break inside a value was changed")
	}
	if !bytes.Contains(files["annexes/grants.csv"], []byte(",'=1+1\r\n")) {
		t.Error("a formula in a population was not neutralised")
	}
}
