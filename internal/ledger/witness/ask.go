package witness

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"muster/internal/access"
	"muster/internal/ledger"
)

// timeout bounds one question to a witness.
const timeout = 30 * time.Second

// Ask submits the Reader's checkpoint to a witness, with the proof that it continues what the witness has, and returns its cosignature.
// What the witness has is learnt by asking: no state is kept here.
func Ask(ctx context.Context, client *http.Client, url string, k Key, r *ledger.Reader) (Cosignature, error) {
	w := asking{ctx, client, strings.TrimSuffix(url, "/"), r}
	lines, size, err := w.submit(0)
	if err == nil && lines == "" { // the witness has a checkpoint already
		if size > r.Size() {
			err := fmt.Errorf("the witness saw %d entries, the log has %d", size, r.Size())
			return Cosignature{}, failed(access.Conflict, "ask "+k.Name, "the log was cut, restored from an older backup, or there is another one of this name", err)
		}
		lines, size, err = w.submit(size)
		if err == nil && lines == "" {
			err = failed(access.Conflict, "submit checkpoint", "the witness may have seen another history of this log; keep its checkpoint and this one",
				fmt.Errorf("the witness refuses the checkpoint; it has one of size %d", size))
		}
	}
	if err != nil {
		return Cosignature{}, failed(access.KindOf(err), "ask "+k.Name, access.HintOf(err), err)
	}
	body, _, err := split(r.Checkpoint())
	if err != nil {
		return Cosignature{}, failed(access.Internal, "ask "+k.Name, "", err)
	}
	return pick(lines, body, k)
}

// pick finds a witness's cosignature among signature lines; those of others are ignored.
func pick(lines, body string, k Key) (Cosignature, error) {
	for line := range strings.SplitAfterSeq(lines, "\n") {
		if k.mine(line) {
			c, err := k.check(line, body)
			if err != nil {
				return Cosignature{}, failed(access.Invalid, "check cosignature", "", err)
			}
			return c, nil
		}
	}
	return Cosignature{}, failed(access.Invalid, "check cosignature", "compare the witness's key with signing.witnesses", fmt.Errorf("the answer has no cosignature of %s", k.Name))
}

// Pick takes a witness's cosignature of the Reader's checkpoint out of signature lines that came another way, such as a file.
func Pick(lines string, k Key, r *ledger.Reader) (Cosignature, error) {
	body, _, err := split(r.Checkpoint())
	if err != nil {
		return Cosignature{}, failed(access.Internal, "read checkpoint", "", err)
	}
	return pick(lines, body, k)
}

// Join makes a cosigned checkpoint of the Reader's and cosignatures of it, and checks it against the policy.
func Join(r *ledger.Reader, all []Cosignature, p Policy) (Cosigned, error) {
	sorted := slices.Clone(all)
	place := func(c Cosignature) int {
		return slices.IndexFunc(p.Keys, func(k Key) bool { return k.Name == c.Name && k.mine(c.line) })
	}
	slices.SortFunc(sorted, func(a, b Cosignature) int { return place(a) - place(b) })
	text := r.Checkpoint()
	for _, c := range sorted {
		text += c.line
	}
	return Parse(text, r.VerifierKey(), p)
}

// asking is one witness being asked.
type asking struct {
	ctx    context.Context
	client *http.Client
	url    string
	r      *ledger.Reader
}

// submit posts the checkpoint with a proof from an old size. Without lines the witness has another size, which it tells.
func (w asking) submit(old uint64) (lines string, size uint64, err error) {
	var body strings.Builder
	fmt.Fprintf(&body, "old %d\n", old)
	if old > 0 && old < w.r.Size() {
		proof, err := tlog.ProveTree(int64(w.r.Size()), int64(old), w.r)
		if err != nil {
			return "", 0, failed(access.Invalid, "prove consistency", "run muster ledger verify", err)
		}
		for _, h := range proof {
			fmt.Fprintln(&body, h)
		}
	}
	body.WriteString("\n" + w.r.Checkpoint())
	ctx, cancel := context.WithTimeout(w.ctx, timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url+"/add-checkpoint", strings.NewReader(body.String()))
	if err != nil {
		return "", 0, failed(access.Invalid, "submit checkpoint", "", err)
	}
	res, err := w.client.Do(req)
	if err != nil {
		return "", 0, failed(access.Transient, "submit checkpoint", "", err)
	}
	defer func() { _ = res.Body.Close() }() // it is only read
	answer, err := io.ReadAll(io.LimitReader(res.Body, 1<<16))
	if err != nil {
		return "", 0, failed(access.Transient, "submit checkpoint", "", err)
	}
	switch {
	case res.StatusCode == http.StatusOK && len(answer) > 0:
		return string(answer), 0, nil
	case res.StatusCode == http.StatusConflict && strings.HasPrefix(res.Header.Get("Content-Type"), "text/x.tlog.size"):
		size, err := strconv.ParseUint(strings.TrimSuffix(string(answer), "\n"), 10, 63)
		if err != nil {
			return "", 0, failed(access.Invalid, "submit checkpoint", "", errors.New("the witness tells no size"))
		}
		return "", size, nil
	}
	return "", 0, refusal(res.StatusCode)
}

// refusal says what a status means (C2SP tlog-witness).
func refusal(status int) error {
	kind, hint := access.Invalid, ""
	switch {
	case status == http.StatusNotFound:
		kind, hint = access.NotFound, "have the witness's operator add the ledger's origin and verifier key"
	case status == http.StatusForbidden:
		kind, hint = access.Denied, "have the witness's operator compare the ledger's verifier key"
	case status == http.StatusConflict, status == http.StatusUnprocessableEntity:
		kind, hint = access.Conflict, "the witness saw another history of this log; keep its checkpoint and this one, and run muster ledger verify"
	case status == http.StatusTooManyRequests:
		kind = access.Throttled
	case status >= 500:
		kind = access.Transient
	}
	return failed(kind, "submit checkpoint", hint, fmt.Errorf("the witness answered %d %s", status, http.StatusText(status)))
}
