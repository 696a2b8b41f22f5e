// Package collectortest is the conformance suite that every Collector passes.
//
// A collector's test writes a Harness, which stands up a source that holds a known fixture and can be told to misbehave, and
// calls Run. The suite asks for one source per Scenario and checks: the exact fixture, with the same ids whatever the order
// and the page size; a cancelled context at every record; a failing emit at every record; the Kind of every refusal; one
// refusal healed by a retry; truncation and a dropped connection that end partial with a reason; coverage that adds up;
// read-only requests; bytes that are not UTF-8 in a text; no goroutine left behind; no secret in errors, logs, coverage, records or on the standard streams.
//
// What a harness cannot do is declared in Capabilities with a reason, never skipped silently.
//
// Records are compared without System, which the runner sets, and, where the source was reordered, without Row, SourceRef
// and Ref. Times are UTC. Run is not to be used from parallel tests: it watches the process's goroutines and streams.
package collectortest

import (
	"log/slog"
	"testing"

	"muster/collectors"
	"muster/internal/access"
)

// Fault is a way in which a source fails.
type Fault string

// The faults. Statuses are HTTP's; other protocols use what means the same: LDAP 49, 50, 51, 52, PostgreSQL 28P01, 42501,
// 53300, 57P03. A file that may not be opened is Forbidden.
const (
	NoFault      Fault = ""
	Unauthorised Fault = "401"       // the credentials are wrong: Denied
	Forbidden    Fault = "403"       // the credentials do not suffice: Denied
	Throttled    Fault = "429"       // too many requests: Throttled
	Unavailable  Fault = "503"       // the source is down: Transient
	Truncated    Fault = "truncated" // the source ends early without an error of the transport: size limit, cut file, short pages
	Dropped      Fault = "dropped"   // the connection breaks after some records
)

// Scenario is what the suite wants from one source.
type Scenario struct {
	PageSize int          // objects per page; 0 is the collector's default
	Reversed bool         // the source lists its objects in another order, with the same content
	Fault    Fault        // what goes wrong
	Text     string       // what the source holds, byte for byte, in the place of Suite.Text; empty leaves it as it is
	Once     bool         // the fault happens to the first request only (after a login that works); a retry heals it
	Log      *slog.Logger // for the collector; the suite searches it for the secret
}

// Request is one thing that the source was asked to do.
type Request struct {
	Verb string // GET, SEARCH, BIND, SELECT, READ ...: the first word; the suite knows which of them only read
	Text string // the whole request, for the message of a failure
}

// Source is a source that stands, with a collector that reads it.
type Source struct {
	Collector collectors.Collector
	Requests  func() []Request // everything that the source was asked until now; nil when Capabilities.Requests says why
}

// Harness stands up sources.
type Harness interface {
	// Open stands up a source as the scenario says. It registers with t whatever takes the source down again. Retries of
	// the collector should wait milliseconds: a scenario has 20 s.
	Open(t testing.TB, s Scenario) Source
}

// Capabilities says, as reasons, what a harness cannot do. The zero value can do everything.
type Capabilities struct {
	Paging     string           // why the page size means nothing
	Reordering string           // why the source cannot list its objects in another order
	Requests   string           // why the requests cannot be watched
	Secret     string           // why there is no secret to leak
	Bytes      string           // why no text of the source can hold bytes that are not UTF-8
	Faults     map[Fault]string // why a fault cannot happen to this kind of source
	Once       map[Fault]string // why a fault cannot happen once and be healed by a retry
}

// Suite is what Run needs to know about the collector under test.
type Suite struct {
	Want    []access.Record  // everything that the source holds, in any order, System left empty
	Text    string           // a display name of Want, which Scenario.Text takes the place of
	Secret  string           // what the harness's collector authenticates with
	Reasons map[Fault]string // text that the reason must contain after Truncated and Dropped
	Cannot  Capabilities
}
