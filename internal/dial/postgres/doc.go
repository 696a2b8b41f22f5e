// Package postgres speaks to one PostgreSQL cluster (12 or newer): addresses that hold no password, connections whose settings do not depend
// on the server's, errors with their Kind, and the words that a reader and a writer must share: what comments of roles say (Tokens), when a role
// ends (Until), and which objects carry privileges (Objects). The collector reads through it, the remediation target reads and writes.
//
// Nothing is tried again inside. Times are UTC. Errors are *access.Error and hold neither the password nor the connection string: SQLSTATE
// (PostgreSQL manual, appendix A) 28xxx and 42501 are Denied, 42704, 42P01, 3F000 and 3D000 NotFound, 2BP01, 23505, 42710, 55006 and 55P03
// Conflict, 53300 Throttled; 08xxx, 40xxx, 53xxx, 57xxx, 58xxx and broken connections are Transient. A Dialer is safe for concurrent use, a
// connection is not.
package postgres
