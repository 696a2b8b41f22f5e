package oscal

import "time"

// The types of the model, as far as this package writes them. Names and order are those of NIST's metaschema.

type document struct {
	Results results `json:"assessment-results"`
}

type results struct {
	UUID     string     `json:"uuid"`
	Metadata metadata   `json:"metadata"`
	ImportAP link       `json:"import-ap"`
	Local    *objective `json:"local-definitions,omitempty"`
	Results  []result   `json:"results"`
	Back     backMatter `json:"back-matter"`
}

type metadata struct {
	Title        string    `json:"title"`
	LastModified time.Time `json:"last-modified"`
	Version      string    `json:"version"`
	OSCALVersion string    `json:"oscal-version"`
	Props        []prop    `json:"props,omitempty"`
	Parties      []party   `json:"parties,omitempty"`
}

type party struct {
	UUID string `json:"uuid"`
	Type string `json:"type"`
	Name string `json:"name,omitempty"`
}

type prop struct {
	Name  string `json:"name"`
	NS    string `json:"ns"`
	Value string `json:"value"`
	Class string `json:"class,omitempty"`
}

type link struct {
	Href    string `json:"href"`
	Remarks string `json:"remarks,omitempty"`
}

type objective struct {
	Objectives []localObjective `json:"objectives-and-methods,omitempty"`
}

type localObjective struct {
	Control     string `json:"control-id"`
	Description string `json:"description,omitempty"`
	Props       []prop `json:"props,omitempty"`
	Parts       []part `json:"parts"`
}

type part struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Prose string `json:"prose"`
}

type result struct {
	UUID         string           `json:"uuid"`
	Title        string           `json:"title"`
	Description  string           `json:"description"`
	Start        time.Time        `json:"start"`
	End          *time.Time       `json:"end,omitempty"`
	Props        []prop           `json:"props,omitempty"`
	Local        localDefinitions `json:"local-definitions"`
	Reviewed     reviewed         `json:"reviewed-controls"`
	Observations []observation    `json:"observations,omitempty"`
	Risks        []risk           `json:"risks,omitempty"`
	Findings     []finding        `json:"findings,omitempty"`
	Remarks      string           `json:"remarks,omitempty"`
}

type localDefinitions struct {
	Components []component `json:"components,omitempty"`
	Assets     assets      `json:"assessment-assets"`
}

type assets struct {
	Components []component `json:"components"`
	Platforms  []platform  `json:"assessment-platforms"`
}

type platform struct {
	UUID  string          `json:"uuid"`
	Title string          `json:"title"`
	Uses  []componentUsed `json:"uses-components"`
}

type componentUsed struct {
	UUID string `json:"component-uuid"`
}

type component struct {
	UUID        string `json:"uuid"`
	Type        string `json:"type"`
	Title       string `json:"title"`
	Description string `json:"description"`
	Props       []prop `json:"props,omitempty"`
	Status      state  `json:"status"`
}

type state struct {
	State   string `json:"state"`
	Reason  string `json:"reason,omitempty"`
	Remarks string `json:"remarks,omitempty"`
}

type reviewed struct {
	Description string      `json:"description,omitempty"`
	Selections  []selection `json:"control-selections"`
}

type selection struct {
	Description string          `json:"description,omitempty"`
	Props       []prop          `json:"props,omitempty"`
	Include     []selectControl `json:"include-controls,omitempty"`
}

type selectControl struct {
	Control string `json:"control-id"`
}

type origin struct {
	Actors []actor `json:"actors"`
}

type actor struct {
	Type string `json:"type"`
	UUID string `json:"actor-uuid"`
}

type observation struct {
	UUID        string     `json:"uuid"`
	Title       string     `json:"title"`
	Description string     `json:"description"`
	Props       []prop     `json:"props,omitempty"`
	Methods     []string   `json:"methods"`
	Types       []string   `json:"types,omitempty"`
	Origins     []origin   `json:"origins"`
	Subjects    []subject  `json:"subjects,omitempty"`
	Evidence    []relevant `json:"relevant-evidence,omitempty"`
	Collected   time.Time  `json:"collected"`
	Remarks     string     `json:"remarks,omitempty"`
}

type subject struct {
	UUID  string `json:"subject-uuid"`
	Type  string `json:"type"`
	Title string `json:"title,omitempty"`
}

type relevant struct {
	Href        string `json:"href,omitempty"`
	Description string `json:"description"`
}

type risk struct {
	UUID        string           `json:"uuid"`
	Title       string           `json:"title"`
	Description string           `json:"description"`
	Statement   string           `json:"statement"`
	Props       []prop           `json:"props,omitempty"`
	Status      string           `json:"status"`
	Origins     []origin         `json:"origins"`
	Chars       []characterised  `json:"characterizations"`
	Mitigating  []mitigating     `json:"mitigating-factors,omitempty"`
	Responses   []response       `json:"remediations,omitempty"`
	Related     []relatedObserve `json:"related-observations,omitempty"`
}

type characterised struct {
	Origin origin  `json:"origin"`
	Facets []facet `json:"facets"`
}

type facet struct {
	Name   string `json:"name"`
	System string `json:"system"`
	Value  string `json:"value"`
}

type mitigating struct {
	UUID        string `json:"uuid"`
	Description string `json:"description"`
	Props       []prop `json:"props,omitempty"`
}

type response struct {
	UUID        string `json:"uuid"`
	Lifecycle   string `json:"lifecycle"`
	Title       string `json:"title"`
	Description string `json:"description"`
}

type relatedObserve struct {
	UUID string `json:"observation-uuid"`
}

type relatedRisk struct {
	UUID string `json:"risk-uuid"`
}

type finding struct {
	UUID        string           `json:"uuid"`
	Title       string           `json:"title"`
	Description string           `json:"description"`
	Props       []prop           `json:"props,omitempty"`
	Origins     []origin         `json:"origins"`
	Target      target           `json:"target"`
	Related     []relatedObserve `json:"related-observations"`
	Risks       []relatedRisk    `json:"related-risks,omitempty"`
}

type target struct {
	Type        string `json:"type"`
	ID          string `json:"target-id"`
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`
	Props       []prop `json:"props,omitempty"`
	Status      state  `json:"status"`
}

type backMatter struct {
	Resources []resource `json:"resources"`
}

type resource struct {
	UUID        string  `json:"uuid"`
	Title       string  `json:"title,omitempty"`
	Description string  `json:"description,omitempty"`
	Props       []prop  `json:"props,omitempty"`
	Links       []rlink `json:"rlinks,omitempty"`
}

type rlink struct {
	Href      string `json:"href"`
	MediaType string `json:"media-type,omitempty"`
	Hashes    []hash `json:"hashes,omitempty"`
}

type hash struct {
	Algorithm string `json:"algorithm"`
	Value     string `json:"value"`
}
