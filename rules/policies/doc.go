// Package policies reads policies: what is done about a finding, who is asked, and what happens when nobody answers.
//
// The first policy of the files, in order, that names the finding's rule and systems and whose CEL condition holds decides; what none
// matches gets the built-in stance of its rule, which only tells. Nothing is done without asking unless a policy says auto for a
// named rule in a named system.
//
// A condition sees the finding, the facts of its subject, and of the person what HR says. It has no clock: a finding's age is in the
// finding. A condition that cannot be evaluated never widens what is done: the policy that matches instead asks where it would have
// acted, and silence leaves things as they are.
//
// Durations are as the files say them; times are UTC. Policies do not change after Load and may be shared. Load reports every problem
// of every file at its place.
package policies
