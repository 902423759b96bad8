package sso

import (
	"context"
	"fmt"
	"slices"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// ways are what decides over which of a tenant's connections an address signs in.
type ways struct {
	email  tenants.Email
	ours   bool          // the tenant has proven the domain
	domain id.Connection // where the domain as a whole leads
	rules  []Rule
	open   []Connection // that the address may use, oldest first
}

// waysOf asks the same questions whatever it finds, so that the time it takes tells nothing.
func waysOf(ctx context.Context, tx *db.TenantTx, email tenants.Email) (ways, error) {
	w := ways{email: email}
	all, err := db.Of[Connection](tx.DB).Where("status IN ('testing', 'optional', 'required')").Order("id").Limit(50).Find(ctx)
	if err != nil {
		return w, fmt.Errorf("list open connections: %w", err)
	}
	for _, c := range all {
		if c.tester(email.Address) {
			w.open = append(w.open, c)
		}
	}
	if w.rules, err = Rules(ctx, tx); err != nil {
		return w, err
	}
	d, err := tenants.VerifiedDomain(ctx, tx, email.Domain)
	if errs.As(err).Kind == errs.Missing {
		return w, nil
	}
	w.ours, w.domain = err == nil, d.ConnectionID
	return w, err
}

// to is where the address leads: what is said of the address counts more than what is said of its domain, and that more than what is said
// of everybody. Testers go where they are to test. Without a word there is a choice. What is not open is as if nobody had named it.
func (w ways) to() []Connection {
	for _, c := range w.open {
		if c.Status == Testing {
			return []Connection{c}
		}
	}
	named := func(fits func(Rule) bool) []Connection {
		for _, r := range w.rules {
			if c, ok := w.find(r.ConnectionID); ok && fits(r) {
				return []Connection{c}
			}
		}
		return nil
	}
	if list := named(func(r Rule) bool { return slices.Contains(r.Emails, w.email.Address) }); list != nil {
		return list
	}
	if list := named(func(r Rule) bool { return len(r.Emails) == 0 && r.Domain == w.email.Domain }); list != nil {
		return list
	}
	if c, ok := w.find(w.domain); ok {
		return []Connection{c}
	}
	if list := named(func(r Rule) bool { return len(r.Emails) == 0 && r.Domain == "" }); list != nil {
		return list
	}
	return w.open
}

func (w ways) find(c id.Connection) (Connection, bool) {
	i := slices.IndexFunc(w.open, func(o Connection) bool { return o.ID == c })
	if i < 0 {
		return Connection{}, false
	}
	return w.open[i], true
}
