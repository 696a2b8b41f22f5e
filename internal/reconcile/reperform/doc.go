// Package reperform performs a run again from its evidence pack alone: offline, without configuration, engine or data folder. From the
// populations and the inputs in the pack it links the accounts, works out what each person should hold, lets the rules judge, settles the
// findings against those that stood before, and compares every link, expectation, profile, count and finding with what the pack says. Tables are
// read by exactly their columns (package annex), and those that follow from others are written again and compared cell by cell. What a pack about a
// part of a run, or with pseudonyms, cannot show is told as not checked. Differences are sorted, so that the first one is the same each time.
//
// The links are computed by a second implementation, in Go, of what the store does in SQL (package relink); the facts are put together from the
// tables by a second implementation too. Expectations and rules are the same code that a run uses (packages expect, rules, assess): that the rules mean
// what they say is for their texts, which are in the pack, to show.
//
// A pack holds a population of up to some millions of rows in memory here. Errors are *access.Error; a difference is Kind Invalid.
package reperform
