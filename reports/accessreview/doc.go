// Package accessreview builds the report of a campaign in which people reviewed access: the population that was frozen and its hash, who reviewed
// it and why they are independent, what they decided and how long they took, who did not answer, and what proves that a revoked access is gone.
//
// Sum makes the Model, plain data, of a campaign and its items; Document makes the report of the Model and nothing else; Items and Decisions write
// the annexes row by row. All are pure. Times are UTC, durations milliseconds in the Model.
package accessreview
