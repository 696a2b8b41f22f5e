// Package redact gives people pseudonyms in a pack for outside. Whoever is one person in the pack stays one: all their identifiers (worker id, names,
// addresses, logins) become person-7Q2K4MZDX2, those of accounts that are nobody's account-7Q2K4MZDX2. A pseudonym is an HMAC-SHA256 of the identifier
// with a key that stays inside, so that nobody outside can try names out, and people inside can look one up.
//
// Cells that hold nothing but an identifier are replaced whole; free text, queries, file contents and the report's words are searched for names and
// identifiers. Attributes of persons and accounts are left out. Departments, titles and dates stay: they say what the access is for, and may tell
// who somebody is to those who know the organisation.
//
// What is redacted cannot be compared with the ledger, and the run cannot be performed again from it: the pack says so, and names the digest that
// the whole findings have on the ledger. It is pure; a Redactor is used by one goroutine.
package redact
