package access

import (
	"encoding/json"
	"time"
)

// DocumentKind is what a Document holds.
type DocumentKind string

// The kinds of document.
const (
	DocAction    DocumentKind = "action"
	DocApproval  DocumentKind = "approval"
	DocRequest   DocumentKind = "request"
	DocException DocumentKind = "exception"
	DocHold      DocumentKind = "hold"
	DocNotice    DocumentKind = "notice" // a message to people

	DocLegalHold DocumentKind = "legal-hold" // nothing of what it covers is removed

	DocCampaign   DocumentKind = "campaign"
	DocReviewItem DocumentKind = "review-item"
)

// Document is one version of something that people or Muster decided. The newest version of an id counts; older ones stay, as
// history. The ledger holds a digest of every version that matters.
type Document struct {
	Kind    DocumentKind
	ID      string
	Version uint64 // 1, 2, ...; the writer gives the next one, and the same version twice is stored once
	State   string
	Key     string // what it is about, to find the open one again
	System  string
	Person  string // worker id
	Run     string
	At      time.Time
	Body    json.RawMessage
}

// DocumentQuery narrows a reading of documents to their newest versions. The zero value of a field takes all.
type DocumentQuery struct {
	Kind     DocumentKind
	States   []string
	ID       string
	IDs      []string // any of them; nil takes all
	IDPrefix string   // in either case
	Keys     []string
	System   string
	Person   string
	Run      string
}
