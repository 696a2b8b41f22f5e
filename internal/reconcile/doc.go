// Package reconcile is the nightly run: it ties collectors, store, rules, ledger and reports together and holds the logic that
// belongs to none of them alone.
//
//	collect   each source into a Snapshot, at the same time, none waiting for a slow one
//	world     choose for HR and each system the newest complete snapshot (invariant 1) and the one before
//	link      accounts to persons, in the store
//	expect    bundles per distinct profile, in the store as expectations
//	judge     stream every person's facts past the rules
//	settle    compare the hits with what stood before: new, still, resolved, reopened, unverified
//	record    the findings on the ledger first, then in the store; the run's end on the ledger, then its completed record, which makes
//	          them visible
//	report    the evidence pack from the store alone, its digest on the ledger
//
// A run that dies leaves nothing that the next one sees: snapshots without a commit record, findings without a completed run and
// entries of an unfinished run are dead. Times are UTC; the clock is the run's AsOf and never read twice.
// A Runner is used by one goroutine; it starts its own.
package reconcile
