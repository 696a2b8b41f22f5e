// Package remediate mends drift: it turns findings into a plan of actions, holds the plan against guardrails, asks for decisions, and
// carries out what may be done, once, with its inverse recorded first.
//
//	plan      findings and policies → actions with their inverse, and why each is done, asked for, only told, held or blocked
//	decide    approvals by route; who may decide, and who may not (invariant 6)
//	execute   re-read → intent on the ledger → apply → re-read → receipt; recovery looks at the system before it acts again
//	verify    an action is verified only when a later complete snapshot shows it
//	undo      the inverse of what was done, through the same steps
//
// One folder a target holds the code that changes one kind of system: ldap, scim, postgres, unix, csv; builtin is their map,
// targettest the conformance suite. slack and mail carry approvals to people.
//
// Times are UTC. Errors of systems are *access.Error; their Kind alone decides about another try. No error, log line, record or
// ledger entry holds a secret. The package knows no SQL and no configuration file: records are kept through Records, policies and
// settings come in as values.
package remediate
