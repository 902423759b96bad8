package api

import (
	"context"

	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/internal/db"
)

type usageStatementIn struct {
	Month string `query:"month" json:"-" doc:"For example 2026-11, in UTC; the month must be over"`
}

// usageStatement answers what usage check-statement reads.
func (a *API) usageStatement(ctx context.Context, tx *db.TenantTx, in usageStatementIn) (usage.Signed, error) {
	s, err := usage.StatementOf(ctx, tx, in.Month)
	if err != nil {
		return usage.Signed{}, err
	}
	s.Issuer = a.BaseURL
	return s.Sign(func(kind string, document []byte) (string, error) { return a.Keys.Sign(kind, document, tx.Now) })
}
