// Package chart draws the charts of reports: each builder takes plain numbers and gives a document.Chart with its drawing, a text that says
// what is seen, and the numbers as a table. A drawing is made once; print and screen show the same.
//
// Charts are labelled directly, tell their parts apart by grey and dash alone, and never let two texts overlap: what has no room is
// shortened, moved, or counted as "others" and left to the table. Every chart fits on one page, and works with nothing, one and many.
//
// Lengths are millimetres, font sizes points. Times are printed in UTC. All functions are pure.
package chart
