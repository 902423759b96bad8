package main

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/sessions"
)

func usageStatement() *cobra.Command {
	var slug, month string
	c := &cobra.Command{
		Use:   "statement --tenant SLUG [--month 2026-11]",
		Short: "Print what was recorded of a tenant in a month that is sealed, signed",
		Long: "JSON with the statement to be read, and the same as a JWS that the public key set verifies. A statement never changes: what came\n" +
			"late is in that of the month in which it came, as an adjustment of its own month.",
		Args: nothing,
	}
	c.Flags().StringVar(&slug, "tenant", "", "the tenant's slug")
	c.Flags().StringVar(&month, "month", "", "a month such as 2026-11 (default: the last one)")
	required(c, "tenant")
	c.RunE = func(c *cobra.Command, _ []string) error {
		ctx, t, err := open(c)
		if err != nil {
			return err
		}
		defer t.db.Close()
		keys, err := sessions.NewKeys(sessions.KeysConfig{DB: t.db, Keyring: t.keyring})
		if err != nil {
			return err
		}
		if err := keys.Ensure(ctx); err != nil {
			return err
		}
		var s usage.Statement
		var now time.Time
		err = t.within(ctx, slug, func(tx *db.TenantTx) (err error) {
			now = tx.Now.UTC()
			if month == "" {
				month = time.Date(now.Year(), now.Month()-1, 1, 0, 0, 0, 0, time.UTC).Format("2006-01")
			}
			s, err = usage.StatementOf(ctx, tx, month)
			return err
		})
		if err != nil {
			return err
		}
		s.Issuer = t.base.String()
		signed, err := s.Sign(func(kind string, document []byte) (string, error) { return keys.Sign(kind, document, now) })
		if err != nil {
			return err
		}
		return printIndented(c, signed)
	}
	return data(c)
}

func usageProof() *cobra.Command {
	var slug, key string
	c := &cobra.Command{
		Use:   "proof --tenant SLUG --id ID",
		Short: "Print the proof that an event is in the seal of its day",
		Long:  "For usage check-statement --proof. An event of more than 45 days ago is found only by a UUIDv7.",
		Args:  nothing,
	}
	c.Flags().StringVar(&slug, "tenant", "", "the tenant's slug")
	c.Flags().StringVar(&key, "id", "", "the id that the event was sent with")
	required(c, "tenant", "id")
	c.RunE = func(c *cobra.Command, _ []string) error {
		ctx, t, err := open(c)
		if err != nil {
			return err
		}
		defer t.db.Close()
		var p usage.Proof
		err = t.within(ctx, slug, func(tx *db.TenantTx) (err error) {
			p, err = usage.Prove(ctx, tx, key)
			return err
		})
		if err != nil {
			return err
		}
		return printIndented(c, p)
	}
	return data(c)
}
