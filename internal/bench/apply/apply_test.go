package apply

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"muster/internal/ledger"
	"muster/internal/testserver/scimmy"
	"muster/internal/testserver/slapd"
	"muster/remediate/remediatetest"
)

// TestBareClientsSendWhatTheTargetsSend fails when a target asks more, or less, of a server than the client that it is compared with.
func TestBareClientsSendWhatTheTargetsSend(t *testing.T) {
	for _, c := range []struct {
		name  string
		stand func(context.Context, string) (*Stand, func(), error)
	}{{"scim", SCIM}, {"ldap", LDAP}} {
		t.Run(c.name, func(t *testing.T) {
			s, stop, err := c.stand(t.Context(), t.TempDir())
			if missing := errors.Is(err, scimmy.ErrMissing) || errors.Is(err, slapd.ErrMissing); missing && os.Getenv("CI") != "true" {
				t.Skip(err)
			}
			if err != nil {
				t.Fatal(err)
			}
			defer stop()
			log, err := ledger.Open(t.TempDir(), ledger.Options{Origin: "muster.example/bench"})
			if err != nil {
				t.Fatal(err)
			}
			defer log.Close() //nolint:errcheck // what it holds is looked at by nobody
			each, err := s.compare(t.Context(), &Options{Records: &remediatetest.Records{}, Ledger: log, Sample: 20, Watch: func() func() (float64, float64) {
				return func() (float64, float64) { return 0, 0 }
			}})
			if err != nil {
				t.Fatal(err)
			}
			if each < 4 { // to look, to look again, to change, to read again
				t.Errorf("%.1f requests an action", each)
			}
		})
	}
}

func TestRequestsThatDifferAreNamed(t *testing.T) {
	for _, c := range []struct {
		name       string
		ours, bare []string
		want       string
	}{
		{"same in another order", []string{"a", "b", "a"}, []string{"a", "a", "b"}, ""},
		{"one more", []string{"a", "a"}, []string{"a"}, "+1 of a"},
		{"one less", []string{"a"}, []string{"a", "b"}, "-1 of b"},
		{"none", nil, nil, "no request"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := same(c.ours, c.bare)
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}
