// Package config reads Muster's YAML strictly: unknown and repeated keys are problems, every problem of a file is reported
// together, and each carries file, line, column, the path of the key, what was expected and a hint.
//
// A problem prints as
//
//	muster.yaml:14:9: systems[0].kind: unknown collector "ldpa"
//	   14 |   - kind: ldpa
//	      |           ^^^^
//	hint: did you mean "ldap"?
//
// Lines and columns are 1-based; columns count runes. Lines that hold a secret are never quoted. Times in YAML are RFC 3339,
// dates YYYY-MM-DD, durations Go's with the extra unit d (24 h). The YAML is version 1.2 as goccy/go-yaml parses it.
//
// Values of this package are not safe for concurrent use while decoding; what was decoded is plain data.
package config
