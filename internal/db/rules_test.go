package db_test

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/seed-2a059015/gatehouse/internal/db"
)

// own is the policy of a tenant table: a plain comparison with the setting, as Postgres prints it.
const own = `(tenant_id = (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid)`

// preface names what the rules look at: every table of the schema, partitions included, and whose it is.
const preface = `
WITH given AS (
  SELECT $2::text, $3::text[] -- a rule need not use them
), every AS (
  SELECT c.oid AS rel, c.relname::text AS name, c.relowner, c.relrowsecurity AND c.relforcerowsecurity AS walled,
         COALESCE(c.relacl, acldefault('r', c.relowner)) AS acl,
         CASE WHEN c.relname = 'goose_db_version' OR c.relname LIKE 'river\_%' THEN 'library'
              WHEN c.relname = ANY ($1) THEN 'global'
              WHEN c.relispartition AND EXISTS (SELECT FROM pg_inherits WHERE inhrelid = c.oid AND inhparent = 'usage_events'::regclass) THEN 'partition'
              ELSE 'tenant' END AS kind,
         c.relname = ANY ($3) AS of_usage, c.relrowsecurity AS enabled
  FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'f')
), ours AS (
  SELECT * FROM every WHERE kind IN ('global', 'tenant')
), mine AS (
  SELECT * FROM every WHERE kind = 'tenant'
), tenant_column AS (
  SELECT a.attrelid, a.attnum, a.attnotnull AND a.atttypid = 'uuid'::regtype AS sound, pg_get_expr(d.adbin, d.adrelid) AS value
  FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  WHERE a.attname = 'tenant_id' AND NOT a.attisdropped
), policy AS (
  SELECT p.polrelid, p.polname::text AS name, p.polcmd = '*' AND p.polpermissive AS for_all,
         (SELECT string_agg(CASE r WHEN 0 THEN 'public' ELSE pg_get_userbyid(r) END, ',') FROM unnest(p.polroles) r) AS roles,
         pg_get_expr(p.polqual, p.polrelid) AS visible, pg_get_expr(p.polwithcheck, p.polrelid) AS checked
  FROM pg_policy p
), granted AS (
  SELECT e.rel, e.name, e.kind, CASE a.grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(a.grantee) END AS who, a.privilege_type AS what
  FROM every e CROSS JOIN LATERAL (
    SELECT * FROM aclexplode(e.acl)
    UNION ALL
    SELECT x.* FROM pg_attribute t CROSS JOIN LATERAL aclexplode(t.attacl) x WHERE t.attrelid = e.rel
  ) a WHERE a.grantee <> e.relowner
)
`

