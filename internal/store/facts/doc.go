// Package facts joins what was loaded into what rules look at: it links accounts to persons, gathers persons into profiles,
// and streams the facts of one person after another. All of it happens in ClickHouse over snapshots; Go only merges two
// sorted streams, so memory is bounded by one person's facts and the list of entitlements.
//
// A worker id that HR lists twice is one person, the one of the lowest row. An account id that a snapshot holds twice is one
// account, that of the lowest source reference. Order is byte order throughout. Times are UTC. Functions are safe for concurrent use.
package facts
