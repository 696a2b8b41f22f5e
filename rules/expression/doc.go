// Package expression compiles CEL expressions that stand in YAML files, reports what is wrong with them at the very token, and
// evaluates them: quickly on the many facts that break no rule, and with every part's value on the few that do.
//
// Cost is bounded before anything runs: an expression whose worst case on large but plausible facts (see the estimator) exceeds
// MaxCost is refused, so that evaluation needs no counter, which would cost several times as much.
//
// An Expression does not change after Compile and may be used by many goroutines, each with a Scene of its own.
package expression
