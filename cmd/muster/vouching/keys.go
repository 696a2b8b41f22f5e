// Package vouching holds the commands about who vouches for packs and for the ledger: keys, keys rotate, and ledger cosign. They read the
// configuration and the data folder, and need no engine.
package vouching

import (
	"fmt"

	"github.com/spf13/cobra"

	"muster/cmd/muster/cli"
	"muster/cmd/muster/show"
	"muster/internal/config"
	"muster/internal/signing"
)

// commands are those of this package, for one invocation.
type commands struct{ *cli.App }

// Command makes the command keys, of group prove.
func Command(app *cli.App) *cobra.Command {
	a := &commands{app}
	c := &cobra.Command{
		Use: "keys", Short: "Show the keys that packs are signed with, or rotate them", Args: cobra.NoArgs, GroupID: "prove",
		Long: "Lists the keys of packs and seals with the times at which they are in force.\n" +
			"They are made on first use. What is printed by -o json is the keyring, which\n" +
			"may be published: muster verify --key takes it.",
		RunE: func(c *cobra.Command, _ []string) error {
			k, err := a.open(c)
			if err != nil {
				return err
			}
			return a.list(k)
		},
	}
	c.AddCommand(&cobra.Command{
		Use: "rotate pack|seal", Short: "Let a new key follow the one in force, which signs that it does", Args: cobra.ExactArgs(1), ValidArgs: []string{"pack", "seal"},
		RunE: func(c *cobra.Command, args []string) error {
			use := signing.Use(args[0])
			if use != signing.Pack && use != signing.Seal {
				return cli.Usage(fmt.Errorf("a key is of a pack or a seal, not of %q", args[0]))
			}
			k, err := a.open(c)
			if err != nil {
				return err
			}
			if _, err := k.Rotate(c.Context(), use); err != nil {
				return err
			}
			fmt.Fprintln(a.Stderr, "publish the new keyring: muster keys -o json")
			return a.list(k)
		},
	})
	return c
}

func (a *commands) open(c *cobra.Command) (*signing.Keys, error) {
	settings, err := config.Load(a.ConfigFile)
	if err != nil {
		return nil, err
	}
	return a.Keys(c.Context(), settings)
}

func (a *commands) list(k *signing.Keys) error {
	ring := k.Ring()
	if a.Format == "json" { // byte for byte as it is signed, so that it can be published
		text, err := ring.Encode()
		if err != nil {
			return err
		}
		_, err = a.Stdout.Write(text)
		return err
	}
	l := show.Listing{Head: []string{"use", "key", "from", "until", "follows"}, Wide: -1}
	for _, key := range ring.Keys {
		from, until, follows := key.NotBefore, key.NotAfter, ""
		if from == "" {
			from = "the beginning"
		}
		if until == "" {
			until = "in force"
		}
		if key.Rotation != nil {
			follows = key.Rotation.From[:16]
		}
		l.Rows = append(l.Rows, []string{string(key.Use), key.ID[:16], from, until, follows})
	}
	return a.Show().List(l)
}
