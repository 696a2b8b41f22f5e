// Package document is what a report says, before it is a page: headings, paragraphs, tables, figures and charts, in reading order. A report
// builds one Document; package reports/pdf prints it and package reports/html writes its accessible twin, so that both say the same.
//
// It is pure data and knows no library. Lengths inside drawings are millimetres from the top left corner, font sizes points, greys 0 black to
// 255 white: every report survives being printed in black and white. Text is the customer's, as it is; who prints it makes it visible and
// harmless. Times are formatted by the builder, in UTC.
package document
