// Package sod builds the report on segregation of duties: the ruleset and how it changed, how much of what systems grant is mapped to a function, the proof that the
// rules fire on violations that were made for the purpose and stay silent otherwise, the conflicts that people have, and what was accepted.
//
// Sum makes the Model, plain data, of Facts; Document makes the report of the Model and nothing else; Conflicts, Mapping and Seeds write the annexes. All are pure. Times
// are UTC. To hold all functions of a conflict is to be able to exercise it; whether it was exercised is told only as far as the last use of the accounts shows.
package sod
