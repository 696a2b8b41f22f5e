// Package builtin is the one list of the remediation targets that Muster ships, by the kind that the configuration names. It is
// written out by hand: a target that is not in it does not exist.
package builtin

import (
	"muster/remediate"
	"muster/remediate/csv"
	"muster/remediate/ldap"
	"muster/remediate/postgres"
	"muster/remediate/scim"
	"muster/remediate/unix"
)

// Entry is one kind of target.
type Entry struct {
	New remediate.Factory
}

// Targets maps the kind to its target. Each call makes a new map. The kinds are those of the collectors, so that a system that does not
// name its target has that of its collector.
func Targets() map[string]Entry {
	return map[string]Entry{
		"csv":      {New: csv.New},
		"ldap":     {New: ldap.New},
		"postgres": {New: postgres.New},
		"scim":     {New: scim.New},
		"unix":     {New: unix.New},
	}
}
