// Package store is Muster's memory: all SQL, over one ClickHouse, be it the embedded engine or a server (clickhouse:// or https://).
//
// Facts (persons, accounts, entitlements, grants, links) belong to snapshots and expire after a configurable number of days. Evidence
// (snapshots, rejections, runs and their worlds, profiles, bundles, expectations, findings) is kept for ever, is only ever appended to, and
// is on disk before an insert is acknowledged.
//
// What is visible: a snapshot from the moment that its row in the table snapshots exists, which Loader.Commit writes last; a run's findings
// from the moment that the run is saved as completed. A process that is killed in between leaves rows that nobody sees.
// Every write can be repeated: after a transient error this package does so by itself, and stores nothing twice.
//
// Times are UTC and kept to the millisecond; a zero time is NULL. Days and moments of facts keep every year. Text is kept byte by byte.
// Order is byte order. Yield functions are called in the caller's goroutine with fresh values; their error ends the
// stream and is returned as it is. All other errors are *access.Error of system "store".
package store
