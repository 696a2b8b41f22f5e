// Package planner turns findings into a plan: what would be done in each system, why, what takes it back, who is asked, and what holds it.
//
// It is pure. Its input is what one run saw and what stood before; its output says what should stand now, and changes nothing.
//
//	propose   findings and policies → actions; what a person lacks becomes a grant, with the account first where there is none
//	carry     an action that stands already is kept with its id, its question and its history; what was denied is not asked again
//	guard     protected accounts, the last administrator, incomplete sources, grace and hand-over times
//	hold      a system where too many accounts would be touched, or a clock that jumped, holds everything that is new; a source that shrank
//	          is told as a hold, although what rests on it is blocked already
//	ask       one question for each rule, system and person, put to whoever the policy's route names
//
// Guardrails are on by default and none can be switched off by a policy. Times are UTC; the clock is the run's. Order: actions are sorted
// by system, account, kind and entitlement, so that the same world gives the same plan.
package planner
