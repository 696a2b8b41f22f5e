// Package builtin is the one list of the collectors that Muster ships, by the kind that the configuration names. It is written
// out by hand: a collector that is not in it does not exist.
package builtin

import (
	"muster/collectors"
	"muster/collectors/csv"
	"muster/collectors/hr"
	"muster/collectors/ldap"
	"muster/collectors/postgres"
	"muster/collectors/scim"
	"muster/collectors/unix"
)

// Entry is one kind of collector.
type Entry struct {
	New     collectors.Factory
	Version string // of the collector, part of the evidence
}

// Collectors maps the kind to its collector. Each call makes a new map.
func Collectors() map[string]Entry {
	return map[string]Entry{
		"csv":      {New: csv.New, Version: csv.Version},
		"hr":       {New: hr.New, Version: hr.Version},
		"ldap":     {New: ldap.New, Version: ldap.Version},
		"postgres": {New: postgres.New, Version: postgres.Version},
		"scim":     {New: scim.New, Version: scim.Version},
		"unix":     {New: unix.New, Version: unix.Version},
	}
}
