// Package letter writes what Muster says by e-mail: pure functions from models to a subject, a plain text and an HTML document that say the
// same.
//
// Every text that comes from a system or from a person is made harmless first, and the type of what is shown sees to it that none is
// forgotten: control characters, bidirectional overrides and other invisible ones stand as their code point, ⟦U+202E⟧; a line break becomes
// ⏎; what a mail client would make a link of is broken, https[:]//; names that run from right to left are isolated (Unicode UAX #9), so that
// they do not turn the words around them. HTML is escaped by html/template, has no script, no image and nothing that is fetched.
//
// The plain text is wrapped at 78 columns (RFC 5322 §2.1.1), counted as a terminal does; commands are never broken. What is too much is cut
// and said so, with the command that shows the rest. The same model gives the same bytes: no text depends on the time of rendering. A letter's
// digest is that of its content without its token.
//
// Times are UTC. Everything is safe for concurrent use.
package letter
