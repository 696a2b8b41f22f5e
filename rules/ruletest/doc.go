// Package ruletest runs tests of rules that are written in YAML, so that those who write rules can say what they mean by example.
// The form follows CEL Policy's tests (sections of tests, each with an input and an output):
//
//	now: 2026-11-22T01:00:00Z
//	sections:
//	  - name: leavers
//	    tests:
//	      - name: the account of a leaver still works
//	        input:
//	          person: {id: W-1, status: terminated, end_date: 2026-11-13}
//	          accounts:
//	            - {system: erp, id: "17", name: MLIND, enabled: true, link: linked, grants: [{entitlement: GL_POST}]}
//	        output:
//	          - {rule: leaver-active, subject: MLIND}
//
// The output is the complete list of findings: one that is missing fails the test, and so does one too many. Of a finding only
// what the output names is compared. What the input leaves out takes the value of an ordinary, working person, account or grant:
// active, human, enabled, linked to the person if there is one, held and effective. A system that is named by an account or a
// grant exists and has a complete snapshot unless systems says otherwise.
//
// Results come in the order of the file. Running is pure and needs no configuration.
package ruletest
