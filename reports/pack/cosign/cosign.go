// Package cosign reads who cosigned a checkpoint (C2SP tlog-cosignature) of whom an auditor trusts some: what others signed does not matter, and is not
// looked into. It is pure.
package cosign

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"muster/internal/ledger/witness"
)

// Parts parts a checkpoint that others may have cosigned into the log's own signed note and the signature lines that follow.
func Parts(text string) (own string, others []string) {
	body, signatures, _ := strings.Cut(text, "\n\n")
	lines := strings.SplitAfter(signatures, "\n")
	if n := len(lines) - 1; lines[n] == "" {
		lines = lines[:n]
	}
	if len(lines) < 2 {
		return text, nil
	}
	return body + "\n\n" + lines[0], lines[1:]
}

// By says which of the witnesses cosigned a checkpoint, and when. A line that claims to be by the key of one of them and does not hold is a problem.
func By(own string, lines []string, verifier string, witnesses []witness.Key) (by, problems []string) {
	for _, k := range witnesses {
		for _, line := range lines {
			if !claims(line, k) {
				continue
			}
			seen, err := witness.Parse(own+line, verifier, witness.Policy{Keys: []witness.Key{k}, Threshold: 1})
			if err != nil {
				problems = append(problems, fmt.Sprintf("the cosignature of %s: %v", k.Name, err))
				continue
			}
			by = append(by, fmt.Sprintf("%s at %s", k.Name, seen.By[0].Time.Format(time.RFC3339)))
			break
		}
	}
	return by, problems
}

// claims reports whether a signature line has the name and the id of a key; a witness may have several keys.
func claims(line string, k witness.Key) bool {
	encoded, ok := strings.CutPrefix(line, "— "+k.Name+" ")
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(encoded, "\n"))
	id, _, _ := strings.Cut(strings.TrimPrefix(k.String(), k.Name+"+"), "+")
	return ok && err == nil && len(raw) > 4 && hex.EncodeToString(raw[:4]) == id
}
