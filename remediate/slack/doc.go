// Package slack talks to one Slack workspace: it posts what blocks renders, once, and keeps it as the approvals say.
//
//	Client   the Web API: posts without any repetition of its own, one a second and channel; reads that repeat what may be repeated
//	Board    what is to be seen: approvals with their threads, holds, digests, critical findings; Sync may be called at any time
//
// What comes from Slack is taken in by the package inbound.
//
// slack-go's own retries are off. A post has no idempotency key, and a server that commits and then fails would get it twice; the Outbox
// of package notice looks into the history instead, by the metadata that every post carries (event type "muster", its key as dedup). Only
// messages of our own bot count there: anybody may write metadata.
//
// Ids are Slack's: T... workspace, A... app, U... or W... user, C..., G... or D... conversation; a message is its conversation and ts.
// Nothing but configured ids binds a Slack user to a person: names and addresses in Slack can be changed by their owners.
//
// Times are UTC and come from the caller. Everything is safe for concurrent use. Errors are *access.Error of the system "slack"; tokens and
// the URLs that carry them are not in them. Source: Slack's documentation, reference/methods and apis/web-api/rate-limits.
package slack
