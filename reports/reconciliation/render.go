package reconciliation

import (
	"time"

	"muster/internal/access"
	"muster/reports/document"
	"muster/reports/evidence"
	"muster/reports/frame"
)

// Input is what the report is made of.
type Input struct {
	frame.Input
	History  []Night // this run and those before it, as far back as is known; without any there is no trend
	Activity evidence.Activities
}

// builder is one report under way.
type builder struct {
	*frame.Builder
	in Input
}

// Night is how many findings were open after one run, by severity.
type Night struct {
	At   time.Time               `json:"at"`
	Open map[access.Severity]int `json:"open"`
}

// Detail is what the pack's model says of its kind.
type Detail struct {
	History  []Night             `json:"history,omitempty"`
	Activity evidence.Activities `json:"activity"`
}

// Document is the report.
func Document(in Input) document.Document {
	w := &builder{frame.New(in.Input), in}
	w.conclusion()
	w.Sources()
	w.RulesAndControls()
	w.overview()
	w.findings()
	w.Exceptions()
	w.activity()
	w.SignOff()
	w.Ledger()
	return w.Document(frame.Titled{Kind: "reconciliation", Title: "Nightly reconciliation of access", Subtitle: "as of " + frame.Clock(w.Ev.Run.AsOf), Cover: w.cover()})
}
