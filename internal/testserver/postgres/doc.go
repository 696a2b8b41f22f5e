// Package postgres starts a real PostgreSQL server (12 or newer, such as Debian's postgresql-15) for tests, the lab and
// measurements, and loads it with roles, memberships and grants as an export folder describes them.
//
// A server lives in a temporary folder of its own, listens on a free port of 127.0.0.1 and on a socket inside that folder,
// asks for passwords (SCRAM-SHA-256, RFC 7677) and ends with its parent. PostgreSQL refuses to run as root: then the server runs as
// the user postgres. Nothing is synced to disk; the data is not meant to survive.
//
// A Server is for use from one goroutine; several servers may run at a time. The package does not import testing.
package postgres
