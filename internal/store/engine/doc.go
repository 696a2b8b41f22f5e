// Package engine runs the embedded ClickHouse: a child process of this same program that serves ClickHouse's native
// protocol on a free port of 127.0.0.1, so that the store speaks to it exactly as to a production server.
//
// # The child
//
// The child is this program's own file (/proc/self/exe) entered once more with a hidden argument. So main, and the TestMain of every test that
// starts an engine, must ask before anything else:
//
//	if engine.IsChild() {
//		os.Exit(engine.ChildMain(os.Args))
//	}
//
// It loads libchdb.so with dlopen (no cgo: CGO_ENABLED=0 works) and runs the library's own command line. Its standard input
// is a pseudo-terminal of the owner's, which the library needs to outlive a client that hangs up on it. It dies with its
// owner: by the kernel's parent-death signal and by the hang-up of that terminal, whichever comes first.
//
// # Owner and sharers
//
// Attach gives every process of one user the same engine on one data folder. A lock (flock) on Dir/engine/lock decides who
// owns it; owner and child both hold it, so it is free only when the engine is really gone. The others find the port in
// Dir/engine/address and share. When the owner goes away, the next DialContext of a sharer takes over and starts an engine
// on the same data with the same credentials. The owner starts a crashed engine again, with exponential backoff and jitter,
// until it crashes too often in too short a time.
//
// What was acknowledged before a crash is kept. What was not may be kept too, so a writer that tries again must make its
// inserts idempotent. A connection does not survive its engine: queries in flight fail and are the caller's to repeat.
//
// # Strangers
//
// The port is open to every user of the host, so nothing behind it is: the one user has a random password of 256 bits
// (Dir/engine/credentials, 0600, folder 0700), the library's own session user is shut out of the network, and no user has
// the right FILE, with which ClickHouse would read any file of this user. A client never sends the password to a port that
// another user listens on.
//
// Concurrency: an Engine is safe for many goroutines. Errors are *access.Error with a hint. Platform: Linux, amd64 or arm64.
package engine
