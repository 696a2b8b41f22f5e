package reports

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"muster/reports/pack"
)

// toolbox is a folder with the programs that VERIFY.md names, and those that POSIX has beside its shell. Nothing else is found from it.
func toolbox(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range strings.Fields("sha256sum openssl jq awk cat cmp cut find head mktemp mv od sed sort tail tr wc") {
		path, err := exec.LookPath(name)
		if err != nil {
			if os.Getenv("CI") != "" {
				t.Fatalf("%s is not here: .ci/setup installs it", name)
			}
			t.Skip(err)
		}
		if err := os.Symlink(path, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// blocks are the shell blocks of a guide.
func blocks(t *testing.T, guide []byte) []string {
	t.Helper()
	var out []string
	for _, m := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllSubmatch(guide, -1) {
		out = append(out, string(m[1]))
	}
	if len(out) != 6 {
		t.Fatalf("the guide has %d blocks, not 6", len(out))
	}
	return out
}

// runBlock runs one block as an auditor would, in a folder.
func runBlock(t *testing.T, tools, folder, block string) (string, error) {
	t.Helper()
	cmd := exec.Command("/bin/sh", "-c", block)
	cmd.Dir, cmd.Env = folder, []string{"PATH=" + tools, "TMPDIR=" + t.TempDir()}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func unpack(t *testing.T, files map[string][]byte) string {
	t.Helper()
	folder := t.TempDir()
	for name, data := range files {
		path := filepath.Join(folder, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, data, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// TestTheGuidesCommandsVerifyAPack runs every block of VERIFY.md, and wants each to fail when a file that it covers is changed.
func TestTheGuidesCommandsVerifyAPack(t *testing.T) {
	tools := toolbox(t)
	for _, s := range []shape{{findings: 40, hostile: true, incomplete: true}, {}} {
		f, p := render(t, s)
		files := unzip(t, p.ZipPath)
		all := blocks(t, files[pack.GuideFile])
		folder := unpack(t, files)
		for i, b := range all {
			if out, err := runBlock(t, tools, folder, b); err != nil || !strings.Contains(out, "\nok: ") && !strings.HasPrefix(out, "ok: ") {
				t.Errorf("block %d: %v\n%s", i+1, err, out)
			}
		}
		if t.Failed() || len(f.findings) == 0 {
			continue
		}
		proof := ""
		for name := range files {
			if strings.HasPrefix(name, pack.ProofFolder) && (proof == "" || name < proof) {
				proof = name
			}
		}
		change := func(i int, name, what string, content []byte) {
			changed := maps.Clone(files)
			if changed[name] = content; content == nil {
				delete(changed, name)
			}
			if out, err := runBlock(t, tools, unpack(t, changed), all[i-1]); err == nil {
				t.Errorf("block %d does not see that %s was %s: %s", i, name, what, out)
			}
		}
		for name, data := range files { // block 1 covers every file
			change(1, name, "changed", flip(data, len(data)/2))
		}
		change(1, pack.ReportFile, "removed", nil)
		change(1, pack.SignatureFile, "removed", nil)
		change(1, "annexes/more.csv", "added", []byte("a\r\n"))
		for _, name := range []string{pack.ReportFile, pack.EvidenceFile, pack.FindingsAnnex, pack.PackKeyFile, pack.AttestFile, pack.GuideFile, proof} {
			change(2, name, "changed", flip(files[name], len(files[name])/2))
		}
		change(2, "more", "added", []byte("x"))
		rows := bytes.SplitAfter(files[pack.FindingsAnnex], []byte("\r\n"))
		change(3, pack.FindingsAnnex, "cut by a row", bytes.Join(append(rows[:3:3], rows[4:]...), nil))
		change(3, pack.FindingsAnnex, "softened", bytes.Replace(files[pack.FindingsAnnex], []byte(",critical,"), []byte(",low,"), 1))
		change(3, pack.EvidenceFile, "given another digest", bytes.Replace(files[pack.EvidenceFile], []byte(`"findings_sha256": "`), []byte(`"findings_sha256": "0`), 1))
		for _, at := range []int{30, 60, len(files[proof]) / 2, len(files[proof]) - 90, len(files[proof]) - 5} {
			change(4, proof, "changed", flip(files[proof], at))
		}
		change(4, proof, "removed", nil)
		for at := range files[pack.CheckpointFile][:120] {
			if at%9 == 0 {
				change(5, pack.CheckpointFile, "changed", flip(files[pack.CheckpointFile], at))
			}
		}
		change(5, pack.VerifierFile, "changed", flip(files[pack.VerifierFile], len(files[pack.VerifierFile])-6))
		pdf := files[pack.ReportFile]
		hole := bytes.LastIndex(pdf, []byte("/Contents <"))
		for _, at := range []int{100, len(pdf) / 3, hole - 40, hole + 12, hole + 300, hole + 9000, len(pdf) - 30} {
			change(6, pack.ReportFile, "changed", flip(pdf, at))
		}
		change(6, pack.ReportFile, "lengthened", append(bytes.Clone(pdf), '\n'))
		change(6, pack.SealKeyFile, "changed", flip(files[pack.SealKeyFile], 200))
	}
}

func flip(data []byte, at int) []byte {
	out := bytes.Clone(data)
	out[at] ^= 1
	return out
}
