package span

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"muster/internal/ledger"
)

// grown makes a log with n entries and gives a reader of it.
func grown(tb testing.TB, n int) *ledger.Reader {
	tb.Helper()
	l, err := ledger.Open(tb.TempDir(), ledger.Options{Origin: "muster.example/acme"})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = l.Close() })
	events := make([]ledger.Event, n)
	for i := range events {
		events[i] = ledger.Event{Type: ledger.Receipt, Data: fmt.Sprint("receipt ", i)}
	}
	if _, err := l.Append(context.Background(), events...); err != nil {
		tb.Fatal(err)
	}
	r, err := l.Reader()
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// leaves reads a range.
func leaves(tb testing.TB, r *ledger.Reader, first, last uint64) (list [][]byte) {
	tb.Helper()
	for raw, err := range r.Leaves(context.Background(), first, last) {
		if err != nil {
			tb.Fatal(err)
		}
		list = append(list, raw)
	}
	return list
}

func from(list [][]byte) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for _, raw := range list {
			if !yield(raw, nil) {
				return
			}
		}
	}
}

// TestEveryRangeOfSmallLogs proves every range of logs of every size up to 40, in both forms.
func TestEveryRangeOfSmallLogs(t *testing.T) {
	for size := 1; size <= 40; size += 1 + size/12 {
		r := grown(t, size)
		for first := range uint64(size) {
			for last := first; last < uint64(size); last++ {
				p, err := Prove(r, first, last)
				if err != nil {
					t.Fatal(err)
				}
				fromText, err := Parse(p.String())
				if err != nil {
					t.Fatal(err)
				}
				fromBytes, err := ParseBytes(p.Bytes())
				if err != nil || fromBytes.String() != fromText.String() {
					t.Fatalf("%v: %v", p, err)
				}
				c, err := fromBytes.Verify(r.Leaves(t.Context(), first, last), r.VerifierKey())
				if err != nil || c.Text != r.Checkpoint() {
					t.Fatalf("%d to %d of %d: %v\n%s", first, last, size, err, c.Text)
				}
			}
		}
	}
}

// TestNothingChangedIsProven changes one thing at a time: an entry, their order, their number, the range, a hash, the signature, the key.
func TestNothingChangedIsProven(t *testing.T) {
	r := grown(t, 1000)
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 40 {
		first := rnd.Uint64N(900)
		last := first + 1 + rnd.Uint64N(990-first)
		p, err := Prove(r, first, last)
		if err != nil {
			t.Fatal(err)
		}
		list := leaves(t, r, first, last)
		if _, err := p.Verify(from(list), r.VerifierKey()); err != nil {
			t.Fatal(err)
		}
		i := rnd.IntN(len(list) - 1)
		flipped := slices.Clone(list)
		flipped[i] = bytes.Replace(list[i], []byte("receipt"), []byte("Receipt"), 1)
		swapped := slices.Clone(list)
		swapped[i], swapped[i+1] = swapped[i+1], swapped[i]
		h := rnd.IntN(len(p.Hashes))
		for name, change := range map[string]func(p Proof) (Proof, [][]byte){
			"an entry":           func(p Proof) (Proof, [][]byte) { return p, flipped },
			"the order":          func(p Proof) (Proof, [][]byte) { return p, swapped },
			"one less":           func(p Proof) (Proof, [][]byte) { return p, list[1:] },
			"one more":           func(p Proof) (Proof, [][]byte) { return p, append(slices.Clone(list), list[0]) },
			"one twice":          func(p Proof) (Proof, [][]byte) { return p, slices.Insert(slices.Clone(list), i, list[i]) },
			"the first":          func(p Proof) (Proof, [][]byte) { p.First++; return p, list[1:] },
			"the last":           func(p Proof) (Proof, [][]byte) { p.Last--; return p, list[:len(list)-1] },
			"the place":          func(p Proof) (Proof, [][]byte) { p.First, p.Last = p.First+1, p.Last+1; return p, list },
			"the size":           func(p Proof) (Proof, [][]byte) { p.Size++; return p, list },
			"a smaller log":      func(p Proof) (Proof, [][]byte) { p.Size--; return p, list },
			"a hash":             func(p Proof) (Proof, [][]byte) { p.Hashes[h][rnd.IntN(32)] ^= 1; return p, list },
			"a hash less":        func(p Proof) (Proof, [][]byte) { p.Hashes = p.Hashes[1:]; return p, list },
			"a hash more":        func(p Proof) (Proof, [][]byte) { p.Hashes = append(p.Hashes, tlog.Hash{}); return p, list },
			"the signature":      func(p Proof) (Proof, [][]byte) { p.Signature[rnd.IntN(64)] ^= 4; return p, list },
			"an upside-down one": func(p Proof) (Proof, [][]byte) { p.First, p.Last = p.Last, p.First; return p, list },
		} {
			wrong := p
			wrong.Hashes = slices.Clone(p.Hashes)
			wrong, entries := change(wrong)
			if _, err := wrong.Verify(from(entries), r.VerifierKey()); err == nil {
				t.Errorf("%d to %d: %s is not noticed", first, last, name)
			}
		}
		if _, err := p.Verify(from(list), grown(t, 1).VerifierKey()); err == nil {
			t.Error("another log's key is taken")
		}
	}
}

func TestRangeBeyondTheLog(t *testing.T) {
	r := grown(t, 10)
	for _, c := range [][2]uint64{{0, 10}, {10, 10}, {5, 4}, {1 << 62, 1 << 62}} {
		if _, err := Prove(r, c[0], c[1]); err == nil {
			t.Errorf("%v was proven", c)
		}
	}
}

func FuzzParse(f *testing.F) {
	r := grown(f, 700)
	for _, c := range [][2]uint64{{0, 699}, {3, 500}, {255, 256}} {
		p, err := Prove(r, c[0], c[1])
		if err != nil {
			f.Fatal(err)
		}
		f.Add(p.String(), p.Bytes())
	}
	f.Fuzz(func(t *testing.T, text string, data []byte) {
		for _, p := range parsed(t, text, data) {
			if p.Last-p.First > 1000 || p.Last >= r.Size() {
				continue
			}
			c, err := p.Verify(r.Leaves(t.Context(), p.First, p.Last), r.VerifierKey())
			if err == nil && c.Text != r.Checkpoint() {
				t.Errorf("a range is proven under %s", c.Text)
			}
		}
	})
}

// parsed reads both forms, which must have one spelling each.
func parsed(t *testing.T, text string, data []byte) (list []Proof) {
	if p, err := Parse(text); err == nil {
		if p.String() != text {
			t.Errorf("%q is spelt %q", text, p.String())
		}
		list = append(list, p)
	}
	if p, err := ParseBytes(data); err == nil {
		if !bytes.Equal(p.Bytes(), data) {
			t.Errorf("%q is spelt %q", data, p.Bytes())
		}
		list = append(list, p)
	}
	return list
}
