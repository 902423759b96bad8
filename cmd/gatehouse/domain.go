package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/tenants"
)

func domainCommand() *cobra.Command {
	return group("domain", "Add, verify and list the mail domains of a tenant",
		domainChange("add DOMAIN --tenant SLUG", "List a domain for a tenant, not yet verified",
			func(ctx context.Context, _ *db.SystemTx, tx *db.TenantTx, name string) (tenants.Domain, error) {
				return tenants.AddDomain(ctx, tx, name)
			}),
		domainVerify(), domainList())
}

func domainVerify() *cobra.Command {
	var connection string
	c := domainChange("verify DOMAIN --tenant SLUG", "Mark a domain as the tenant's own: its people are sent to the tenant's sign-in",
		func(ctx context.Context, sys *db.SystemTx, tx *db.TenantTx, name string) (tenants.Domain, error) {
			d, err := tenants.VerifyDomain(ctx, sys, tx, name)
			if err != nil || connection == "" {
				return d, err
			}
			var con id.Connection
			if err := con.UnmarshalText([]byte(connection)); err != nil {
				return d, fmt.Errorf("--connection: %w", err)
			}
			return tenants.RouteDomainTo(ctx, tx, name, con)
		})
	c.Flags().StringVar(&connection, "connection", "", "send its people to this connection (con_…)")
	return c
}

type domainLine struct {
	ID         string     `json:"domain_id"`
	Domain     string     `json:"domain"`
	Status     string     `json:"status"`
	Connection string     `json:"connection_id,omitempty"`
	VerifiedAt *time.Time `json:"verified_at,omitempty"`
}

func domainLineOf(d tenants.Domain) domainLine {
	return domainLine{d.ID.String(), d.Domain, string(d.Status), d.ConnectionID.String(), d.VerifiedAt}
}

func domainChange(use, short string,
	change func(context.Context, *db.SystemTx, *db.TenantTx, string) (tenants.Domain, error),
) *cobra.Command {
	var slug string
	c := &cobra.Command{Use: use, Short: short, Args: one}
	c.Flags().StringVar(&slug, "tenant", "", "the tenant's slug")
	required(c, "tenant")
	c.RunE = func(c *cobra.Command, args []string) error {
		ctx, t, err := open(c)
		if err != nil {
			return err
		}
		defer t.db.Close()
		var d tenants.Domain
		err = t.admit(ctx, slug, func(sys *db.SystemTx, tx *db.TenantTx) error {
			d, err = change(ctx, sys, tx, args[0])
			return err
		})
		if err != nil {
			return fmt.Errorf("domain %q: %w", args[0], err)
		}
		return show(c, domainLineOf(d), func() error { return say(c, "%s is %s", d.Domain, d.Status) })
	}
	return printing(data(c))
}

func domainList() *cobra.Command {
	return lister[tenants.Domain, domainLine]{
		short: "List the domains of a tenant", heading: []string{"ID", "DOMAIN", "STATUS", "CONNECTION"}, line: domainLineOf,
		rows: func(ctx context.Context, _ *target, tx *db.TenantTx) ([]tenants.Domain, error) {
			return tenants.Domains(ctx, tx)
		},
		columns: func(l domainLine) []string { return []string{l.ID, l.Domain, l.Status, l.Connection} },
	}.command()
}
