package db

import (
	"database/sql"
	"fmt"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/seed-2a059015/gatehouse/internal/id"
)

// Global names the tables that belong to no tenant. Every other table has a tenant_id, which the guard test holds.
var Global = map[string]bool{
	"tenants": true, "users": true, "identities": true, "connection_directory": true, "domain_directory": true,
	"signing_keys": true, "catalogs": true, "plan_versions": true, "usage_watermark": true, "usage_closings": true,
}

// OfUsage names the tables that belong to gatehouse_usage instead of the owner, and whose row-level security is enabled but not forced.
// Only [Usage] writes them.
var OfUsage = map[string]bool{
	"usage_events": true, "usage_keys": true, "usage_hours": true, "usage_days": true, "usage_watermark": true,
	"usage_closings": true, "usage_seals": true, "usage_seal_lines": true, "usage_seal_subjects": true, "usage_segments": true,
	"quotas": true, "quota_leases": true, "quota_subjects": true,
}

// tenantConn is the connection of a tenant scope. The tenant travels with the connection because that is what GORM hands on to every
// statement: settings, as of DB.Set, are lost in gorm.G and in new sessions.
type tenantConn struct {
	*sql.Tx
	tenant id.Tenant
}

// confine adds tenant_id = … to every GORM statement that reads or changes rows of a tenant table in a tenant scope, in this one place.
// It is what plans well; row-level security is the second wall. In [DB.Admit] it is the only one.
func confine(g *gorm.DB) error {
	cb := g.Callback()
	for _, err := range []error{
		cb.Query().Before("gorm:query").Register("gatehouse:tenant", addTenant),
		cb.Row().Before("gorm:row").Register("gatehouse:tenant", addTenant),
		cb.Update().Before("gorm:update").Register("gatehouse:tenant", addTenantToChange),
		cb.Delete().Before("gorm:delete").Register("gatehouse:tenant", addTenantToChange),
	} {
		if err != nil {
			return fmt.Errorf("register the tenant filter: %w", err)
		}
	}
	return nil
}

func addTenant(tx *gorm.DB) {
	conn, ok := tx.Statement.ConnPool.(tenantConn)
	if !ok || tx.Statement.SQL.Len() > 0 || Global[tx.Statement.Table] || tx.Statement.Table == "" {
		return
	}
	where := clause.Where{Exprs: []clause.Expression{
		clause.Eq{Column: clause.Column{Table: clause.CurrentTable, Name: "tenant_id"}, Value: conn.tenant},
	}}
	c := tx.Statement.Clauses[where.Name()]
	c.Name = where.Name()
	if w, ok := c.Expression.(clause.Where); ok {
		where.Exprs = append(where.Exprs, group(w))
	}
	c.Expression = where
	tx.Statement.Clauses[where.Name()] = c
}

// addTenantToChange leaves it to GORM to refuse a change without a condition. GORM does not count the one that a soft delete adds, and so
// not ours.
func addTenantToChange(tx *gorm.DB) {
	if _, ok := tx.Statement.ConnPool.(tenantConn); ok {
		tx.Statement.Clauses["soft_delete_enabled"] = clause.Clause{}
	}
	addTenant(tx)
}

// group is a condition in parentheses. GORM sets them only where it sees an OR between spaces, and "tenant_id = … AND a OR b" is every
// tenant's b.
type group clause.Where

// Build implements clause.Expression.
func (g group) Build(b clause.Builder) {
	_ = b.WriteByte('(') // a strings.Builder
	clause.Where(g).Build(b)
	_ = b.WriteByte(')')
}
