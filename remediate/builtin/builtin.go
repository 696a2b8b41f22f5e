// Package builtin is the one list of the remediation targets that Muster ships, by the kind that the configuration names. It is written
// out by hand: a target that is not in it does not exist.
package builtin

import "muster/remediate"

// Entry is one kind of target.
type Entry struct {
	New remediate.Factory
}

// Targets maps the kind to its target. Each call makes a new map.
func Targets() map[string]Entry {
	return map[string]Entry{}
}
