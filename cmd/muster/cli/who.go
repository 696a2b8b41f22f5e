package cli

import (
	"errors"
	"os/user"
	"strings"

	"muster/internal/access"
	"muster/remediate/approve"
)

// Who is the person whom the configuration binds to the user of the operating system, and what to call the user where it binds none.
func Who(s *Session) (person, name string) {
	u, err := user.Current()
	if err != nil {
		return "", "an unnamed user"
	}
	for _, id := range s.Plan.Settings.People.Identities {
		if id.OSUser == u.Username {
			return id.Person, id.Person
		}
	}
	return "", "user " + u.Username
}

// RefusalError says a refusal for people; see is the command that shows what was to be decided. Other errors stay as they are.
func RefusalError(err error, see string) error {
	no, ok := errors.AsType[*approve.Refusal](err)
	if !ok {
		return err
	}
	return &access.Error{Op: "decide " + no.Approval, Kind: access.Denied, Hint: see, Err: errors.New(strings.TrimSpace(no.Detail) + " (refused, and on the ledger: " + string(no.Why) + ")")}
}
