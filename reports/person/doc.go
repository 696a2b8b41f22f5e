// Package person builds the report that answers "why does this person have that?": who they are by HR and how that changed, which accounts are
// believed to be theirs and why, and for each entitlement its path, since when it is held, on what basis, under which rules, when it was last used,
// what was found about it, and what was taken away or given by whose decision.
//
// Sum makes the Model, plain data, of Facts; Document makes the report of the Model and nothing else; the annexes are written row by row. All are
// pure. Times are UTC. Other persons are named where they acted on this one's access, or manage them, and nowhere else.
package person
