// Package commit keeps personal data out of a log that can never forget: an entry holds a commitment, the SHA-256 over 32 random bytes
// (the salt) and the value, and the value and its salt lie in a Book beside the log, from where they can be erased. Without the salt
// nobody can tell what was committed to, not even by trying every person there is; with it, everybody can check that it is this value
// and no other.
//
// A commitment is "c1:" and the standard base64 of SHA-256(salt ‖ canonical JSON of the value).
package commit

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"muster/internal/ledger/canonical"
)

// prefix begins every commitment.
const prefix = "c1:"

// saltSize is how many random bytes make two equal values look different, and none guessable.
const saltSize = 32

// Private is a value that an entry must only commit to. It may stand anywhere in an event's maps and lists.
type Private struct {
	Value   any      // what encoding/json takes; an empty string stays an empty string
	Persons []string // whose personal data it is; erasing any of them erases the value
}

// Of makes a Private.
func Of(value any, persons ...string) Private { return Private{value, persons} }

// MarshalJSON refuses: a value that was not sealed must not reach an entry in clear.
func (Private) MarshalJSON() ([]byte, error) {
	return nil, errors.New("a private value must stand in a map or a list of the event, where it is sealed")
}

// Opening shows what a commitment commits to.
type Opening struct {
	Entry   uint64          // index of the entry
	Field   string          // where in the entry's data, like notices.0.ref
	Value   json.RawMessage // canonical JSON
	Salt    []byte
	Persons []string
	Erased  bool // value, salt and persons are gone
	// Commitment is what the entry says.
	Commitment string
}

// Check reports whether the opening is that of a commitment.
func (o Opening) Check(commitment string) bool {
	if o.Erased || len(o.Salt) != saltSize {
		return false
	}
	return subtle.ConstantTimeCompare([]byte(seal(o.Salt, o.Value)), []byte(commitment)) == 1
}

// New commits to one value; the caller keeps the opening.
func New(value any, random io.Reader) (Opening, error) {
	text, err := canonical.JSON(value)
	if err != nil {
		return Opening{}, fmt.Errorf("commit to a value: %w", err)
	}
	o := Opening{Value: text, Salt: make([]byte, saltSize)}
	if _, err := io.ReadFull(random, o.Salt); err != nil {
		return Opening{}, fmt.Errorf("draw salt: %w", err)
	}
	o.Commitment = seal(o.Salt, o.Value)
	return o, nil
}

func seal(salt, value []byte) string {
	h := sha256.New()
	h.Write(salt)
	h.Write(value)
	return prefix + base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// Seal replaces every Private in an event's data by its commitment, in a copy, and gives their openings.
func Seal(data any, random io.Reader) (any, []Opening, error) {
	if !holds(data) {
		return data, nil, nil
	}
	s := sealer{random: random}
	sealed, err := s.walk(data, "")
	return sealed, s.list, err
}

// holds reports whether there is anything to seal.
func holds(data any) bool {
	switch v := data.(type) {
	case Private:
		return true
	case map[string]any:
		for _, x := range v {
			if holds(x) {
				return true
			}
		}
	case []map[string]any:
		for _, x := range v {
			if holds(x) {
				return true
			}
		}
	case []any:
		for _, x := range v {
			if holds(x) {
				return true
			}
		}
	}
	return false
}

type sealer struct {
	random io.Reader
	list   []Opening
}

func (s *sealer) walk(data any, path string) (any, error) {
	switch v := data.(type) {
	case Private:
		return s.private(v, path)
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, x := range v {
			sealed, err := s.walk(x, join(path, key))
			if err != nil {
				return nil, err
			}
			out[key] = sealed
		}
		return out, nil
	case []map[string]any:
		out := make([]any, len(v))
		for i, x := range v {
			sealed, err := s.walk(x, join(path, fmt.Sprint(i)))
			if err != nil {
				return nil, err
			}
			out[i] = sealed
		}
		return out, nil
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			sealed, err := s.walk(x, join(path, fmt.Sprint(i)))
			if err != nil {
				return nil, err
			}
			out[i] = sealed
		}
		return out, nil
	}
	return data, nil
}

func (s *sealer) private(v Private, path string) (any, error) {
	if v.Value == "" || v.Value == nil {
		return v.Value, nil
	}
	o, err := New(v.Value, s.random)
	if err != nil {
		return nil, err
	}
	o.Field = path
	for _, person := range v.Persons {
		if person != "" {
			o.Persons = append(o.Persons, person)
		}
	}
	s.list = append(s.list, o)
	return o.Commitment, nil
}

func join(path, key string) string { return strings.TrimPrefix(path+"."+key, ".") }

// Found lists the commitments in an entry's data by their place, like by or notices.0.ref.
func Found(data json.RawMessage) map[string]string {
	var v any
	if json.Unmarshal(data, &v) != nil {
		return nil
	}
	out := map[string]string{}
	find(v, "", out)
	return out
}

func find(v any, path string, out map[string]string) {
	switch v := v.(type) {
	case string:
		if raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(v, prefix)); err == nil && strings.HasPrefix(v, prefix) && len(raw) == sha256.Size {
			out[path] = v
		}
	case map[string]any:
		for key, x := range v {
			find(x, join(path, key), out)
		}
	case []any:
		for i, x := range v {
			find(x, join(path, fmt.Sprint(i)), out)
		}
	}
}
