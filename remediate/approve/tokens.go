package approve

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"muster/internal/access"
	"muster/internal/ledger/durable"
)

// Tokens makes and checks what questions carry: the opaque value of a button, and the token that identifies one person to one question by
// another way than the channel. Both are HMAC-SHA256 (RFC 2104) under a key that never leaves the data folder.
type Tokens struct{ key []byte }

// keyBytes is the length of the key, as long as the hash (RFC 2104 §3).
const keyBytes = sha256.Size

// OpenTokens reads the key of a data folder and makes one when there is none.
func OpenTokens(dir string) (*Tokens, error) {
	path := filepath.Join(dir, "approvals.key")
	key, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		key = make([]byte, keyBytes)
		rand.Read(key) // never fails
		disk := durable.New(dir)
		if err := errors.Join(disk.Mkdir(dir), disk.Write("approvals.key", key, 0o600), disk.Flush()); err != nil {
			return nil, &access.Error{Op: "write approvals.key", Kind: access.Denied, Hint: "the data folder must be writable", Err: err}
		}
		return NewTokens(key), nil
	}
	if err != nil {
		return nil, &access.Error{Op: "read approvals.key", Kind: access.Denied, Hint: "run muster as the user who owns the data folder", Err: err}
	}
	if len(key) != keyBytes {
		return nil, &access.Error{Op: "read approvals.key", Kind: access.Invalid, Hint: "remove it: a new one is made, and buttons of old messages stop working",
			Err: fmt.Errorf("it has %d bytes instead of %d", len(key), keyBytes)}
	}
	return NewTokens(key), nil
}

// NewTokens uses a key of the caller's.
func NewTokens(key []byte) *Tokens { return &Tokens{key: key} }

// Button is the value that a button about an approval carries.
func (t *Tokens) Button(approval string) string {
	return approval + "." + t.mac("button", approval)
}

// Check gives the approval that a button's value is about.
func (t *Tokens) Check(value string) (string, error) {
	approval, mac, ok := strings.Cut(value, ".")
	if !ok || !hmac.Equal([]byte(mac), []byte(t.mac("button", approval))) {
		return "", &Refusal{Why: RefusedToken, Detail: "this button is not one of ours"}
	}
	return approval, nil
}

// Personal is a token by which one person may decide one approval until a moment.
func (t *Tokens) Personal(approval, person string, until time.Time) string {
	text := person + "\x00" + strconv.FormatInt(until.Unix(), 36)
	return base64.RawURLEncoding.EncodeToString([]byte(text + "\x00" + t.mac("person", approval, text)))
}

// Person gives the person whom a personal token of an approval identifies.
func (t *Tokens) Person(approval, token string, now time.Time) (string, error) {
	bad := &Refusal{Why: RefusedToken, Approval: approval, Detail: "the token is not one for " + approval}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(strings.TrimSpace(token)) // one token has one spelling
	if err != nil {
		return "", bad
	}
	parts := strings.Split(string(raw), "\x00")
	if len(parts) != 3 || !hmac.Equal([]byte(parts[2]), []byte(t.mac("person", approval, parts[0]+"\x00"+parts[1]))) {
		return "", bad
	}
	until, err := strconv.ParseInt(parts[1], 36, 64)
	if err != nil || now.After(time.Unix(until, 0)) {
		return "", &Refusal{Why: RefusedStale, Approval: approval, Detail: "the token has run out"}
	}
	return parts[0], nil
}

func (t *Tokens) mac(parts ...string) string {
	h := hmac.New(sha256.New, t.key)
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}
