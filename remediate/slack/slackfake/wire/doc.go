// Package wire is what every call to the fake Slack has in common, whatever it asks for: how arguments are read, how long a caller
// has to wait, how a call is made to fail, how a request to an app is signed, and whose time it is.
//
// Sources: Slack's documentation of the Web API (docs.slack.dev/apis/web-api), of rate limits (/apis/web-api/rate-limits) and of
// verifying requests (/authentication/verifying-requests-from-slack). Durations are those of the clock that is passed in. Limiter and
// Faults are safe for concurrent use; Args belongs to one call.
package wire
