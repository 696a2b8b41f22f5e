// Package search finds names and identifiers in texts and puts something else there.
//
// It compares word by word, in no case, without accents and with the compatibility forms of letters folded, so that "ANN LEE", "Lee, Ann" and "Ann Lee's" are all
// found for Ann Lee, and nothing is found in "Ann Leeson". Of what begins at one word the longest is taken. An identifier must be written with its own
// separators (W-00050 is not "w 00050"); a name with any.
//
// What would change texts that mean nobody is replaced only where it is marked: an identifier of digits alone, of one or two characters, or that is a word
// of the house's own texts (house.txt). A single word of a name must be no such word, and stand in no label of the organisation.
//
// It is pure; an Index is filled first and then used by one goroutine at a time.
package search
