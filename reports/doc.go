// Package reports makes the evidence packs of a run and checks them offline.
//
// A pack is a zip file with a PDF for people, the populations as CSV, the model as JSON, and the ledger's proof that its
// findings are those that the run entered; see package reports/pack for the layout and reports/evidence for the model. The same
// run gives the same pack, byte for byte, on any day and in any process, with one version of Muster and of Go. Populations
// stream. Files appear whole or not at all. Times are UTC.
//
// Functions are safe for concurrent use on different output folders.
package reports
