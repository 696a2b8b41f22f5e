// Package exceptions reads accepted risks: findings that somebody with the authority to do so decided to live with for a time
// (NIST SP 800-53 CA-5, ISO/IEC 27001:2022 6.1.3). An exception changes the state of a finding, never whether it is found.
//
// An exception is in force up to and including the day of its expiry (UTC). Exceptions do not change after Load and may be
// shared. Load reports every problem of the file at its place.
package exceptions
