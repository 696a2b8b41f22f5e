// Package controls builds the report that goes through the controls of the frameworks one by one: what each asks in our words, what Muster does for it
// and how often it did, on which population, which rules test it, what they found in a period, and what can be concluded.
//
// Sum makes the Model, plain data, of Facts; Document makes the report of the Model and nothing else; the annexes are written row by row. All are
// pure. Times are UTC. A conclusion says whether deviations were noted; it never says that somebody complies.
package controls
