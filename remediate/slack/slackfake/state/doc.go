// Package state is the workspace that the fake Slack holds: people, channels, messages and their threads, views, the triggers and
// response addresses of interactions. It knows no HTTP.
//
// A message is identified by its channel and its ts, "seconds.microseconds" of the workspace's clock; every ts of a workspace is greater
// than the one before. What was posted is in the history after the lag that held when it was posted, and can be changed at once.
// Functions that Slack can refuse return its name of the error, "" for none. A Workspace is safe for concurrent use; what it hands out
// is not changed afterwards, what it is handed must not be. Sources: the reference of each method at docs.slack.dev/reference/methods,
// and of the objects at /reference/objects.
package state
