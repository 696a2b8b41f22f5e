// Package vocabulary is what rules, bundles and policies can say: the objects person, account, grant, entitlement, system, snapshot,
// sod, conflict and, in policies, finding with their fields, the variables of each scope, the functions, and the CEL environment
// (cel-spec) made of them.
//
// One table per object gives every field its name, CEL type, documentation and getter over the facts of package access; the
// type checker, the evaluation, `muster rules fields` and the evidence all read that table.
//
// Absence: a fact that the source does not tell is absent, not empty: has(account.last_login) is false and reading it is an
// error of the expression. That holds for times, identities (e-mail, owner, manager, ...) and truths that may be unknown.
// Descriptive text (title, department, names, ...) reads as "" when it is missing and has() is false. All times are UTC.
//
// A Scene holds the facts that one evaluation sees and is the CEL activation. It is reused from evaluation to evaluation and
// belongs to one goroutine; an Environment may be shared.
package vocabulary
