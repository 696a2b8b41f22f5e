// Package rules judges facts. It loads rules, bundles, the segregation-of-duties matrix (package sod) and exceptions from
// YAML, checks every CEL expression in them against a typed environment (package vocabulary), and evaluates the rules on the
// facts of one person, one unlinked account or one system at a time.
//
// The package is pure: it reads no file but its embedded packs, has no clock and imports no store. CEL (cel-spec, as cel-go
// implements it) is the truth; what a rule says is what happens, errors included: an expression that fails on some facts is
// never a hit and never silent, it is counted in Stats with a sample.
//
// Shapes: a rule's finding is identified by (rule, scope, system, subject id, detail); see access.Fingerprint. Rules are
// ordered by id; hits of one call come person rules first, then by account, then the missing grants, each in rule order.
// Time: all times are UTC; `now` is Env.Now, never the wall clock. Boundaries are written in the rules themselves.
// Concurrency: Set, Bundles, Matrix and Exceptions do not change after loading and may be shared; an Evaluator belongs to one
// goroutine.
// Errors: loading reports every problem of every file at its place (config.Problems); nothing is evaluated when one exists.
package rules
