// Package mend is the remediating half of a run: it ties plan, guardrails, decisions, executor and channels together, and keeps what
// they say in the store and on the ledger.
//
//	recover   what a process that died left half-done, before anything is read
//	verify    earlier actions against what tonight's complete snapshots show
//	tick      reminders, escalations, expiries
//	plan      what the run's findings call for
//	keep      records, questions and holds; from here on they stand
//	apply     what may be done
//	conclude  tell the questions what became of what they asked about
//
// In mode dry-run nothing is kept and nothing is applied: a plan is shown, and that is all. A Mender is used by one goroutine of the
// process that holds the ledger; Plan alone needs no ledger. Times are UTC: a plan's clock is the run's, a decision's the wall's.
package mend
