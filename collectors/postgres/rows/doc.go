// Package rows knows the rows that a PostgreSQL cluster is read as, whether a server or an export gives them: roles, memberships
// and privileges, all columns as text with an empty text for NULL.
//
// Files are CSV (RFC 4180) with a header and a newline at their end; a file without one was cut, and its last row is not given
// out. Line numbers count from 1. Times are UTC. Values are plain data; reading is for one goroutine at a time. Errors of files
// are *access.Error, those of rows say which column is wrong.
package rows
