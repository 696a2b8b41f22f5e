// Package cluster reads and writes the roles of one PostgreSQL cluster (12 or newer) inside one transaction at a time: attributes, memberships,
// privileges, settings, sessions, and what a role is needed for.
//
// A statement that changes something is put together from identifiers that pgx quotes, words of fixed lists, and literals that the server
// itself quotes (format with %L). Queries name their schemas and cast to text, so that neither search_path nor the driver's types matter; an
// empty text is NULL. What is read comes in a fixed order, so that two looks at the same state are equal.
//
// Memberships and privileges keep their grantor. What another role than the owner granted is taken back, and given again, as that role (SET
// LOCAL ROLE), which a superuser may and others as far as they are members of it.
//
// Times are UTC; VALID UNTIL stays text, because NULL, infinity and -infinity are no moments. A Session is for one goroutine. Errors are
// *access.Error as internal/dial/postgres makes them, and hold no secrets. Passwords are neither read nor written.
package cluster
