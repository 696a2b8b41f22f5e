// Package inbound takes in what people press in Slack: over Socket Mode, or over HTTP with signatures. Both lead through one Door.
//
//	arrive    HTTP: signature over the raw body, constant time, at most five minutes old or ahead; Socket Mode: the connection is ours
//	accept    what it is, of which workspace and app, whether it came before; then it is written into the inbox, durably
//	ack       within Slack's three seconds, before anything is decided
//	handle    who it is: users.info, the configured identities; which question: the opaque token, the message that shows it now
//	decide    the Desk says yes or why not; the message is changed in place
//
// A crash after the ack loses nothing: what is in the inbox is handled by the next process. What is handled twice is refused by the
// question itself, which is answered once.
//
// Everything that is refused is on the ledger, by the Desk, with ids only; the person is told why, as far as it concerns them. Names,
// addresses and roles in a payload are never believed: an interaction is (workspace, user id), and what it is about is the token.
//
// Source: Slack's documentation, authentication/verifying-requests-from-slack, interactivity/handling-user-interaction and
// apis/events-api/using-socket-mode. Times are UTC; the clock is passed in. A Door is safe for concurrent use.
package inbound
