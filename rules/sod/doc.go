// Package sod reads the segregation-of-duties matrix: business functions made of entitlements across systems, conflicts between
// functions, and mitigations that let one person hold a conflict for a time under a compensating control (NIST SP 800-53 AC-5).
//
// A person can exercise a function when an enabled account that is linked to them holds, effectively, at least one of the
// function's entitlements. Entitlements are named system/name. A mitigation is in force up to and including its expiry day (UTC).
// A Matrix does not change after Load and may be shared. Load reports every problem of the file at its place.
package sod
