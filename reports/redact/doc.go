// Package redact gives people pseudonyms in a pack for outside. Whoever is one person in the pack stays one: all their identifiers (worker id, names,
// addresses, logins) become person-7Q2K4MZDX2. Accounts that are nobody's, the ids of all accounts, and whoever acted without being in HR become
// account-7Q2K4MZDX2; a name that several have, or a single word of a name, name-7Q2K4MZDX2. A pseudonym is an HMAC-SHA256 of the identifier with a
// key that stays inside, so that nobody outside can try names out, and people inside can look one up.
//
// Fields and cells that hold an identifier are replaced whole, by their names (columns). All other text is searched, fields that nobody thought of too:
// names and identifiers (package search), what looks like an e-mail address, the values that links compared. Attributes of persons and accounts, rows and
// references of sources, and whom rejected records are of are left out. Departments, titles and dates stay: they say what the access is for, and may
// tell who somebody is to those who know the organisation.
//
// What else would tell goes too. Hashes and ids that are made of identifiers without a key (fingerprints, keys of reviewed items, ids of decisions,
// actions and requests, profiles) are replaced by keyed ones, tables are sorted by what is left in them, and files that the run was configured with
// say "somebody" instead of a pseudonym, since their digests are on the ledger.
//
// What is redacted cannot be compared with the ledger, and the run cannot be performed again from it: the pack says so, and names the digest that
// the whole findings have on the ledger. It is pure; a Redactor is used by one goroutine.
package redact
