// Package retention is the part of muster.yaml that says how long what a run leaves is kept.
package retention

import (
	"strings"
	"time"
)

// Settings are times to keep things, of a day at least. Zero keeps them for ever, facts for 400 days.
type Settings struct {
	Facts       time.Duration `yaml:"facts"`       // persons, accounts, entitlements, grants and links of old snapshots
	Documents   time.Duration `yaml:"documents"`   // messages to people; decisions, actions and the like are evidence and stay
	Packs       time.Duration `yaml:"packs"`       // folders below packs in the data folder
	Commitments time.Duration `yaml:"commitments"` // what entries of the ledger commit to: who, and why
}

// day is the unit of all that is kept, and the least that can be said.
const day = 24 * time.Hour

// Short names the keys that say less than a day: it would be gone before the next night. given is what the file says of a key, empty for nothing.
func (s Settings) Short(given func(key string) string) []string {
	var out []string
	for _, k := range []struct {
		key  string
		keep time.Duration
	}{{"facts", s.Facts}, {"documents", s.Documents}, {"packs", s.Packs}, {"commitments", s.Commitments}} {
		if k.keep < day && (k.keep != 0 || nought(given(k.key))) {
			out = append(out, k.key)
		}
	}
	return out
}

// nought reports whether a text is a duration of nothing, such as 0d; one that cannot be read comes out as nothing too, and was told already.
func nought(text string) bool { return text != "" && strings.Trim(text, "0dhms") == "" }

// FactsDays is how many days facts are kept, a part of a day as a whole one; 0 is the default.
func (s Settings) FactsDays() int { return int((s.Facts + day - 1) / day) }
