// Package blocks renders what Muster says in Slack as Block Kit: pure functions from models to messages and views.
//
// Every text that comes from a system or from a person is made harmless first (Clean): & < > are escaped as Slack asks, so that nothing
// becomes a link or a mention; what mrkdwn would take as markup, an emoji or a broadcast is replaced by a character that looks alike;
// control characters, bidirectional overrides and other invisible ones stand as their code point, ⟦U+202E⟧. Mentions are made of
// configured user ids alone. Nothing is linked by Slack's own guess (verbatim).
//
// Limits are Slack's: 50 blocks, 3,000 characters in a section, 150 in a header, 75 in a button, about 13,200 in all. What does not fit is
// cut and said so, with the command that shows the rest. The same model gives the same bytes: no text depends on the time of rendering.
//
// Source: Slack's documentation, reference/block-kit and messaging/formatting-message-text. Times are UTC. Everything is safe for
// concurrent use.
package blocks
