package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/tenants"
)

const ownerLinkLife = 72 * time.Hour

func tenantCommand() *cobra.Command {
	return group("tenant", "Create, list, suspend and resume tenants, and change what they have", tenantCreate(), tenantList(), tenantSuspend(),
		tenantResume(), tenantLink(), tenantSetupLink(), tenantPlan(), tenantTrial(), tenantOverride(), tenantGrant(), tenantBilling())
}

func tenantCreate() *cobra.Command {
	var in tenants.New
	var plan string
	c := &cobra.Command{
		Use:   "create --slug SLUG --name NAME --plan PLAN --owner EMAIL",
		Short: "Create a tenant and print a one-time sign-in link for its owner",
		Long: "The owner is a new person, whoever else has the address: accounts are never linked by e-mail alone. The link signs in once,\n" +
			"within 3 days; it is printed and mailed.",
		Example: "  gatehouse tenant create --slug acme --name 'Acme Corporation' --plan team --owner olivia@acme.example",
		Args:    nothing,
	}
	c.Flags().StringVar(&in.Slug, "slug", "", "the tenant's name in addresses")
	c.Flags().StringVar(&in.Name, "name", "", "the tenant's name for people (default: the slug)")
	c.Flags().StringVar(&plan, "plan", "free", "free, pro, team or enterprise")
	c.Flags().StringVar(&in.Owner, "owner", "", "e-mail address of the first owner")
	required(c, "slug", "owner")
	c.RunE = func(c *cobra.Command, _ []string) error {
		var err error
		if in.Plan, err = billing.ParsePlan(plan); err != nil {
			return err
		}
		if in.Name == "" {
			in.Name = in.Slug
		}
		ctx, t, err := open(c)
		if err != nil {
			return err
		}
		defer t.db.Close()
		out := struct {
			Tenant    string    `json:"tenant_id"`
			Slug      string    `json:"slug"`
			Plan      string    `json:"plan"`
			Owner     string    `json:"owner_id"`
			Link      string    `json:"sign_in_link"`
			ExpiresAt time.Time `json:"sign_in_link_expires_at"`
		}{Slug: in.Slug, Plan: plan}
		err = t.db.Admit(ctx, newTenantID(), func(sys *db.SystemTx, tx *db.TenantTx) error {
			row, owner, err := tenants.Create(ctx, sys, tx, in)
			if err != nil {
				return err
			}
			cred, err := tenants.IssueLink(ctx, tx, owner, ownerLinkLife)
			if err != nil {
				return err
			}
			out.Tenant, out.Owner, out.Link, out.ExpiresAt = row.ID.String(), owner.ID.String(), t.link(cred.String()), tx.Now.Add(ownerLinkLife)
			return t.mailLink(ctx, tx, row, owner, out.Link)
		})
		if err != nil {
			return fmt.Errorf("create tenant %q: %w", in.Slug, err)
		}
		return show(c, out, func() error {
			return say(c, "tenant  %s  %s  plan %s\nowner   %s  %s\nsign in once, within 3 days:\n%s", out.Tenant, out.Slug, out.Plan, out.Owner, in.Owner, out.Link)
		})
	}
	return printing(data(c))
}

func tenantLink() *cobra.Command {
	var slug, email string
	c := &cobra.Command{
		Use:   "link --tenant SLUG --member EMAIL",
		Short: "Print a new one-time sign-in link for a member",
		Args:  nothing,
	}
	c.Flags().StringVar(&slug, "tenant", "", "the tenant's slug")
	c.Flags().StringVar(&email, "member", "", "the member's e-mail address")
	required(c, "tenant", "member")
	c.RunE = func(c *cobra.Command, _ []string) error {
		ctx, t, err := open(c)
		if err != nil {
			return err
		}
		defer t.db.Close()
		address, err := tenants.ParseEmail(email)
		if err != nil {
			return err
		}
		var link string
		err = t.within(ctx, slug, func(tx *db.TenantTx) error {
			m, err := tenants.MemberByEmail(ctx, tx, address.Address)
			if err != nil {
				return err
			}
			cred, err := tenants.IssueLink(ctx, tx, m, time.Hour)
			link = t.link(cred.String())
			return err
		})
		if err != nil {
			return err
		}
		return show(c, map[string]string{"sign_in_link": link}, func() error { return say(c, "%s", link) })
	}
	return printing(data(c))
}

type tenantLine struct {
	ID        string    `json:"tenant_id"`
	Slug      string    `json:"slug"`
	Name      string    `json:"name"`
	Status    string    `json:"status"`
	Plan      string    `json:"plan"`
	CreatedAt time.Time `json:"created_at"`
}

func lineOf(t tenants.Tenant) tenantLine {
	return tenantLine{t.ID.String(), t.Slug, t.Name, string(t.Status), string(t.Plan), t.CreatedAt}
}

func tenantList() *cobra.Command {
	c := &cobra.Command{Use: "list", Short: "List the tenants", Args: nothing}
	c.RunE = func(c *cobra.Command, _ []string) error {
		ctx, t, err := open(c)
		if err != nil {
			return err
		}
		defer t.db.Close()
		var rows []tenants.Tenant
		err = t.db.System(ctx, func(sys *db.SystemTx) error {
			rows, err = all(func(after id.Tenant, n int) ([]tenants.Tenant, error) { return tenants.All(ctx, sys, after, n) },
				func(t tenants.Tenant) id.Tenant { return t.ID })
			return err
		})
		if err != nil {
			return err
		}
		return list(c, rows, []string{"ID", "SLUG", "NAME", "STATUS", "PLAN"}, lineOf,
			func(l tenantLine) []string { return []string{l.ID, l.Slug, l.Name, l.Status, l.Plan} })
	}
	return printing(data(c))
}

func tenantSuspend() *cobra.Command {
	var reason string
	c := tenantChange("suspend SLUG", "Refuse every use of a tenant until it is resumed", func(ctx context.Context, tx *db.TenantTx) (tenants.Tenant, error) {
		return tenants.Suspend(ctx, tx, reason)
	})
	c.Flags().StringVar(&reason, "reason", "", "why, for the tenant's event log")
	return c
}

func tenantResume() *cobra.Command {
	return tenantChange("resume SLUG", "End a tenant's suspension", tenants.Resume)
}

func tenantChange(use, short string, change func(context.Context, *db.TenantTx) (tenants.Tenant, error)) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Args: one}
	c.RunE = func(c *cobra.Command, args []string) error {
		ctx, t, err := open(c)
		if err != nil {
			return err
		}
		defer t.db.Close()
		var row tenants.Tenant
		err = t.within(ctx, args[0], func(tx *db.TenantTx) error {
			row, err = change(ctx, tx)
			return err
		})
		if err != nil {
			return err
		}
		return show(c, lineOf(row), func() error { return say(c, "%s is %s", row.Slug, row.Status) })
	}
	return printing(data(c))
}
