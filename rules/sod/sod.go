// Package sod reads the segregation-of-duties matrix.
package sod

import (
	"time"

	"muster/internal/access"
	"muster/internal/config"
)

// Matrix is the segregation-of-duties matrix. It does not change after loading.
type Matrix struct{}

// Load reads the matrix. systems are the known system names; nil skips that check. The error is every problem of the document.
func Load(doc *config.Document, systems []string, now time.Time) (*Matrix, error) { return &Matrix{}, doc.Err() }

// Functions are the business functions that the person can exercise today through effective grants of enabled, linked accounts.
func (m *Matrix) Functions(f *access.PersonFacts) map[string][]access.EntitlementRef { return nil }

// Warnings are things to look at that stop nothing: expired mitigations.
func (m *Matrix) Warnings() []config.Problem { return nil }
