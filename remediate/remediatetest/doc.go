// Package remediatetest holds what tests of the remediating half need: a system in memory with its target, records in memory, and a tape
// of what happened in which order across ledger, records and system.
//
// A System does what the contract of remediate.Target asks: it re-reads, it compares and sets, it changes nothing twice. It can be told
// to fail before or after it did what it was asked, to show its changes late, and to be changed behind the target's back. Records refuse
// two different documents of one version, which would lose one of them. Everything is safe for concurrent use. Times are UTC.
package remediatetest
