// Package pdf lays out A4 portrait documents: headings with bookmarks and a contents page that links, paragraphs, tables whose
// cells wrap and whose heads repeat, and the drawing that charts need. It knows nothing about what a document says, and is the
// only package that imports the PDF library.
//
// Lengths are millimetres from the top left corner, font sizes points. Text is shown as it is or visibly replaced (see
// Visible), never silently dropped. The library does no shaping and no bidirectional layout: right-to-left scripts come out in
// storage order. A document is a function of what is drawn and of its creation time, byte for byte, for one version of the
// library and of Go's compress/flate.
//
// A Doc is used by one goroutine. Errors of the library are sticky and come out of Render.
package pdf
