package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/internal/db"
)

// tailEvery is how often a tail looks.
const tailEvery = 500 * time.Millisecond

func usageTail() *cobra.Command {
	var slug string
	c := &cobra.Command{
		Use:   "tail --tenant SLUG",
		Short: "Print a tenant's new usage as it is recorded, a line for each event, until it is interrupted",
		Long:  "Each event is printed once, within a second of its commit. Keys of events and subjects are not printed.",
		Args:  nothing,
	}
	c.Flags().StringVar(&slug, "tenant", "", "the tenant's slug")
	required(c, "tenant")
	c.RunE = func(c *cobra.Command, _ []string) error {
		ctx, t, err := open(c)
		if err != nil {
			return err
		}
		defer t.db.Close()
		tenant, err := t.tenant(ctx, slug)
		if err != nil {
			return err
		}
		var tail usage.Tail
		for begun := false; ; begun = true {
			var events []usage.Event
			var more bool
			err := t.db.Tenant(ctx, tenant.ID, func(tx *db.TenantTx) (err error) {
				events, more, err = tail.Next(ctx, tx)
				return err
			})
			if ctx.Err() != nil {
				return nil // an interruption is how it ends
			}
			if err != nil {
				return err
			}
			if !begun {
				fmt.Fprintf(c.ErrOrStderr(), "new usage of %s from now on\n", slug) // the lines go where others can read them alone
			}
			for _, e := range events {
				if err := say(c, "%s", usageLine(e)); err != nil {
					return err
				}
			}
			if more {
				continue
			}
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(tailEvery):
			}
		}
	}
	return data(c)
}

// usageLine is an event as one line: when, what, how much, and then what is known by name.
func usageLine(e usage.Event) string {
	line := []string{e.At.UTC().Format("2006-01-02T15:04:05.000Z"), plain(e.Meter), fmt.Sprint(e.Quantity)}
	for _, f := range []struct{ name, text string }{
		{"user", e.User.String()}, {"api_key", e.APIKey.String()}, {"role", e.Role}, {"plan", e.Plan}, {"feature", e.Feature}, {"model", e.Model}, {"route", e.Route},
	} {
		if text := plain(f.text); text != "" {
			if strings.Contains(text, " ") && text[0] != '"' {
				text = `"` + text + `"`
			}
			line = append(line, f.name+"="+text)
		}
	}
	for _, f := range []struct {
		name string
		n    int64
	}{{"input_tokens", e.InputTokens}, {"output_tokens", e.OutputTokens}, {"cached_tokens", e.CachedTokens}} {
		if f.n != 0 {
			line = append(line, fmt.Sprintf("%s=%d", f.name, f.n))
		}
	}
	if e.Cost != 0 {
		line = append(line, `cost="`+money(e.Cost, e.Currency)+`"`)
	}
	return strings.Join(line, " ")
}
