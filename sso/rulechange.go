package sso

import (
	"context"
	"slices"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// AddRule puts a rule at the end of the tenant's list, as [ReplaceRules] would.
func AddRule(ctx context.Context, tx *db.TenantTx, r Rule) error {
	return changeRules(ctx, tx, func(list []Rule) ([]Rule, error) {
		n := len(list)
		list = append(list, Rule{Domain: r.Domain, Emails: slices.Clone(r.Emails), ConnectionID: r.ConnectionID, CreatedAt: tx.Now})
		return list, checkRules(ctx, tx, list, n)
	})
}

// RaiseRule changes the places of a rule and the one before it. The first one stays where it is.
func RaiseRule(ctx context.Context, tx *db.TenantTx, which id.RoutingRule) error {
	return changeRules(ctx, tx, func(list []Rule) ([]Rule, error) {
		i, err := placeOfRule(list, which)
		if err == nil && i > 0 {
			list[i-1], list[i] = list[i], list[i-1]
		}
		return list, err
	})
}

// LowerRule changes the places of a rule and the one after it. The last one stays where it is.
func LowerRule(ctx context.Context, tx *db.TenantTx, which id.RoutingRule) error {
	return changeRules(ctx, tx, func(list []Rule) ([]Rule, error) {
		i, err := placeOfRule(list, which)
		if err == nil && i < len(list)-1 {
			list[i], list[i+1] = list[i+1], list[i]
		}
		return list, err
	})
}

// RemoveRule takes a rule away.
func RemoveRule(ctx context.Context, tx *db.TenantTx, which id.RoutingRule) error {
	return changeRules(ctx, tx, func(list []Rule) ([]Rule, error) {
		i, err := placeOfRule(list, which)
		if err != nil {
			return nil, err
		}
		return slices.Delete(list, i, i+1), nil
	})
}

// changeRules edits the list as it is now, which nobody else changes meanwhile.
func changeRules(ctx context.Context, tx *db.TenantTx, edit func([]Rule) ([]Rule, error)) error {
	if err := mayRoute(ctx, tx); err != nil {
		return err
	}
	if err := lockRules(ctx, tx); err != nil {
		return err
	}
	list, err := Rules(ctx, tx)
	if err != nil {
		return err
	}
	if list, err = edit(list); err != nil {
		return err
	}
	_, err = writeRules(ctx, tx, list)
	return err
}

func placeOfRule(list []Rule, which id.RoutingRule) (int, error) {
	i := slices.IndexFunc(list, func(r Rule) bool { return r.ID == which })
	if i < 0 {
		return i, errs.NotFound("routing rule")
	}
	return i, nil
}
