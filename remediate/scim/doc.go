// Package scim changes access in any SCIM 2.0 server (RFC 7643, RFC 7644) that the scim collector reads.
//
//	disable, enable    PATCH "active" of the User
//	create             POST of a User; its externalId is the person's employee id
//	delete             DELETE of the User. Restore holds what the server tells of it, without id, meta, password and groups, and the groups
//	                   that it was a direct member of: the inverse POSTs it under a new id and adds it to them again
//	grant, remove      a Group: PATCH of its members; "role:x" and "entitlement:x": PATCH of the User's roles and entitlements, as the collector
//	                   names them. Other entitlements cannot be written by the standard and are refused as Invalid
//
// Expiry and sessions have no place in the standard and are not offered.
//
// An account is found by its id, else by userName; one to be created by userName and by externalId. A User that has the name and is another
// person's is a Conflict. An account that is created from Restore counts as there once it is in its groups too, so that a creation that broke
// off in the middle is completed and not taken for done. What a group that is gone itself held stays away; the receipt says so.
//
// What a server cannot do by a PATCH with a filter (400 invalidFilter, 501) is done by replacing the whole list, or the whole resource by PUT,
// but only where the server keeps versions: If-Match then guards what others change meanwhile. Elsewhere it is refused. A PATCH "remove" of
// members with a value and no filter is never sent: by the standard it removes them all.
//
// Version is meta.version or the ETag of the User, and If-Match holds the server to it; without either it is meta.lastModified, compared right
// before the change. A group's own version is not part of it: others join and leave. Changes of one group are made one at a time.
//
// Nothing is tried again inside. Times are UTC. A Target is safe for concurrent use. Errors are *access.Error and hold no secrets: 401 and 403
// are Denied, 404 NotFound, 409 and 412 Conflict, 429 Throttled with the wait that the server asked for, 5xx and broken connections Transient.
// Restore holds personal data, as the server gave it, and no password.
package scim
