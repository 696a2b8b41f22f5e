// Package execute carries out actions, once, whatever happens in between.
//
//	inspect   the account as it is now; what changed since the snapshot is skipped and planned again
//	intent    the record with its inverse is stored, then the ledger says that it is about to be done
//	apply     the change; between two changes the kill switch and the window are looked at
//	receipt   the ledger says what the system said and what a re-read showed, then the record
//
// Intents and receipts are written for a batch at a time, so that an fsync is paid once for many changes, and while one batch is written
// down the next is looked at or changed. A process that dies leaves records in the state applying. Recover looks at the system and either
// writes the receipt that is missing or lets the action be planned again: it never assumes. Because every change is preceded by a look and
// every target is idempotent, no action is done twice and none is lost (invariant 4).
//
// Systems are worked on at the same time, accounts of one system too, actions on one account one after the other in the order of their
// kinds. Times are UTC. Errors of systems end in the record of their action; the error of Run is for what concerns all: the ledger or the
// store cannot be written, ctx is cancelled. Nothing is done then that is not on the ledger (invariant 3).
package execute
