package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/resolver"
	"github.com/seed-2a059015/gatehouse/tenants"
)

func domainCommand() *cobra.Command {
	return group("domain", "Add, check, verify and list the mail domains of a tenant",
		domainChange("add DOMAIN --tenant SLUG", "List a domain for a tenant, not yet verified",
			func(ctx context.Context, _ *db.SystemTx, tx *db.TenantTx, name string) (tenants.Domain, error) {
				return tenants.AddDomain(ctx, tx, name)
			}),
		domainCheck(), domainVerify(), domainList())
}

func domainVerify() *cobra.Command {
	var connection string
	c := domainChange("verify DOMAIN --tenant SLUG", "Mark a domain as the tenant's own on your word: no DNS record is asked for, now or later",
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
	VerifiedBy string     `json:"verified_by,omitempty"`
	LastResult string     `json:"last_result,omitempty"`
	NextCheck  *time.Time `json:"next_check_at,omitempty"`
	TXTName    string     `json:"txt_name"`
	TXTValue   string     `json:"txt_value"`
}

func domainLineOf(d tenants.Domain) domainLine {
	c := d.Challenge()
	return domainLine{
		d.ID.String(), d.Domain, string(d.Status), d.ConnectionID.String(), d.VerifiedAt, string(d.VerifiedBy), string(d.Finding), d.NextCheckAt,
		c.Name, c.Value,
	}
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
		return showDomain(c, d)
	}
	return printing(data(c))
}

// showDomain also says which record is missing, if one is.
func showDomain(c *cobra.Command, d tenants.Domain) error {
	return show(c, domainLineOf(d), func() error {
		switch {
		case d.Status == tenants.DomainVerified && d.LostAt == nil:
			return say(c, "%s is %s", d.Domain, d.Status)
		case d.Finding != "":
			if err := say(c, "%s is %s: the record is %s", d.Domain, d.Status, d.Finding); err != nil {
				return err
			}
		default:
			if err := say(c, "%s is %s", d.Domain, d.Status); err != nil {
				return err
			}
		}
		record := d.Challenge()
		return say(c, "Set this record in the DNS:\n  %s. TXT \"%s\"", record.Name, record.Value)
	})
}

func domainCheck() *cobra.Command {
	var slug string
	c := &cobra.Command{
		Use: "check DOMAIN --tenant SLUG", Short: "Look for a domain's record in the DNS now, and for another 72 hours", Args: one,
		Long: "Asks the DNS server of GATEHOUSE_DNS_RESOLVER, or those of the system, for the record that proves the domain, as a check of\n" +
			"the running server does. Wait some minutes after setting the record: servers remember that there was none.",
		Example: "  gatehouse domain check acme.example --tenant acme",
	}
	c.Flags().StringVar(&slug, "tenant", "", "the tenant's slug")
	required(c, "tenant")
	c.RunE = func(c *cobra.Command, args []string) error {
		ctx, t, err := open(c)
		if err != nil {
			return err
		}
		defer t.db.Close()
		dns, err := resolver.New(t.DNSResolver)
		if err != nil {
			return err
		}
		d, err := t.checkDomain(ctx, tenants.Prover{DB: t.db, DNS: dns, Keyring: t.keyring}, slug, args[0])
		if err != nil {
			return fmt.Errorf("domain %q: %w", args[0], err)
		}
		return showDomain(c, d)
	}
	return printing(data(c))
}

func (t *target) checkDomain(ctx context.Context, p tenants.Prover, slug, name string) (d tenants.Domain, err error) {
	tenant, err := t.tenant(ctx, slug)
	if err != nil {
		return d, err
	}
	err = t.db.Tenant(ctx, tenant.ID, func(tx *db.TenantTx) error {
		d, err = tenants.DomainByName(ctx, tx, name)
		return err
	})
	if err != nil {
		return d, err
	}
	seen, err := p.Look(ctx, tenant.ID, d.ID)
	if err != nil {
		return d, err
	}
	err = t.db.Admit(ctx, tenant.ID, func(sys *db.SystemTx, tx *db.TenantTx) error {
		d, err = p.Settle(ctx, sys, tx, seen)
		return err
	})
	return d, err
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
