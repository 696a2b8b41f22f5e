// Package evidence is the model of an evidence pack: everything that its PDF says, and nothing that it would have to look up.
// The model is written as evidence.json into the pack, so that a reader or a program can compare it with the annexes.
//
// Times are UTC. Slices are printed in the order in which they come; the same Evidence and the same Data give the same pack,
// byte for byte. Values are plain data.
//
// The IPE sheet (information produced by the entity) follows the usual audit questions: which system, which report or query,
// with which parameters, run by whom, when, how complete, how accurate.
package evidence
