package evidence

// Scope says what of a run a pack holds. The zero value is all of it: then everything in the pack can be compared with the ledger. A pack that holds
// less carries what cannot be worked out from its own rows, as it was worked out by the run.
type Scope struct {
	Persons  []string  `json:"persons"`            // worker ids; none for all
	Inputs   []string  `json:"inputs,omitempty"`   // those that were cut down to what concerns these persons
	Quality  []Quality `json:"quality,omitempty"`  // of these persons' HR data, as far as it rests on other persons
	Findings int       `json:"findings,omitempty"` // how many the run wrote in all
	Redacted *Redacted `json:"redacted,omitempty"` // of a pack for outside
}

// Redacted says what a pack with pseudonyms was made of. The whole pack is inside and can be verified there.
type Redacted struct {
	Of             string `json:"of"`              // the pack with names
	FindingsSHA256 string `json:"findings_sha256"` // digest of its findings, as the ledger has it
}

// Quality is what is wrong with the HR data of one person and cannot be seen from their own rows; see access.Quality.
type Quality struct {
	Person            string   `json:"person"`
	ManagerUnknown    bool     `json:"manager_unknown,omitempty"`
	ManagerTerminated bool     `json:"manager_terminated,omitempty"`
	ManagerCycle      []string `json:"manager_cycle,omitempty"`
	DuplicateEmail    []string `json:"duplicate_email,omitempty"`
}

// Whole reports whether the pack holds all of its run.
func (s Scope) Whole() bool { return len(s.Persons) == 0 && s.Redacted == nil }

// Unchecked is what a verifier says where a pack that holds less than its run cannot be compared with the ledger.
func (s Scope) Unchecked() string {
	if s.Redacted != nil {
		return "not checked: the pack carries pseudonyms; the pack with names is " + s.Redacted.Of
	}
	if len(s.Persons) == 1 {
		return "not checked: the pack holds one person of the run"
	}
	return "not checked: the pack holds some persons of the run"
}
