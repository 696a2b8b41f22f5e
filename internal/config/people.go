package config

// People says who decides, and how those who decide are known elsewhere. Persons are worker ids of HR.
type People struct {
	Security   []string            `yaml:"security"` // the security team
	Groups     map[string][]string `yaml:"groups"`   // further approvers that policies name
	Identities []Identity          `yaml:"identities"`
}

// Identity binds a person to what they are called where they decide. Nobody else may decide as them.
type Identity struct {
	Person string    `yaml:"person" required:"true"`
	Slack  SlackUser `yaml:"slack"`
	OSUser string    `yaml:"os_user"` // who decides on the command line of this host
	Email  string    `yaml:"email"`   // instead of HR's
}

// SlackUser is a user of a Slack workspace. A user id alone is not enough: shared channels show users of other workspaces.
type SlackUser struct {
	Team string `yaml:"team"`
	User string `yaml:"user"`
}
