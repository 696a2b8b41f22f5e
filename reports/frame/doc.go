// Package frame is what every report opens and closes with, whatever it is about: the sources with their completeness (the IPE sheets), the
// control map and the versions of the rules, the accepted risks, the sample, the sign-off and the ledger; and the words that all of them use.
//
// It is pure. Times are printed in UTC, dates as YYYY-MM-DD; nothing is printed as a dash, so that an empty cell is not taken for an oversight.
package frame
