// Package pdf prints a document.Document on A4 portrait: a cover, contents whose lines are links, headings with bookmarks, paragraphs, tables
// whose cells wrap and whose heads repeat, and charts as vectors. It knows nothing about what a document says, and is the only package that
// imports the PDF library.
//
// Lengths are millimetres from the top left corner, font sizes points. Text is shown as it is or visibly replaced (see typeface.Face), never
// silently dropped. The library does no shaping and no bidirectional layout: right-to-left scripts come out in storage order. A document is
// a function of what is drawn and of its creation time, byte for byte, for one version of the library and of Go's compress/flate.
//
// A document is laid out without the library until its page numbers settle, and drawn once. Memory holds the drawn pages, but of a streamed
// table no more than a few rows. A Doc is used by one goroutine. Errors are sticky and come out of Render.
package pdf
