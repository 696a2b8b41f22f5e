// Package wire is the store's only way to ClickHouse: the connection, the retries, the kinds of error, and how Go values
// become column values.
//
// Every statement that goes through it may be sent twice: reads are repeated only while no row has been handed on, inserts
// carry a token by which the server drops the second copy, and everything else that the store executes gives the same state
// when it is done again. So a transient failure (a restarted engine, a reset connection, a full memory budget) is retried here,
// with backoff, and nowhere else.
//
// Values are bound as server-side parameters ({name:Type}), never spliced into SQL text: customers' strings hold quotes,
// backslashes, newlines and NUL. Times are UTC with milliseconds; a zero time is NULL. Errors are *access.Error.
package wire
