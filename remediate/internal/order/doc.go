// Package order keeps orders: what a person is asked to do in a system that Muster does not change itself. It is shared by the targets
// that write orders.
//
//	<folder>/<system>/<YYYY-MM-DD>/<action id>.<ext>   one order, which also holds the whole action as JSON
//	<folder>/<system>/<YYYY-MM-DD>/<listing>           all orders of that day, assembled anew from their files with each order
//
// An order is on file when its file is there and its day's listing has it: a process that dies between the two leaves an order that
// counts as not written, and the next Apply completes it. Files are written whole or not at all (package durable). Writing is
// idempotent by the action's id, on whatever day it was written first. An order that undoes another withdraws it: the listing of the
// other's day says so, so that neither is done when neither was.
//
// Days and times are UTC. Orders of a day are listed in the order of access.ActionKinds, then by time and id. A Book may be used by
// several goroutines, but by one process. Errors are *access.Error: Denied where a folder cannot be written, Conflict where a file of
// that name is somebody else's, Invalid where an action makes no order, Internal where the disk fails or is full.
package order
