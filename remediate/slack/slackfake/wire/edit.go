package wire

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Set changes places of a JSON document by their dotted paths ("team.id", "actions.0.value"); nil removes.
func Set(text []byte, changes map[string]any) ([]byte, error) {
	doc, err := decode(text)
	if err != nil {
		return nil, err
	}
	for path, v := range changes {
		if !setPath(doc, strings.Split(path, "."), v) {
			return nil, fmt.Errorf("set %s: the payload has no such place", path)
		}
	}
	return json.Marshal(doc)
}

func setPath(at any, path []string, v any) bool {
	switch at := at.(type) {
	case map[string]any:
		if len(path) > 1 {
			return setPath(at[path[0]], path[1:], v)
		}
		at[path[0]] = v
		if v == nil {
			delete(at, path[0])
		}
		return true
	case []any:
		i, err := strconv.Atoi(path[0])
		if err != nil || i < 0 || i >= len(at) {
			return false
		}
		if len(path) > 1 {
			return setPath(at[i], path[1:], v)
		}
		at[i] = v
		return true
	}
	return false
}
