// Package retention is the part of muster.yaml that says how long what a run leaves is kept.
package retention

import "time"

// Settings are times to keep things. Zero keeps them for ever, facts for 400 days.
type Settings struct {
	Facts       time.Duration `yaml:"facts"`       // persons, accounts, entitlements, grants and links of old snapshots; at least a day
	Documents   time.Duration `yaml:"documents"`   // messages to people; decisions, actions and the like are evidence and stay
	Packs       time.Duration `yaml:"packs"`       // folders below packs in the data folder
	Commitments time.Duration `yaml:"commitments"` // what entries of the ledger commit to: who, and why
}
