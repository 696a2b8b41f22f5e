// Package scim collects the users, groups, roles and entitlements of any SCIM 2.0 server (RFC 7643, RFC 7644), or of a dump of
// one as ListResponse files.
//
// Only GET requests are sent. ServiceProviderConfig, ResourceTypes and Schemas are asked first and a server that lacks them
// is read by the standard's defaults. Lists are paged by index (RFC 7644 §3.4.2.4), or by cursor where the server advertises
// it (RFC 9865), and every page is streamed: resources are emitted while the page still arrives. What is held in memory is the
// graph of ids: users' and groups' ids and who is a member of what, as numbers.
//
// A list is complete when as many different ids were read as totalResults said on every page. Anything else is partial, with
// the reason: a changed totalResults, an empty page before the end, a server that repeats its first page, a page that was cut.
//
// An Account is a User: ID is its id, Name its userName, EmployeeID the enterprise extension's employeeNumber, Enabled its
// "active" (RFC 7643 §4.1.1; absent counts as active). An Entitlement is a Group (Name is displayName, ID its id) or a value of
// the users' "roles" and "entitlements" (IDs "role:value" and "entitlement:value", Names the same, or with the display name
// of the Role and Entitlement resources where the server has them). Names used twice get the id in brackets, all of them. Members of a nested group hold the
// outer group by one Grant per group of their own, whose Path is the shortest chain; of equally short ones the first by name.
// Cycles end. A member that is neither a user nor a group is a Rejection of class grant.
//
// Times are UTC. Collect is for one goroutine at a time. Errors are *access.Error: 401 and 403 are Denied, 429 is Throttled,
// 5xx, timeouts and broken connections are Transient and tried again (collectors/retry), an answer that is not SCIM is Invalid.
// Tokens go to the configured host only (redirects elsewhere are refused) and never into an error, a log or the coverage.
package scim
