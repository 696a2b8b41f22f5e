package reports

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"muster/internal/ledger"
	"muster/reports/evidence"
	"muster/reports/pack"
	"muster/reports/pack/check"
	"muster/reports/reconciliation"
	"muster/reports/seal"
	"muster/reports/trust"
)

// insider signs a changed pack with the organisation's own keys of packs and seals, with everything in it that follows from the model.
func insider(t *testing.T, f *fixture, files map[string][]byte) {
	t.Helper()
	model, err := evidence.Decode(files[pack.EvidenceFile])
	if err != nil {
		t.Fatal(err)
	}
	info, err := seal.Verify(files[pack.ReportFile])
	if err != nil {
		t.Fatal(err)
	}
	about := trust.About{Pack: model.Pack, Run: model.Run.ID, Title: "Report", Author: model.GeneratedBy, Producer: model.Renderer, At: asOf, Model: files[pack.EvidenceFile]}
	if files[pack.ReportFile], info, err = f.ev.Trust.Seal(context.Background(), files[pack.ReportFile][:info.Unsealed], about); err != nil {
		t.Fatal(err)
	}
	guide, err := pack.Guide(model, info)
	if err != nil {
		t.Fatal(err)
	}
	files[pack.GuideFile] = []byte(guide)
	resign(t, files, f.ev.Trust)
}

// inside is one change by somebody who may sign packs, and what is said of it.
type inside struct {
	name, want string
	change     func(files map[string][]byte)
	after      func(files map[string][]byte) // it was sealed
}

// ofTheModel changes what evidence.json says of the pack itself.
func ofTheModel(t *testing.T) []inside {
	raw := func(files map[string][]byte, was, is string) {
		if bytes.Count(files[pack.EvidenceFile], []byte(was)) != 1 {
			t.Fatalf("evidence.json has %q %d times", was, bytes.Count(files[pack.EvidenceFile], []byte(was)))
		}
		files[pack.EvidenceFile] = bytes.Replace(files[pack.EvidenceFile], []byte(was), []byte(is), 1)
	}
	return []inside{
		{"nothing", "", func(map[string][]byte) {}, nil},
		{"a kind that there is not", `there is no pack of the kind "access review"`, func(files map[string][]byte) {
			remodel(t, files, func(m *evidence.File) { m.Kind = "access review"; m.Pack = pack.ID(m.Kind, m.Run.ID, m.Subject) })
		}, nil},
		{"another kind", "evidence.json: its detail", func(files map[string][]byte) {
			remodel(t, files, func(m *evidence.File) { m.Kind = "controls"; m.Pack = pack.ID(m.Kind, m.Run.ID, m.Subject) })
		}, nil},
		{"another run's name", "evidence.json: it is about", func(files map[string][]byte) {
			remodel(t, files, func(m *evidence.File) { m.Subject = "R-other"; m.Pack = pack.ID(m.Kind, m.Run.ID, m.Subject) })
		}, nil},
		{"another pack's name", "evidence.json: it is pack P-OTHER", func(files map[string][]byte) {
			remodel(t, files, func(m *evidence.File) { m.Pack = "P-OTHER" })
		}, nil},
		{"a scope of one person", "a pack of the kind reconciliation holds all persons of its run", func(files map[string][]byte) {
			remodel(t, files, func(m *evidence.File) { m.Scope.Persons, m.Scope.Findings = []string{"W-1"}, m.Totals.All })
		}, nil},
		{"what only a part needs", "carries what only a part needs", func(files map[string][]byte) {
			remodel(t, files, func(m *evidence.File) { m.Scope.Quality = []evidence.Quality{{Person: "W-1", ManagerUnknown: true}} })
		}, nil},
		{"a member twice in the detail", "evidence.json: is not as Muster writes it", func(files map[string][]byte) {
			raw(files, `"activity": {`, "\"activity\": {},\n    \"activity\": {")
		}, nil},
		{"an unknown member of the detail", `unknown field "hidden"`, func(files map[string][]byte) {
			raw(files, `"activity": {`, "\"hidden\": 1,\n    \"activity\": {")
		}, nil},
		{"no detail", "evidence.json: it has no detail", func(files map[string][]byte) {
			remodel(t, files, func(m *evidence.File) { m.Detail = nil })
		}, nil},
		{"the run's state", "the run's state: the ledger says completed, the pack failed", func(files map[string][]byte) {
			remodel(t, files, func(m *evidence.File) { m.Run.State = "failed" })
		}, nil},
	}
}

