package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"muster/internal/access"
	"muster/internal/store"
)

// OneFinding finds the finding that an id, or the beginning of one, means.
func OneFinding(ctx context.Context, s *Session, id string) (access.Finding, error) {
	var found []access.Finding
	err := s.Store.Findings(ctx, store.FindingFilter{IDPrefix: strings.ToUpper(id)}, func(f access.Finding) error {
		found = append(found, f)
		return nil
	})
	switch {
	case err != nil:
		return access.Finding{}, err
	case len(found) == 1:
		return found[0], nil
	case len(found) == 0:
		return access.Finding{}, &access.Error{Op: "find finding " + id, Kind: access.NotFound, Hint: "list them with: muster findings --state all", Err: errors.New("there is none")}
	}
	names := make([]string, 0, len(found))
	for _, f := range found {
		names = append(names, f.ID)
	}
	if len(names) > 3 {
		names = append(names[:3], fmt.Sprintf("%d more", len(found)-3))
	}
	return access.Finding{}, UsageError{fmt.Errorf("%q could be %s; give more of it", id, strings.Join(names, ", "))}
}
