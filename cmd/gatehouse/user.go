package main

import (
	"context"

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

func userLineOf(m tenants.Membership) userLine {
	return userLine{m.ID.String(), m.UserID.String(), m.Email, m.Name, string(m.Role), string(m.Status)}
}

func userList() *cobra.Command {
	return lister[tenants.Membership, userLine]{
		short: "List the members of a tenant", heading: []string{"MEMBERSHIP", "USER", "EMAIL", "NAME", "ROLE", "STATUS"}, line: userLineOf,
		rows: func(ctx context.Context, _ *target, tx *db.TenantTx) ([]tenants.Membership, error) {
			return all(func(after id.Membership, n int) ([]tenants.Membership, error) {
				return tenants.Members(ctx, tx, after, n)
			},
				func(m tenants.Membership) id.Membership { return m.ID })
		},
		columns: func(l userLine) []string { return []string{l.Member, l.User, l.Email, l.Name, l.Role, l.Status} },
	}.command()
}
