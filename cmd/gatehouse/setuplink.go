package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/sso"
)

func tenantSetupLink() *cobra.Command {
	var in sso.NewSetupLink
	var connection string
	var days int
	c := &cobra.Command{
		Use:   "setup-link SLUG",
		Short: "Print a link with which somebody outside sets up the tenant's single sign-on",
		Long: "The link is opened once and then works for 24 hours in that browser: for one connection of the tenant, and nothing else.\n" +
			"With --email it is mailed as well. Owners can see and revoke it.",
		Example: "  gatehouse tenant setup-link acme --email it@acme.example",
		Args:    one,
	}
	c.Flags().StringVar(&in.Email, "email", "", "send the link to this address")
	c.Flags().StringVar(&connection, "connection", "", "set up this connection (con_…) instead of a new one")
	c.Flags().IntVar(&days, "days", 7, "how long it can be opened, at most 30 days")
	c.RunE = func(c *cobra.Command, args []string) error {
		if connection != "" {
			if err := in.Connection.UnmarshalText([]byte(connection)); err != nil {
				return fmt.Errorf("--connection: %w", err)
			}
		}
		if days < 1 || days > 30 {
			return fmt.Errorf("--days %d: want 1 to 30", days)
		}
		ctx, t, err := open(c)
		if err != nil {
			return err
		}
		defer t.db.Close()
		out := struct {
			ID        string    `json:"setup_link_id"`
			URL       string    `json:"url"`
			ExpiresAt time.Time `json:"expires_at"`
		}{}
		err = t.within(ctx, args[0], func(tx *db.TenantTx) error {
			in.ExpiresAt = tx.Now.Add(time.Duration(days) * 24 * time.Hour)
			l, cred, err := sso.IssueSetupLink(ctx, tx, in)
			if err != nil {
				return err
			}
			out.ID, out.URL, out.ExpiresAt = l.ID.String(), sso.SetupLinkURL(t.base.String(), cred), l.ExpiresAt
			return sso.MailSetupLink(ctx, tx, t.keyring, l, out.URL)
		})
		if err != nil {
			return err
		}
		return show(c, out, func() error { return say(c, "%s", out.URL) })
	}
	return printing(data(c))
}
