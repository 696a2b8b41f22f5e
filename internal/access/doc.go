// Package access holds the nouns of Muster: persons, accounts, entitlements, grants, links, snapshots, expectations, rules'
// views of them, and findings. The glossary is in ARCHITECTURE.md; every other package
// speaks it and none may give a word a second meaning.
//
// Units and time: every time.Time is UTC; a zero time means "unknown or none"; a date is a time at midnight UTC.
// Ordering: slices that carry sets (grants, bases, keys) are sorted by byte order, so that equal facts are equal values.
// Concurrency: values are plain data, safe to read from many goroutines and not to be changed after they were emitted.
// The package imports the standard library only.
//
// The words follow SCIM (RFC 7643), NIST SP 800-53 AC-2 and AC-6, and OCSF's Identity and Access Management category.
package access