// ofTheFiles changes tables and other files.
func ofTheFiles(t *testing.T) []inside {
	return []inside{
		{"the guide", "VERIFY.md: is not what Muster writes into this pack", func(map[string][]byte) {}, func(files map[string][]byte) {
			files[pack.GuideFile] = append(files[pack.GuideFile], "\nAll is well.\n"...)
		}},
		{"the model after the report was sealed", "report.pdf: the evidence.json that it carries is not this one", func(map[string][]byte) {}, func(files map[string][]byte) {
			remodel(t, files, func(m *evidence.File) {
				m.Detail = reconciliation.Detail{Activity: evidence.Activities{From: 1, Until: 2}}
			})
		}},
		{"a file more", "README.txt: a pack has no such file", func(files map[string][]byte) { files["README.txt"] = []byte("hello") }, nil},
		{"a file less", "report.html: is missing", func(files map[string][]byte) { delete(files, pack.HTMLFile) }, nil},
		{"a table more", "annexes/more.csv: a pack of the kind reconciliation has no such table", func(files map[string][]byte) {
			files["annexes/more.csv"] = []byte("a\r\n")
			remodel(t, files, func(m *evidence.File) {
				m.Annexes = append(m.Annexes, evidence.Annex{File: "annexes/more.csv", SHA256: digest(files["annexes/more.csv"]), Size: 3})
			})
		}, nil},
		{"a column twice", "annexes/grants.csv: two of its columns have the same name", func(files map[string][]byte) {
			files["annexes/grants.csv"] = bytes.ReplaceAll(bytes.Replace(files["annexes/grants.csv"], []byte("system,id,"), []byte("system,system,id,"), 1), []byte("\r\ndirectory,"), []byte("\r\nerp,directory,"))
			remodel(t, files, nil)
		}, nil},
		{"facts with a member twice", "annexes/findings.csv: finding", func(files map[string][]byte) {
			files[pack.FindingsAnnex] = bytes.Replace(files[pack.FindingsAnnex], []byte(`[{""expr"":`), []byte(`[{""expr"":""made up"",""expr"":`), 1)
			remodel(t, files, nil)
		}, nil},
		{"a system in the table of what was done", `activity.csv: entry 14: system: the ledger says "erp", the table "vpn"`, func(files map[string][]byte) {
			files[pack.ActivityAnnex] = bytes.Replace(files[pack.ActivityAnnex], []byte(",erp,W-00310,"), []byte(",vpn,W-00310,"), 1)
			remodel(t, files, nil)
		}, nil},
		{"what entries commit to spelt otherwise", "ledger/later/opened.json: is not as Muster writes it", func(files map[string][]byte) {
			files[pack.LaterOpenedFile] = append(files[pack.LaterOpenedFile], '\n')
			remodel(t, files, nil)
		}, nil},
	}
}

// TestVerifySeesThroughAnInsider changes packs as somebody who may sign them, and cannot forge the ledger.
func TestVerifySeesThroughAnInsider(t *testing.T) {
	f, p := render(t, shape{findings: 30})
	for _, c := range append(ofTheModel(t), ofTheFiles(t)...) {
		t.Run(c.name, func(t *testing.T) {
			files := unzip(t, p.ZipPath)
			c.change(files)
			insider(t, f, files)
			if c.after != nil {
				c.after(files)
				resign(t, files, f.ev.Trust)
			}
			rep, err := Verify(t.Context(), rezip(t, files), f.ev.Ledger.VerifierKey+"\n"+string(public(t, f.ev.Trust).PackPEM))
			if (err != nil) != (c.want != "") || !strings.Contains(told(rep), c.want) {
				t.Errorf("%v\n%s\nwant %q", err, told(rep), c.want)
			}
			if c.want == "" && unchecked(rep) != "receipt" {
				t.Errorf("not checked: %s", unchecked(rep))
			}
		})
	}
}

