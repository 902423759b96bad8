package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
	"github.com/seed-2a059015/gatehouse/testidp/conformance"
)

// throwAway makes tenants for the conformance suite and deletes them.
type throwAway struct {
	*target
	prefix string

	mu   sync.Mutex
	made []id.Tenant
}

var _ conformance.Installation = (*throwAway)(nil)

func newThrowAway(t *target) *throwAway {
	return &throwAway{target: t, prefix: "conformance-" + strings.ToLower(rand.Text()[:8])}
}

// Tenant implements [conformance.Installation]. Its domain is one that can never exist, so that nobody's mail is touched.
func (a *throwAway) Tenant(ctx context.Context) (conformance.Tenant, error) {
	made := newTenantID()
	a.mu.Lock()
	a.made = append(a.made, made)
	slug := fmt.Sprintf("%s-%d", a.prefix, len(a.made))
	a.mu.Unlock()
	out := conformance.Tenant{ID: made.String(), Slug: slug, Domain: slug + ".invalid"}
	err := a.db.Admit(ctx, made, func(sys *db.SystemTx, tx *db.TenantTx) error {
		_, _, err := tenants.Create(ctx, sys, tx, tenants.New{
			Slug: slug, Name: "Conformance test", Plan: billing.Enterprise, Owner: "owner@" + out.Domain,
		})
		if err != nil {
			return err
		}
		if _, err := tenants.AddDomain(ctx, tx, out.Domain); err != nil {
			return err
		}
		_, err = tenants.VerifyDomain(ctx, sys, tx, out.Domain)
		return err
	})
	if err != nil {
		return out, fmt.Errorf("make tenant %s: %w", slug, err)
	}
	return out, nil
}

// APIKey implements [conformance.Installation].
func (a *throwAway) APIKey(ctx context.Context, t conformance.Tenant) (key string, err error) {
	err = a.within(ctx, t.Slug, func(tx *db.TenantTx) error {
		_, cred, err := a.keys().Create(ctx, tx, tenants.NewKey{Name: "conformance", Role: rbac.Admin, ExpiresAt: tx.Now.Add(time.Hour)})
		key = cred.String()
		return err
	})
	if err != nil {
		return "", fmt.Errorf("make an API key of %s: %w", t.Slug, err)
	}
	return key, nil
}

// Rows implements [conformance.Installation]: who is a member, with what, signed in how often, and through what.
func (a *throwAway) Rows(ctx context.Context, t conformance.Tenant) (string, error) {
	var tenant id.Tenant
	if err := tenant.UnmarshalText([]byte(t.ID)); err != nil {
		return "", fmt.Errorf("tenant id %q: %w", t.ID, err)
	}
	var own, identities string
	err := a.db.Admit(ctx, tenant, func(sys *db.SystemTx, tx *db.TenantTx) error {
		err := tx.DB.WithContext(ctx).Raw(`SELECT
			(SELECT COALESCE(string_agg(concat_ws(' ', id, email, name, role, status), '|' ORDER BY id), '') FROM memberships WHERE tenant_id = @tenant)
			|| (SELECT COALESCE(string_agg(concat_ws(' ', id, revoked_at), '|' ORDER BY id), '') FROM sessions WHERE tenant_id = @tenant)
			|| (SELECT COALESCE(string_agg(concat_ws(' ', id, status, version), '|' ORDER BY id), '') FROM connections WHERE tenant_id = @tenant)`,
			map[string]any{"tenant": tenant}).Scan(&own).Error
		if err != nil {
			return fmt.Errorf("describe tenant %s: %w", t.Slug, err)
		}
		err = sys.DB.WithContext(ctx).Raw(`SELECT COALESCE(string_agg(concat_ws(' ', id, user_id, subject), '|' ORDER BY id), '') FROM identities
			WHERE connection_id IN (SELECT id FROM connection_directory WHERE tenant_id = ?)`, tenant).Scan(&identities).Error
		if err != nil {
			return fmt.Errorf("describe the identities of %s: %w", t.Slug, err)
		}
		return nil
	})
	return own + "\n" + identities, err
}

// remove deletes what was made, also when the run was interrupted.
func (a *throwAway) remove(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	a.mu.Lock()
	defer a.mu.Unlock()
	var failed []error
	for _, made := range a.made {
		err := a.db.Admit(ctx, made, func(sys *db.SystemTx, tx *db.TenantTx) error { return tenants.Delete(ctx, sys, tx) })
		if err != nil && errs.As(err).Kind != errs.Missing {
			failed = append(failed, fmt.Errorf("delete throw-away tenant %s: %w", made, err))
		}
	}
	return errors.Join(failed...)
}
