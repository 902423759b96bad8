package db

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// ErrUnsafeLogin says that row-level security would not hold for the role that the server logs in as.
var ErrUnsafeLogin = errors.New("unsafe database login role")

const loginSQL = `
SELECT r.rolname, r.rolsuper, r.rolbypassrls, r.rolinherit, r.rolcreaterole,
       COALESCE((SELECT string_agg(c.relname, ', ' ORDER BY c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                 WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')
                 AND c.relowner <> 'gatehouse_usage'::regrole AND pg_has_role(r.oid, c.relowner, 'MEMBER')), ''),
       pg_has_role(r.oid, 'gatehouse_tenant', 'MEMBER') AND pg_has_role(r.oid, 'gatehouse_system', 'MEMBER')
FROM pg_roles r WHERE r.rolname = current_user`

// checkLogin refuses a superuser, BYPASSRLS, CREATEROLE, an inheriting role and an owner of tables: for each of them a query outside a
// scope would see rows.
func checkLogin(ctx context.Context, pool *pgxpool.Pool) error {
	// Only there do parameters become text of the statement (CVE-2024-27289, CVE-2024-27304).
	if pool.Config().ConnConfig.DefaultQueryExecMode == pgx.QueryExecModeSimpleProtocol {
		return errors.New("the database URL asks for the simple protocol; behind a transaction pooler set the direct URL beside it")
	}
	var (
		name, owned                            string
		super, bypass, inherit, create, member bool
	)
	err := pool.QueryRow(ctx, loginSQL).Scan(&name, &super, &bypass, &inherit, &create, &owned, &member)
	if err != nil {
		if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Code == "42704" { // undefined object: a role that the query names
			return errors.New("the database has no Gatehouse roles yet: run gatehouse migrate up")
		}
		return fmt.Errorf("connect to the database: %w", err)
	}
	var why []string
	for reason, bad := range map[string]bool{
		"is a superuser": super, "has BYPASSRLS": bypass, "has CREATEROLE": create,
		"inherits the rights of its roles (make it NOINHERIT)": inherit, "may act as the owner of tables": owned != "",
		"is not a member of gatehouse_tenant and gatehouse_system": !member,
	} {
		if bad {
			why = append(why, reason)
		}
	}
	slices.Sort(why)
	if len(why) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %s %s; use gatehouse_app", ErrUnsafeLogin, name, strings.Join(why, " and "))
}
