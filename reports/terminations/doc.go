// Package terminations builds the report of those who left in a period: when their employment ended, when HR showed it, and when each of their accounts was proven to
// be unusable, against the time that the system allows.
//
// Sum makes the Model, plain data, of the histories of HR and of the systems; Document makes the report of the Model and nothing else; Leavers and Accounts write the
// annexes. All are pure. Times are UTC, durations seconds in the Model. A last day is the last one with access: access ends with the first moment of the day after it.
//
// What no whole snapshot shows is unknown, never absent; facts past their retention are told as such.
package terminations
