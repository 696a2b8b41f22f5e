// Package mail asks and tells people by e-mail what package slack asks and tells in Slack: for those whom Slack does not reach, and for
// questions that need more than Slack, whose tokens come by mail alone.
//
// A Channel sends, each once: the question to every approver, with the commands that decide it and a token of their own; a reminder; the
// question to those who may decide besides once it is escalated; that it was answered, to whoever has not answered; one digest for each owner
// and run; what a run holds back, to the office that Settings.To names. Sync may be called at any time and as often as one likes.
//
// Messages are multipart/alternative (RFC 2046 §5.1.4), text and HTML of package letter, with Auto-Submitted (RFC 3834). Their Message-ID is
// made of the key under which the Outbox keeps them, so that one that may or may not have arrived is sent again as the same message; what
// follows a question is threaded to it (In-Reply-To and References, RFC 5322 §3.6.4). SMTP cannot be searched: Find says ErrCannotFind.
//
// SMTP is RFC 5321, with STARTTLS (RFC 3207) or, on port 465, TLS from the start (RFC 8314 §3.3), and AUTH PLAIN or LOGIN (RFC 4954). A
// password crosses a network in TLS only. Connections are opened before the intent is written, live as long as one call, and are used again
// within it. A sign-in that was refused is not tried again within the call: accounts get locked by that.
//
// What the server answers decides: 4yz is Throttled, it was not taken and is tried again; 530, 534, 535 and 538 are Denied; any other 5yz is
// Invalid, that message is failed and the others go on. A connection that breaks is Transient: nobody knows. What one mailbox cannot take
// keeps nobody else's mail back.
//
// Tokens and passwords are in no error, log, record or ledger entry: the digest of a notice is that of the content without the token, and
// what a server says is searched for both. Times are UTC and come from the caller, but for the timeouts of connections. Everything is safe
// for concurrent use. Errors are *access.Error of the system "mail".
package mail
