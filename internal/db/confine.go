package db

import (
	"fmt"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/seed-2a059015/gatehouse/internal/id"
)

const tenantSetting = "gatehouse:tenant"

// Global names the tables that belong to no tenant. Every other table has a tenant_id, which the guard test holds.
var Global = map[string]bool{
	"tenants": true, "users": true, "identities": true, "connection_directory": true, "domain_directory": true,
	"signing_keys": true, "catalogs": true,
}

// confine adds tenant_id = … to every GORM statement that reads or changes rows of a tenant table in a tenant scope, in this one place.
// It is what plans well; row-level security is the second wall.
func confine(g *gorm.DB) error {
	add := func(tx *gorm.DB) {
		v, ok := tx.Get(tenantSetting)
		if !ok || tx.Statement.SQL.Len() > 0 || Global[tx.Statement.Table] || tx.Statement.Table == "" {
			return
		}
		tx.Statement.AddClause(clause.Where{Exprs: []clause.Expression{
			clause.Eq{Column: clause.Column{Table: clause.CurrentTable, Name: "tenant_id"}, Value: v.(id.Tenant)},
		}})
	}
	cb := g.Callback()
	for _, err := range []error{
		cb.Query().Before("gorm:query").Register("gatehouse:tenant", add),
		cb.Update().Before("gorm:update").Register("gatehouse:tenant", add),
		cb.Delete().Before("gorm:delete").Register("gatehouse:tenant", add),
		cb.Row().Before("gorm:row").Register("gatehouse:tenant", add),
	} {
		if err != nil {
			return fmt.Errorf("register the tenant filter: %w", err)
		}
	}
	return nil
}
