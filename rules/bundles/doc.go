// Package bundles reads bundles: named sets of entitlements with a CEL condition on what HR says about a person, which together
// are the access that a job brings with it ("birthright access").
//
// A condition sees the person's HR fields and nothing else, no clock and no accounts, so that it need be evaluated only once per
// distinct combination of the fields that conditions read (Bundles.Fields). When a bundle opens and closes for a person is a
// matter of dates and of access.Person.Entitled, not of the condition. Lists are sorted by system, then name (byte order).
// Bundles do not change after Load and may be shared. Load reports every problem of every file at its place.
package bundles
