// Package archtest holds the tests that keep the house in order: which package may import which, with the reason of each ban;
// that every package and exported name is documented; the length limits of files, functions and packages; that every direct
// dependency has its line of reason; and that ARCHITECTURE.md names tests that exist. It has no code of its own.
package archtest
