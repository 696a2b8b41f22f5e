// Package past reads how persons, accounts and links changed from snapshot to snapshot and from run to run.
//
// A history is asked for over a list of snapshots, the oldest first, and names them by their place in it. Only the moments of change come back, with the places where
// something was seen at all: whoever reads must know which snapshots of the list are kept and whole before they take a gap for an absence. Facts expire; Kept says whose are still there.
package past
