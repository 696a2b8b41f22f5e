// Package postgres changes access in PostgreSQL clusters (12 or newer) that the postgres collector reads.
//
//	disable, enable    ALTER ROLE NOLOGIN, LOGIN. Sessions that are open stay open until they are revoked
//	set expiry         ALTER ROLE VALID UNTIL; no expiry is infinity. It ends passwords, and not certificates or peer logins
//	revoke sessions    pg_terminate_backend of the role's backends, and a wait until they are gone
//	grant, remove      what the collector names: a role (GRANT, REVOKE), attribute:superuser and the like (ALTER ROLE), and privileges,
//	                   table:schema.object:SELECT and the like, in the database that the name says or, with one database, there
//	create             CREATE ROLE LOGIN without a password, with a comment of the tokens that the collector reads: employee, email, name
//	delete             DROP ROLE, after what it holds by name is revoked. Refused while it has sessions, owns anything, is named in policies or
//	                   default privileges, or holds privileges in several databases: one transaction cannot end those
//
// An account is found by its oid, and its name must be the expected one: a role that was renamed is another one to whoever planned the action.
// One to be created is found by its name and by the employee of its comment; a role of that name that is somebody else's, or nobody's, is a
// Conflict. The bootstrap superuser (oid 10), pg_* roles and the role that muster connects as are never touched.
//
// What one action does is one transaction, in which the change is looked at before it is committed: what the server did not do, though it raised
// no error (REVOKE only warns), is rolled back. A REVOKE on a table that would take privileges on single columns with it gives them back.
//
// Version is a digest of the role's attributes, comment, memberships and of what the inverse would bring back, with the xmin of its row when a
// superuser connects. For what alters the role's row it is compared behind a lock of that row, so that nobody is overtaken; for memberships and
// privileges in the transaction that writes. When the connection breaks at COMMIT the change may have been made: that is Transient, and the next
// Inspect shows which.
//
// Nothing is tried again inside. Times are UTC, to the microsecond. A Target is safe for concurrent use; it opens at most eight connections, each
// for one call. Errors are *access.Error and hold no secrets; see internal/dial/postgres for their Kinds. Restore holds names of roles and objects
// and the comment, and no password.
package postgres