// TestAPackThatCallsItselfRedactedIsNotVerified: most of what can be told of a whole pack cannot be told of it, and that is said.
func TestAPackThatCallsItselfRedactedIsNotVerified(t *testing.T) {
	f, p := render(t, shape{findings: 30})
	files := unzip(t, p.ZipPath)
	digest := ""
	files[pack.FindingsAnnex] = bytes.Replace(files[pack.FindingsAnnex], []byte(",critical,open,"), []byte(",low,open,"), 1)
	for _, e := range f.ev.Ledger.Proofs {
		entry, err := ledger.VerifyProof(e, "", f.ev.Ledger.VerifierKey)
		var said struct{ SHA256 string }
		if err == nil && entry.Type == ledger.Findings && json.Unmarshal(entry.Data, &said) == nil {
			digest = said.SHA256
		}
	}
	falsify := func(findings int) check.Report {
		files := maps.Clone(files)
		remodel(t, files, func(m *evidence.File) {
			m.Scope = evidence.Scope{Findings: findings, Redacted: &evidence.Redacted{Of: m.Pack, FindingsSHA256: digest}}
			m.Subject += ", with pseudonyms"
			m.Pack = pack.ID(m.Kind, m.Run.ID, m.Subject)
			// With pseudonyms the detail lies in the order of its names.
			var tree any
			if err := json.Unmarshal(m.Detail.(json.RawMessage), &tree); err != nil {
				t.Fatal(err)
			}
			m.Detail = tree
		})
		insider(t, f, files)
		rep, _ := Verify(t.Context(), rezip(t, files), "")
		return rep
	}
	rep := falsify(len(f.findings))
	if rep.OK() || rep.Differs() || unchecked(rep) != "ledger, later, receipt" || !strings.Contains(rep.Summary(), "verified, except: ledger, later (the pack carries pseudonyms") {
		t.Errorf("%s\n%s", rep.Summary(), told(rep))
	}
	if rep := falsify(len(f.findings) + 1); !rep.Differs() || !strings.Contains(told(rep), "number of the run's findings: the ledger says 30, the pack 31") {
		t.Errorf("with another number: %s\n%s", rep.Summary(), told(rep))
	}
}

// TestALargePackOfAStrangerIsNotReadThrough: when the checksums or the signature do not hold, little is read of what may be a bomb.
func TestALargePackOfAStrangerIsNotReadThrough(t *testing.T) {
	f, p := render(t, shape{findings: 3})
	files := unzip(t, p.ZipPath)
	files["annexes/grants.csv"] = bytes.Repeat([]byte("directory,grants-0000001,value\r\n"), 9_000_000)
	ballast := make([]byte, 2<<20) // so that the ratio is not one that only a bomb has
	rand.NewChaCha8([32]byte{}).Read(ballast)
	files["annexes/ballast.csv"] = ballast
	files[pack.SignatureFile] = slices.Repeat([]byte{1}, 64)
	rep, err := Verify(t.Context(), deflated(t, files), f.ev.Ledger.VerifierKey)
	if err == nil || rep.Stopped == "" || !strings.Contains(rep.Stopped, "the signature of the pack do not hold") {
		t.Fatalf("%v %q", err, rep.Stopped)
	}
	for _, s := range rep.Steps[4:] { // from the attestation on
		if s.State != check.NotChecked || s.Why != rep.Stopped {
			t.Errorf("%+v", s)
		}
	}
	if s := fmt.Sprint(rep.Summary()); !strings.HasPrefix(s, "NOT verified; what differs: signature") {
		t.Error(s)
	}
}

// deflated writes files as a zip, as packs are.
func deflated(t *testing.T, files map[string][]byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pack.zip")
	w, err := pack.Create(path, asOf)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if name == pack.SumsFile || name == pack.SignatureFile {
			continue
		}
		if _, err := w.AddBytes(name, files[name]); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := w.Finish(func([]byte) ([]byte, error) { return files[pack.SignatureFile], nil }); err != nil {
		t.Fatal(err)
	}
	return path
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
