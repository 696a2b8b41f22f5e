package rules

import (
	"time"

	"muster/internal/config"
	"muster/rules/bundles"
	"muster/rules/exceptions"
	"muster/rules/packs"
)

// Bundles are the loaded bundles; see package bundles.
type Bundles = bundles.Bundles

// LoadBundles reads bundles; systems are the known systems, nil skips that check. The error is every problem of the docs.
func LoadBundles(docs []*config.Document, systems []string) (*Bundles, error) {
	return bundles.Load(docs, systems)
}

// Exceptions are the accepted risks; see package exceptions.
type Exceptions = exceptions.Exceptions

// Exception is one accepted risk.
type Exception = exceptions.Exception

// LoadExceptions reads exceptions, and checks the rules and systems they name against set and systems when those are not nil. The
// error is every problem of the document.
func LoadExceptions(doc *config.Document, now time.Time, set *Set, systems []string) (*Exceptions, error) {
	var known []string
	if set != nil {
		for _, r := range set.All() {
			known = append(known, r.ID)
		}
	}
	return exceptions.Load(doc, now, known, systems)
}

// Control is one control of a framework with our own paraphrase.
type Control = packs.Control

// Controls lists the controls that the built-in rules give evidence for, by framework and id.
func Controls() []Control { return packs.Controls() }
