package main

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-2a059015/gatehouse/sessions"
)

func keysCommand() *cobra.Command {
	var overlap time.Duration
	rotate := &cobra.Command{
		Use: "rotate", Short: "Make a new signing key; the old one is trusted for the overlap", Args: nothing,
		Long: "Running servers take the new key over within a second, without a restart.",
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, t, err := open(c)
			if err != nil {
				return err
			}
			defer t.db.Close()
			keys, err := sessions.NewKeys(sessions.KeysConfig{DB: t.db, Keyring: t.keyring})
			if err != nil {
				return err
			}
			kid, err := keys.Rotate(ctx, overlap)
			if err != nil {
				return err
			}
			return show(c, map[string]string{"kid": kid.String()}, func() error { return say(c, "the new key is %s", kid) })
		},
	}
	rotate.Flags().DurationVar(&overlap, "overlap", 10*time.Minute, "how long tokens of the old key are still accepted; 0s ends every access token at once")
	return group("keys", "Rotate the keys that access tokens are signed with", printing(data(rotate)))
}
