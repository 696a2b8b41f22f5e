// Package oscal tells a run as OSCAL assessment results 1.1.2 (NIST, the JSON form of the model "assessment-results"), for tools that
// manage controls.
//
// One result stands for one run. Its observations are the sources, each an IPE sheet, and the rules, each a test; its findings say of
// every rule and every control that the rule names whether the control's objective is satisfied; its risks are the open and the excepted
// findings, summed up by rule and system. Single findings and people are not told here: an observation links to the annex that has them.
// Satisfied is claimed only of what was looked at: a rule that was never asked, could not be answered, or ran on a source that was not
// read whole is not-satisfied with the reason "other".
//
// Controls of NIST SP 800-53 carry the ids of NIST's own catalog (ac-2, ac-6.7); those of other frameworks get ids made of their names
// (soc2-cc6.2), because their catalogs are licensed, and are defined in the document in our own words.
//
// UUIDs are version 5 (RFC 9562 §5.5) of the pack's id and of what they name, so that the same run gives the same bytes. Times are UTC.
// Text from systems is escaped, as OSCAL's text is Markdown. Findings stream by; memory grows with rules and systems only.
package oscal
