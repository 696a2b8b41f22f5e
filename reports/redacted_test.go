package reports

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"muster/reports/evidence"
	"muster/reports/pack"
	"muster/reports/redact"
)

// staffed is a fixture whose HR knows one person.
type staffed struct{ *fixture }

func (s staffed) Population(ctx context.Context, table string, head, row func([]string) error) error {
	if table != "persons" {
		return s.fixture.Population(ctx, table, head, row)
	}
	if err := head([]string{"worker_id", "display_name"}); err != nil {
		return err
	}
	return row([]string{"W-01000", "Maja Lind"})
}

// TestAPackForOutsideIsNamedAfterNobody: neither its files, its id nor what it says of itself are made of a worker id without the key.
func TestAPackForOutsideIsNamedAfterNobody(t *testing.T) {
	f := newFixture(t, shape{findings: 30})
	var packs [2]evidence.File
	for i, key := range []string{"one key", "another"} {
		job := f.job()
		job.Kind, job.Subject, job.Name, job.Redact = "person", "W-01000", "2026-11-22-person-w-01000", []byte(key)
		p, err := Write(t.Context(), job, f.ev, staffed{f}, t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		who := redact.PersonWith([]byte(key), "W-01000")
		if base := filepath.Base(p.ZipPath); base != "2026-11-22-person-"+who+"-redacted.zip" || filepath.Base(p.PDFPath) != strings.TrimSuffix(base, ".zip")+".pdf" {
			t.Errorf("the files are called %s and %s", p.ZipPath, p.PDFPath)
		}
		file, err := evidence.Decode(unzip(t, p.ZipPath)[pack.EvidenceFile])
		if err != nil {
			t.Fatal(err)
		}
		if whole := packID("person", f.ev.Run.ID, "W-01000"); file.Subject != who+", with pseudonyms" || file.Pack == whole || file.Scope.Redacted.Of == whole {
			t.Errorf("%s is pack %s of %+v; the one with names is %s", file.Subject, file.Pack, file.Scope.Redacted, whole)
		}
		packs[i] = file
	}
	if packs[0].Scope.Redacted.Of == packs[1].Scope.Redacted.Of || packs[0].Pack == packs[1].Pack {
		t.Errorf("with another key the pack is of the same: %+v", packs[0].Scope.Redacted)
	}
}

// TestAPackForOutsideLeavesOutLaterEntries: ids of decisions, actions and requests are made of whom they are about, and stand in the ledger's later entries.
func TestAPackForOutsideLeavesOutLaterEntries(t *testing.T) {
	f := newFixture(t, shape{findings: 30})
	var zips [2][]byte
	for i := range zips {
		job := f.job()
		job.Redact = []byte("key")
		p, err := Write(t.Context(), job, f.ev, staffed{f}, t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		if zips[i], err = os.ReadFile(p.ZipPath); err != nil {
			t.Fatal(err)
		}
		for name, text := range unzip(t, p.ZipPath) {
			if strings.HasPrefix(name, pack.LaterProofFolder) {
				t.Errorf("%s is in the pack", name)
			}
			for _, id := range []string{"A-3F6H8J1L", "D-5X2R8T1W", "RQ-7QK2M4ZD", "RX-4D7G2J5M", f.findings[0].ID, f.findings[0].Fingerprint, "W-01442", "Maja Str", "MLIND"} {
				if bytes.Contains(text, []byte(id)) {
					t.Errorf("%s says %s: %q", name, id, text[max(0, bytes.Index(text, []byte(id))-90):bytes.Index(text, []byte(id))+20])
				}
			}
		}
	}
	if !bytes.Equal(zips[0], zips[1]) {
		t.Error("rendered again it is another")
	}
	if f.ev.Later == nil || len(f.ev.Exceptions) == 0 || f.ev.Exceptions[0].Subject != "MLIND" {
		t.Error("what the caller has was changed")
	}
}