// rules are queries for what must not be; each row of an answer is a finding. $1 is the list of global tables, $2 the policy, $3 the
// list of tables of the usage writer.
var rules = []string{
	// The shape of a tenant table.
	`SELECT name || ' has no tenant_id uuid NOT NULL' FROM mine LEFT JOIN tenant_column ON attrelid = rel WHERE sound IS NOT TRUE`,
	`SELECT name || ' does not take tenant_id from the setting' FROM mine LEFT JOIN tenant_column ON attrelid = rel
	 WHERE '(tenant_id = ' || value || ')' IS DISTINCT FROM $2`,
	`SELECT name || ' has no primary key that begins with tenant_id' FROM mine LEFT JOIN tenant_column ON attrelid = rel
	 LEFT JOIN pg_constraint k ON k.conrelid = rel AND k.contype = 'p' WHERE name <> 'usage_events' AND k.conkey[1] IS DISTINCT FROM attnum`,
	`SELECT name || ' has no primary key' FROM ours WHERE NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = ours.rel AND contype = 'p')`,
	`SELECT name || ' has the unique index ' || i.indexrelid::regclass || ' without tenant_id' FROM mine JOIN pg_index i ON i.indrelid = rel
	 LEFT JOIN tenant_column ON attrelid = rel WHERE i.indisunique AND (attnum = ANY (i.indkey::int2[])) IS NOT TRUE`,
	`SELECT name || ' belongs to ' || pg_get_userbyid(relowner) FROM ours WHERE pg_get_userbyid(relowner) <>
	 CASE WHEN of_usage THEN 'gatehouse_usage' ELSE 'gatehouse_owner' END`,

	// Row-level security.
	`SELECT name || ' does not force row-level security' FROM every WHERE NOT walled AND NOT of_usage
	 AND (kind = 'tenant' OR name IN ('tenants', 'river_job'))`,
	`SELECT name || ' does not enable row-level security' FROM every WHERE NOT enabled AND (kind = 'tenant' AND of_usage OR kind = 'partition')`,
	`SELECT name || ' forces row-level security, under which COPY is refused' FROM every WHERE walled AND of_usage`,
	`SELECT mine.name || ' has no sound policy tenant_rows' FROM mine WHERE NOT EXISTS (SELECT FROM policy p WHERE p.polrelid = rel
	 AND p.name = 'tenant_rows' AND for_all AND roles = 'gatehouse_tenant' AND visible = $2 AND checked = $2)`,
	`SELECT e.name || ' has no sound policy system_rows' FROM every e WHERE (kind = 'tenant' OR e.name IN ('tenants', 'river_job')) AND NOT EXISTS
	 (SELECT FROM policy p WHERE p.polrelid = rel AND p.name = 'system_rows' AND for_all AND roles = 'gatehouse_system' AND visible = 'true' AND checked = 'true')`,
	`SELECT e.name || ' has the further policy ' || p.name FROM every e JOIN policy p ON p.polrelid = rel
	 WHERE p.name NOT IN ('tenant_rows', 'system_rows') AND NOT (e.name = 'river_job' AND p.name = 'worker_rows' AND roles = 'gatehouse_jobs')`,
	`SELECT 'tenants has no sound policy tenant_rows' WHERE NOT EXISTS (SELECT FROM policy WHERE polrelid = 'tenants'::regclass
	 AND name = 'tenant_rows' AND for_all AND roles = 'gatehouse_tenant' AND visible = replace($2, 'tenant_id =', 'id =') AND checked = visible)`,
	`SELECT 'river_job has no sound policy tenant_rows' WHERE NOT EXISTS (SELECT FROM policy WHERE polrelid = 'river_job'::regclass
	 AND name = 'tenant_rows' AND for_all AND roles = 'gatehouse_tenant'
	 AND visible = '((metadata ->> ''tenant_id''::text) = NULLIF(current_setting(''app.tenant_id''::text, true), ''''::text))' AND checked = visible)`,

	// Foreign keys: they do not see row-level security, so the key itself must hold the tenant.
	`SELECT m.name || ' refers to ' || t.name || ' without tenant_id (' || k.conname || ')'
	 FROM pg_constraint k JOIN mine m ON m.rel = k.conrelid JOIN mine t ON t.rel = k.confrelid
	 JOIN tenant_column a ON a.attrelid = m.rel JOIN tenant_column b ON b.attrelid = t.rel
	 WHERE k.contype = 'f' AND array_position(k.conkey, a.attnum) IS DISTINCT FROM COALESCE(array_position(k.confkey, b.attnum), 0)`,
	`SELECT m.name || ' refers to ' || t.name || ' (' || k.conname || ')' FROM pg_constraint k JOIN mine m ON m.rel = k.conrelid
	 JOIN every t ON t.rel = k.confrelid WHERE k.contype = 'f' AND t.kind <> 'tenant' AND t.name NOT IN ('tenants', 'users')`,
	`SELECT m.name || ' refers to tenants by another column than tenant_id (' || k.conname || ')' FROM pg_constraint k
	 JOIN mine m ON m.rel = k.conrelid LEFT JOIN tenant_column a ON a.attrelid = m.rel
	 WHERE k.contype = 'f' AND k.confrelid = 'tenants'::regclass AND k.conkey IS DISTINCT FROM ARRAY[a.attnum]`,
	`SELECT g.name || ', which is global, refers to ' || t.name || ' (' || k.conname || ')' FROM pg_constraint k
	 JOIN every g ON g.rel = k.conrelid JOIN every t ON t.rel = k.confrelid WHERE k.contype = 'f' AND g.kind = 'global' AND t.kind <> 'global'`,
	`SELECT o.name || ' sets columns when a row is deleted or renamed (' || k.conname || ')' FROM pg_constraint k JOIN ours o ON o.rel = k.conrelid
	 WHERE k.contype = 'f' AND (k.confdeltype IN ('n', 'd') OR k.confupdtype IN ('n', 'd'))`,

	// Rights.
	`SELECT 'gatehouse_tenant may ' || what || ' the global table ' || name FROM granted
	 WHERE kind = 'global' AND who = 'gatehouse_tenant' AND NOT (name = 'tenants' AND what IN ('SELECT', 'UPDATE'))
	 AND NOT (name IN ('plan_versions', 'usage_watermark', 'usage_closings') AND what = 'SELECT')`,
	`SELECT who || ' may ' || what || ' the usage table ' || g.name FROM granted g JOIN every USING (rel) WHERE of_usage AND what <> 'SELECT'`,
	`SELECT who || ' may ' || what || ' the partition ' || name FROM granted WHERE kind = 'partition'`,
	`SELECT name || ' is a partition that belongs to ' || pg_get_userbyid(relowner) FROM every WHERE kind = 'partition' AND relowner <> 'gatehouse_usage'::regrole`,
	`SELECT who || ' may ' || what || ' ' || name FROM granted WHERE kind IN ('global', 'tenant') AND who NOT IN ('gatehouse_tenant', 'gatehouse_system')`,
	`SELECT who || ' may ' || what || ' ' || name FROM granted WHERE kind = 'library' AND who <> 'gatehouse_jobs'
	 AND NOT (name = 'river_job' AND who IN ('gatehouse_tenant', 'gatehouse_system') AND what IN ('SELECT', 'INSERT', 'UPDATE'))
	 AND NOT (name = 'goose_db_version' AND who = 'gatehouse_system' AND what = 'SELECT')`,
	`SELECT who || ' may ' || what || ' ' || name FROM granted WHERE what NOT IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')`,
	`SELECT who || ' may ' || what || ' events' FROM granted WHERE name = 'events' AND what NOT IN ('SELECT', 'INSERT')`,
	`SELECT who || ' may ' || what || ' decisions' FROM granted WHERE name = 'decisions' AND what NOT IN ('SELECT', 'INSERT')
	 AND NOT (who = 'gatehouse_system' AND what = 'DELETE')`,
	`SELECT rolname || ' stands above row-level security or inherits' FROM pg_roles WHERE rolname IN
	 ('gatehouse_owner', 'gatehouse_tenant', 'gatehouse_system', 'gatehouse_jobs', 'gatehouse_usage', 'gatehouse_app') AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolinherit)`,

	// What goes around a policy, and what does not spread by tenant.
	`SELECT 'the view ' || relname || ' runs with the rights of its owner' FROM pg_class WHERE relnamespace = 'public'::regnamespace
	 AND relkind = 'v' AND (reloptions IS NULL OR NOT reloptions && ARRAY['security_invoker=true', 'security_invoker=on', 'security_invoker=1'])`,
	`SELECT 'the materialized view ' || relname || ' has no policies' FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'm'`,
	`SELECT 'the function ' || proname || ' runs as its owner without a search_path' FROM pg_proc WHERE pronamespace = 'public'::regnamespace
	 AND prosecdef AND NOT COALESCE(array_to_string(proconfig, ' ') LIKE '%search_path=%', false)`,
	`SELECT e.name || ' has the trigger ' || tgname FROM pg_trigger JOIN every e ON e.rel = tgrelid WHERE NOT tgisinternal`,
	`SELECT e.name || ' has the rule ' || rulename FROM pg_rewrite JOIN every e ON e.rel = ev_class`,
	`SELECT 'the sequence ' || relname || ' is not of a library' FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'S'
	 AND relname NOT LIKE 'river\_%' AND relname <> 'goose_db_version_id_seq'`,
	`SELECT 'the constraint ' || conname || ' has a name of ' || octet_length(conname::text) || ' bytes' FROM pg_constraint
	 JOIN ours ON ours.rel = conrelid WHERE contype <> 'n' AND octet_length(conname::text) > 50`,
}

// finding is a broken rule, by its place in rules.
type finding struct {
	rule int
	text string
}

// findings says where the database breaks the rules of docs/architecture.md, section "Data".
func findings(ctx context.Context, tx pgx.Tx) ([]finding, error) {
	global, usage := slices.Collect(maps.Keys(db.Global)), slices.Collect(maps.Keys(db.OfUsage))
	var all []finding
	for i, rule := range rules {
		rows, err := tx.Query(ctx, preface+rule, global, own, usage)
		if err != nil {
			return nil, fmt.Errorf("%s\n%w", rule, err)
		}
		found, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return nil, fmt.Errorf("%s\n%w", rule, err)
		}
		for _, text := range found {
			all = append(all, finding{i, text})
		}
	}
	return all, nil
}
