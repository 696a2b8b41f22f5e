package witness

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"muster/internal/access"
	"muster/internal/ledger"
)

// fake is a witness written from C2SP tlog-witness and tlog-cosignature: it keeps the latest checkpoint of one log.
type fake struct {
	name     string
	key      ed25519.PrivateKey
	verifier string // the log's
	mu       sync.Mutex
	size     uint64
	root     tlog.Hash
	spoil    func(string) string // of the answer
	noise    string              // lines of others
}

func newFake(t *testing.T, name, verifier string) *fake {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &fake{name: name, key: key, verifier: verifier}
}

func (f *fake) id() []byte {
	sum := sha256.Sum256(append([]byte(f.name+"\n\x04"), f.key.Public().(ed25519.PublicKey)...))
	return sum[:4]
}

func (f *fake) vkey() string {
	return fmt.Sprintf("%s+%x+%s", f.name, f.id(), base64.StdEncoding.EncodeToString(append([]byte{4}, f.key.Public().(ed25519.PublicKey)...)))
}

func (f *fake) line(body string, at time.Time) string {
	raw := binary.BigEndian.AppendUint64(append([]byte{}, f.id()...), uint64(at.Unix()))
	raw = append(raw, ed25519.Sign(f.key, fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", at.Unix(), body))...)
	return "— " + f.name + " " + base64.StdEncoding.EncodeToString(raw) + "\n"
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	all, err := io.ReadAll(r.Body)
	head, note, ok := strings.Cut(string(all), "\n\n")
	lines := strings.Split(head, "\n")
	size, found := strings.CutPrefix(lines[0], "old ")
	old, nerr := strconv.ParseUint(size, 10, 63)
	if err != nil || !ok || !found || nerr != nil || r.Method != http.MethodPost || r.URL.Path != "/w/add-checkpoint" || len(lines) > 64 {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	c, err := ledger.ParseCheckpoint(note, f.verifier)
	if err != nil {
		w.WriteHeader(map[bool]int{true: http.StatusForbidden, false: http.StatusNotFound}[strings.HasPrefix(note, strings.Split(f.verifier, "+")[0]+"\n")])
		return
	}
	if old > c.Size {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if old != f.size || old == c.Size && old > 0 && c.Root != f.root {
		w.Header().Set("Content-Type", "text/x.tlog.size")
		w.WriteHeader(http.StatusConflict)
		fmt.Fprintf(w, "%d\n", f.size)
		return
	}
	var proof tlog.TreeProof
	for _, l := range lines[1:] {
		h, err := tlog.ParseHash(l)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		proof = append(proof, h)
	}
	if old == 0 && len(proof) > 0 || old > 0 && old < c.Size && tlog.CheckTree(proof, int64(c.Size), c.Root, int64(old), f.root) != nil {
		w.WriteHeader(http.StatusUnprocessableEntity)
		return
	}
	f.size, f.root = c.Size, c.Root
	answer := f.noise + f.line(note[:strings.LastIndex(note, "\n\n")+1], time.Now())
	if f.spoil != nil {
		answer = f.spoil(answer)
	}
	fmt.Fprint(w, answer)
}

// grow opens a log and enters events.
func grow(t *testing.T, dir string, n int) *ledger.Reader {
	t.Helper()
	l, err := ledger.Open(dir, ledger.Options{Origin: "muster.example/acme", Now: time.Now, Rand: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	for range n {
		if _, err := l.Append(context.Background(), ledger.Event{Type: "other", Run: "R", Data: map[string]any{"n": n}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := ledger.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func serve(t *testing.T, f *fake) (string, Key) {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("/w/", f)
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	k, err := ParseKey(f.vkey())
	if err != nil {
		t.Fatal(err)
	}
	return s.URL + "/w/", k
}

func TestWitnessesCosignALogThatGrows(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ledger")
	r := grow(t, dir, 3)
	one, two := newFake(t, "witness.example/w1", r.VerifierKey()), newFake(t, "other.example", r.VerifierKey())
	one.noise = two.line("something else\n", time.Now())
	url1, key1 := serve(t, one)
	url2, key2 := serve(t, two)
	p := Policy{Keys: []Key{key1, key2}, Threshold: 2}
	for step := range 5 {
		if step > 0 {
			r = grow(t, dir, step*7)
		}
		var all []Cosignature
		for _, w := range []struct {
			url string
			key Key
		}{{url2, key2}, {url1, key1}} {
			c, err := Ask(t.Context(), http.DefaultClient, w.url, w.key, r)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, c)
		}
		c, err := Join(r, all, p)
		if err != nil || len(c.By) != 2 || c.By[0].Name != "witness.example/w1" || c.Size != r.Size() || time.Since(c.By[0].Time) > time.Minute {
			t.Fatalf("%v %+v", err, c)
		}
		if again, err := Ask(t.Context(), http.DefaultClient, url1, key1, r); err != nil || again.Name != key1.Name {
			t.Errorf("the same checkpoint once more: %v", err)
		}
		if _, err := Join(r, all[:1], p); access.KindOf(err) != access.Invalid || !strings.Contains(err.Error(), "1 of the known witnesses cosigned it, 2 are needed") {
			t.Errorf("too few: %v", err)
		}
		if step == 0 {
			everyByteMatters(t, c, r.VerifierKey(), p)
		}
	}
}

func everyByteMatters(t *testing.T, c Cosigned, verifier string, p Policy) {
	t.Helper()
	for at := range c.Text {
		for bit := range 8 {
			changed := []byte(c.Text)
			changed[at] ^= 1 << bit
			if _, err := Parse(string(changed), verifier, p); access.KindOf(err) != access.Invalid {
				t.Errorf("byte %d ^ %d: %v", at, 1<<bit, err)
			}
		}
	}
	lines := strings.SplitAfter(c.Text, "\n")
	own, w1, w2 := lines[4], lines[5], lines[6]
	head := strings.Join(lines[:4], "")
	for name, text := range map[string]string{
		"turned round": head + own + w2 + w1, "twice": head + own + w1 + w1, "no log": head + w1 + w2, "log last": head + w1 + w2 + own,
		"a stranger": c.Text + "— stranger.example AAAAAAAA\n", "cut": c.Text[:len(c.Text)-1], "more": c.Text + "\n", "nothing": "", "no lines": head,
	} {
		loose := Policy{Keys: p.Keys}
		if _, err := Parse(text, verifier, loose); access.KindOf(err) != access.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got, err := Parse(head+own, verifier, Policy{Keys: p.Keys}); err != nil || len(got.By) != 0 {
		t.Errorf("without witnesses: %v", err)
	}
}

func TestAWitnessSeesAnotherHistory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ledger")
	r := grow(t, dir, 5)
	w := newFake(t, "witness.example/w1", r.VerifierKey())
	url, key := serve(t, w)
	if _, err := Ask(t.Context(), http.DefaultClient, url, key, r); err != nil {
		t.Fatal(err)
	}
	root := w.root
	w.root[3] ^= 1 // as if it had seen another tree of this size
	if _, err := Ask(t.Context(), http.DefaultClient, url, key, r); access.KindOf(err) != access.Conflict {
		t.Errorf("another root of the same size: %v", err)
	}
	r = grow(t, dir, 2)
	if _, err := Ask(t.Context(), http.DefaultClient, url, key, r); access.KindOf(err) != access.Conflict || access.HintOf(err) == "" {
		t.Errorf("a fork: %v", err)
	}
	w.root, w.size = root, 50
	if _, err := Ask(t.Context(), http.DefaultClient, url, key, r); access.KindOf(err) != access.Conflict || !strings.Contains(err.Error(), "saw 50 entries, the log has 7") {
		t.Errorf("a cut log: %v", err)
	}
	w.root, w.size = root, 5
	w.spoil = func(s string) string { return strings.Replace(s, "A", "B", 1) }
	if _, err := Ask(t.Context(), http.DefaultClient, url, key, r); access.KindOf(err) != access.Invalid {
		t.Errorf("a spoilt answer: %v", err)
	}
	w.spoil, w.verifier = nil, "muster.example/other"+strings.TrimPrefix(w.verifier, "muster.example/acme")
	if _, err := Ask(t.Context(), http.DefaultClient, url, key, r); access.KindOf(err) != access.NotFound {
		t.Errorf("an unknown log: %v", err)
	}
	if _, err := Ask(t.Context(), http.DefaultClient, "http://127.0.0.1:1", key, r); access.KindOf(err) != access.Transient {
		t.Errorf("nobody there: %v", err)
	}
}

func TestWitnessKeysHaveOneSpelling(t *testing.T) {
	good := newFake(t, "w.example", "").vkey()
	for at := range good {
		changed := []byte(good)
		changed[at] ^= 1
		if _, err := ParseKey(string(changed)); access.KindOf(err) != access.Invalid {
			t.Errorf("byte %d: %v", at, err)
		}
	}
	for _, bad := range []string{"", "a", "a+b", "+00000000+BA==", good + " ", "muster.example/acme+2f5f2a3c+AQ=="} {
		if _, err := ParseKey(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
