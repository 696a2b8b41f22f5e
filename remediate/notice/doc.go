// Package notice sends messages to people, each exactly once, and holds what every channel says.
//
// An Outbox keeps a Notice for every message, under a key that names what the message is about: "approval/AP-7K2M4QXD",
// "digest/R-2026-11-22/W-00012". Channels have no idempotency key of their own, so the order of steps makes up for it:
//
//	intent    the record says sending, with the time, before the request; a channel's own waiting comes before that
//	request   the message carries its key where the channel can be searched for it
//	entry     the ledger has ids and digests, never what the message says or to which address it went
//	sent      the record says where the message is
//
// A message that may or may not have arrived (the process died, the connection broke, the server failed) is never sent again blindly:
// the Outbox waits until the channel's search has settled, looks for the key, and sends again only what is not there. A channel that
// cannot be searched (mail) sends again under the same message id.
//
// Changes in place are idempotent by the digest of the content. What the record shows of an approval only moves forward.
//
// Digest and the words about approvals are the channel-neutral models: pure, in the order in which people read them.
//
// Times are UTC and come from the caller. An Outbox is safe for concurrent use within the process that holds the ledger; the same key is
// worked on by one goroutine at a time. Errors are *access.Error of the channel's kinds: Throttled and every kind but Transient say that
// the message was not taken; Transient says that nobody knows.
package notice
