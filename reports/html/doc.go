// Package html writes the accessible twin of a report: one page that says what the PDF says, for screens and screen readers. It is one file:
// styles and drawings are inside, nothing is fetched, nothing runs, and a content security policy says so to the browser.
//
// Everything in a document is text of the customer's and is escaped where it is written; there is no way round text, and no attribute is made of
// it but labels. What hides, reorders or breaks text is made visible as in the PDF (see typeface.Screen); every script and emoji are shown as
// they are, runs of right-to-left text isolated (HTML Living Standard, "The bdi element"), so that a name cannot reorder what stands beside it.
//
// The page follows WCAG 2.2 AA: language, landmarks, a skip link, headings in order, tables with captions and scopes, drawings with a text
// and the numbers behind them, contrasts of 4.5 to 1 in light and dark. The same document gives the same bytes. Rows of streamed tables are
// written one by one.
package html
