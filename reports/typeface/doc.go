// Package typeface knows the three faces that reports are set in: which runes they have glyphs for, and how wide each is. Print and screen
// measure with it, so that what is laid out for one fits the other. It also makes visible what a reader could not see, or would see as
// something else; see Face.Visible and Screen.
//
// Widths are millimetres, font sizes points. The faces are read once, on first use, from the program itself; everything here is safe for
// concurrent use. Tables of the fonts follow OpenType 1.9 ("cmap" format 4, "head", "hhea", "hmtx").
package typeface
