// Package scimmy starts a real SCIM 2.0 server (RFC 7643, RFC 7644) for tests, the lab and measurements: the npm library SCIMMY
// with its Express routers, pinned by package-lock.json, over an in-memory store (server.mjs).
//
// A server loads a folder with Users.json and Groups.json, each one ListResponse, keeps their ids, and serves them below
// /scim/v2 on a free port of 127.0.0.1 behind a bearer token. Users carry the enterprise extension and
// urn:ietf:params:scim:schemas:extension:muster:2.0:User {lastLogin, mfa}; "groups" of a user is computed. Everything that the
// library does is there: filters, sorting, attributes, POST, PUT, PATCH, DELETE, Bulk.
//
// The library makes a schema object of every item of an answer, about 0.5 ms a user and 40 µs a member, so that time is what a
// large load costs; loading itself is a JSON parse. It needs node 18 or newer, and npm once, for the libraries. The server
// ends with its parent: it reads its standard input and stops at the end of it.
//
// A Server is for use from one goroutine; several servers may run at a time. The package does not import testing.
package scimmy
