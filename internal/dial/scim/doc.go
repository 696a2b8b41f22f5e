// Package scim speaks to one SCIM 2.0 server (RFC 7644): requests with a token or password that never leaves the host it is meant for, and
// refusals as errors with their Kind. The collector reads through it, the remediation target reads and writes.
//
// Nothing is tried again inside: reading is repeated by who asks, and a write that broke off may have been made, which only a look at the
// resource tells. Redirects are followed within the same scheme and host, and never where they would turn a write into a read.
//
// Times are UTC. Errors are *access.Error, wrapping a *Status when the server answered, and wrapped by retry.After when it said when to come
// back; they hold no secrets and no query. Values of the server are UTF-8 JSON. A Client is safe for concurrent use.
package scim
