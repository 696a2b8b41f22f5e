package approve_test

import (
	"bytes"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"muster/internal/access"
	"muster/remediate/approve"
)

func TestTokensAreOfOneKeyQuestionPersonAndTime(t *testing.T) {
	ours, theirs := approve.NewTokens(bytes.Repeat([]byte{1}, 32)), approve.NewTokens(bytes.Repeat([]byte{2}, 32))
	until := monday.Add(time.Hour)
	good := ours.Personal("AP-1", "W-2", until)
	if who, err := ours.Person("AP-1", " "+good+"\n", monday); err != nil || who != "W-2" {
		t.Errorf("the token is of %q: %v", who, err)
	}
	raw, _ := base64.RawURLEncoding.DecodeString(good)
	forged := base64.RawURLEncoding.EncodeToString(bytes.Replace(raw, []byte("W-2"), []byte("W-5"), 1))
	parts := bytes.Split(raw, []byte{0})
	longer := base64.RawURLEncoding.EncodeToString(bytes.Join([][]byte{parts[0], []byte("zzzzzzz"), parts[2]}, []byte{0}))
	for name, c := range map[string]struct {
		approval, token string
		now             time.Time
		why             approve.RefusalKind
	}{
		"another question": {"AP-2", good, monday, approve.RefusedToken},
		"another key":      {"AP-1", theirs.Personal("AP-1", "W-2", until), monday, approve.RefusedToken},
		"another person":   {"AP-1", forged, monday, approve.RefusedToken},
		"a later end":      {"AP-1", longer, monday, approve.RefusedToken},
		"a button":         {"AP-1", ours.Button("AP-1"), monday, approve.RefusedToken},
		"nothing":          {"AP-1", "", monday, approve.RefusedToken},
		"cut":              {"AP-1", good[:len(good)-4], monday, approve.RefusedToken},
		"run out":          {"AP-1", good, until.Add(time.Second), approve.RefusedStale},
	} {
		t.Run(name, func(t *testing.T) {
			who, err := ours.Person(c.approval, c.token, c.now)
			if why := refusedFor(t, err); why != c.why || who != "" {
				t.Errorf("it is of %q, refused for %q", who, why)
			}
		})
	}
	for name, value := range map[string]string{"another key": theirs.Button("AP-1"), "nothing": "", "no mac": "AP-1", "an empty mac": "AP-1.", "a personal token": good,
		"another question": strings.Replace(ours.Button("AP-1"), "AP-1", "AP-2", 1)} {
		if about, err := ours.Check(value); err == nil {
			t.Errorf("%s passes for a button about %q", name, about)
		}
	}
	if about, err := ours.Check(ours.Button("AP-1")); err != nil || about != "AP-1" {
		t.Errorf("our own button is about %q: %v", about, err)
	}
}

func TestTheKeyIsMadeOnceAndKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	first, err := approve.OpenTokens(dir)
	if err != nil {
		t.Fatal(err)
	}
	again, err := approve.OpenTokens(dir)
	if err != nil || first.Button("AP-1") != again.Button("AP-1") {
		t.Errorf("another key the second time: %v", err)
	}
	path := filepath.Join(dir, "approvals.key")
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's file is %v: %v", info.Mode(), err)
	}
	if err := os.WriteFile(path, []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := approve.OpenTokens(dir); access.KindOf(err) != access.Invalid {
		t.Errorf("a key of five bytes: %v", err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := approve.OpenTokens(dir); err == nil || strings.Contains(err.Error(), "short") {
		t.Errorf("an empty key: %v", err)
	}
}
