package main

import (
	"github.com/spf13/cobra"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/tenants"
)

func userCommand() *cobra.Command {
	return group("user", "List the people of a tenant", userList())
}

type userLine struct {
	Member string `json:"membership_id"`
	User   string `json:"user_id"`
	Email  string `json:"email"`
	Name   string `json:"name"`
	Role   string `json:"role"`
	Status string `json:"status"`
}

func userList() *cobra.Command {
	var slug string
	c := &cobra.Command{Use: "list --tenant SLUG", Short: "List the members of a tenant", Args: nothing}
	c.Flags().StringVar(&slug, "tenant", "", "the tenant's slug")
	required(c, "tenant")
	c.RunE = func(c *cobra.Command, _ []string) error {
		ctx, t, err := open(c)
		if err != nil {
			return err
		}
		defer t.db.Close()
		lines := []userLine{}
		err = t.within(ctx, slug, func(tx *db.TenantTx) error {
			var after id.Membership
			for {
				page, err := tenants.Members(ctx, tx, after, 500)
				if err != nil || len(page) == 0 {
					return err
				}
				for _, m := range page {
					lines = append(lines, userLine{m.ID.String(), m.UserID.String(), m.Email, m.Name, string(m.Role), string(m.Status)})
				}
				after = page[len(page)-1].ID
			}
		})
		if err != nil {
			return err
		}
		return show(c, lines, func() error {
			var rows [][]string
			for _, l := range lines {
				rows = append(rows, []string{l.Member, l.Email, l.Name, l.Role, l.Status})
			}
			return table(c, []string{"MEMBERSHIP", "EMAIL", "NAME", "ROLE", "STATUS"}, rows)
		})
	}
	return printing(data(c))
}
