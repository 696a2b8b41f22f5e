package reports

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"muster/internal/ledger"
	"muster/internal/ledger/witness"
	"muster/reports/pack"
	"muster/reports/pack/check"
)

// receipt enters a pack on the fixture's ledger and leaves its receipt beside it.
func receipt(t *testing.T, f *fixture, p Pack) ledger.Proof {
	t.Helper()
	l, err := ledger.Open(f.dir, ledger.Options{Origin: "muster.example/acme", Now: func() time.Time { return asOf }})
	if err != nil {
		t.Fatal(err)
	}
	index, err := l.Append(t.Context(), ledger.Event{Type: ledger.Pack, Run: f.ev.Run.ID, Data: map[string]any{"pack": p.ID, "sha256": p.Digest}})
	if cerr := l.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		t.Fatal(err)
	}
	proof, err := ledger.Prove(f.dir, index)
	if err != nil {
		t.Fatal(err)
	}
	beside(t, p, pack.ReceiptSuffix, proof.String())
	return proof
}

func beside(t *testing.T, p Pack, suffix, text string) {
	t.Helper()
	if err := os.WriteFile(p.ZipPath+suffix, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// cosigner is a witness (C2SP tlog-cosignature, Ed25519).
func cosigner(t *testing.T, name string) (witness.Key, func(checkpoint string) string) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	raw := append([]byte{4}, public...)
	id := sha256.Sum256([]byte(name + "\n" + string(raw)))
	k, err := witness.ParseKey(fmt.Sprintf("%s+%x+%s", name, id[:4], base64.StdEncoding.EncodeToString(raw)))
	if err != nil {
		t.Fatal(err)
	}
	return k, func(checkpoint string) string {
		body := checkpoint[:strings.Index(checkpoint, "\n\n")+1]
		signed := binary.BigEndian.AppendUint64(bytes.Clone(id[:4]), uint64(asOf.Unix()))
		signed = append(signed, ed25519.Sign(private, fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", asOf.Unix(), body))...)
		return "— " + name + " " + base64.StdEncoding.EncodeToString(signed) + "\n"
	}
}

// TestAReceiptIsOfThisPackAndNoOther, and without one the step says so.
func TestAReceiptIsOfThisPackAndNoOther(t *testing.T) {
	f, p := render(t, shape{findings: 5})
	rep, err := Verify(t.Context(), p.ZipPath, "")
	if err != nil || rep.OK() || unchecked(rep) != "receipt" || !strings.Contains(rep.Summary(), "there is no .tlog-proof beside the pack") {
		t.Errorf("without a receipt: %v, %s", err, rep.Summary())
	}
	rep.Steps = append(rep.Steps, check.OnLedger(t.Context(), rep, f.dir)...) // a ledger without the digest does not stand in for it
	if !rep.Differs() || rep.OK() {
		t.Errorf("with a ledger that does not have the pack: %s", rep.Summary())
	}
	receipt(t, f, p)
	if rep, err := Verify(t.Context(), p.ZipPath, ""); err != nil || !rep.OK() {
		t.Errorf("with it: %v, %s", err, rep.Summary())
	}
	if err := os.Remove(p.ZipPath + pack.ReceiptSuffix); err != nil {
		t.Fatal(err)
	}
	rep, err = Verify(t.Context(), p.ZipPath, "")
	if rep.Steps = append(rep.Steps, check.OnLedger(t.Context(), rep, f.dir)...); err != nil || !rep.OK() {
		t.Errorf("with the ledger in its place: %v, %s", err, rep.Summary())
	}
	rep, err = Verify(t.Context(), p.ZipPath, string(public(t, f.ev.Trust).Ring))
	if open := unchecked(rep); err != nil || open != "checkpoint, receipt" {
		t.Errorf("with the keyring alone: %v, %s", err, open)
	}
	if rep.Steps = append(rep.Steps, check.OnLedger(t.Context(), rep, f.dir)...); !rep.OK() {
		t.Errorf("with the keyring and the ledger: %s", rep.Summary())
	}
	_, other := render(t, shape{findings: 3})
	proof := receipt(t, f, other)
	beside(t, p, pack.ReceiptSuffix, proof.String())
	if rep, err := Verify(t.Context(), p.ZipPath, ""); err == nil || !strings.Contains(told(rep), "the zip file: its SHA-256 is") {
		t.Errorf("with another's: %v", err)
	}
	beside(t, p, pack.ReceiptSuffix, strings.Repeat("x", 2<<20))
	if _, err := Verify(t.Context(), p.ZipPath, ""); err == nil {
		t.Error("with an endless one")
	}
}

// TestWitnessesOfTheReceipt: one of the given ones must have cosigned its checkpoint, which must continue the pack's own.
func TestWitnessesOfTheReceipt(t *testing.T) {
	f, p := render(t, shape{findings: 30})
	proof := receipt(t, f, p)
	one, sign := cosigner(t, "one.example")
	two, other := cosigner(t, "two.example")
	none, _ := cosigner(t, "none.example")
	r, err := ledger.Read(f.dir)
	if err != nil {
		t.Fatal(err)
	}
	newer := f.ev.Ledger.Checkpoint
	if f.ev.Later != nil {
		newer = f.ev.Later.Checkpoint
	}
	growth, err := r.ProveConsistency(newer)
	if err != nil {
		t.Fatal(err)
	}
	at := proof.Checkpoint
	elsewhere := strings.Replace(at, "acme\n", "acmf\n", 1)
	for _, c := range []struct {
		name, lines, growth string
		keys                []witness.Key
		state               check.State
		says                string
	}{
		{"both", sign(at) + other(at), growth.Text(), []witness.Key{one, two, none}, check.Verified, "2 of the 3 given keys cosigned"},
		{"one", sign(at) + other(at), growth.Text(), []witness.Key{two}, check.Verified, "1 of the 1 given keys cosigned"},
		{"nobody that is known", sign(at), growth.Text(), []witness.Key{none}, check.Differs, "none of the 1 given keys cosigned"},
		{"nobody", "", growth.Text(), []witness.Key{one}, check.Differs, "muster ledger receipt"},
		{"another checkpoint", sign(elsewhere), growth.Text(), []witness.Key{one}, check.Differs, "is not by its key over this checkpoint"},
		{"one that does not hold beside one that does", sign(elsewhere) + other(at), growth.Text(), []witness.Key{one, two}, check.Differs, "the cosignature of one.example"},
		{"without the proof that it grew", sign(at), "", []witness.Key{one}, check.NotChecked, "another history"},
		{"with a proof of something else", sign(at), strings.Replace(growth.Text(), growth.Text()[:8], "AAAAAAAA", 1), []witness.Key{one}, check.Differs, ".tlog-growth"},
	} {
		proof.Checkpoint = at + c.lines
		beside(t, p, pack.ReceiptSuffix, proof.String())
		if err := os.RemoveAll(p.ZipPath + pack.GrowthSuffix); err != nil {
			t.Fatal(err)
		}
		if c.growth != "" {
			beside(t, p, pack.GrowthSuffix, c.growth)
		}
		rep, err := Verify(t.Context(), p.ZipPath, "", c.keys...)
		s := rep.Steps[len(rep.Steps)-1]
		if (err != nil) != (c.state == check.Differs) || s.State != c.state || !strings.Contains(s.Name+" "+strings.Join(s.Details, " "), c.says) || s.Short() != "witnesses" {
			t.Errorf("%s: %v\n%+v", c.name, err, s)
		}
	}
	if err := os.Remove(p.ZipPath + pack.ReceiptSuffix); err != nil {
		t.Fatal(err)
	}
	if rep, err := Verify(t.Context(), p.ZipPath, "", one); err == nil {
		t.Errorf("without a receipt: %s", rep.Summary())
	}
}
