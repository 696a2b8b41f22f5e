// Package wire is the protocol part of the SCIM collector (RFC 7644): GET requests with a token that never leaves the host it is
// meant for, ListResponses as a stream, and lists that are paged by index (§3.4.2.4) or by cursor (RFC 9865).
//
// Page numbers and ordinals count from 1. Errors are *access.Error with their Kind and without secrets; Incomplete is the one
// about a list that ended before it was whole. A Client and a List are for one goroutine at a time.
package wire
