// Package ocsf tells findings, actions and ledger entries as events of the Open Cybersecurity Schema Framework, version 1.3.0, one JSON
// object a line (NDJSON), for a SIEM.
//
// A finding is a Compliance Finding [2003]: created, updated or closed by the run. An action with its receipt is an Account Change
// [3001], a User Access Management [3005] or a Group Management [3006]. A ledger entry is a Base Event [0] that carries the exact bytes
// that the ledger hashed, save for the entry of one finding, which is a Compliance Finding again. No profile is used. What has no place
// in a class stands below "unmapped", with Muster's own names.
//
// Events come in the order of the stream, and the same stream gives the same bytes. Times are milliseconds since 1970 in UTC. Text that
// is not UTF-8 gets replacement characters. Nothing is buffered beyond one event.
package ocsf
