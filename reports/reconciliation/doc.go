// Package reconciliation builds the report of a nightly reconciliation as a document: what a reader needs to know first on the cover,
// then the conclusion, the sources with their completeness, the rules with their controls, the findings, the accepted risks,
// the sign-off and the ledger. It is a pure function of its Input. Times are said in UTC, dates as YYYY-MM-DD.
package reconciliation
