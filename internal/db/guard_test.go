package db_test

import (
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/testdb"
)

func TestDB_02_EveryTableObeysTheRules(t *testing.T) {
	t.Parallel()
	c := dial(t, testdb.New(t).AdminURL)
	tx, err := c.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	found, err := findings(t.Context(), tx)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		t.Error(f.text)
	}
}

// sound is a table that obeys; the mutations of it below do not.
const sound = `CREATE TABLE things (
	tenant_id uuid NOT NULL DEFAULT NULLIF(current_setting('app.tenant_id', true), '')::uuid CONSTRAINT things_tenant_fkey REFERENCES tenants (id),
	id uuid NOT NULL, user_id uuid, parent_id uuid, CONSTRAINT things_pkey PRIMARY KEY (tenant_id, id));
	SELECT gatehouse_protect('things', 'SELECT, INSERT, UPDATE, DELETE');`

// ofUsage becomes who may change the usage tables, and partition makes a sound one.
const (
	ofUsage   = `RESET ROLE; `
	partition = `SET LOCAL ROLE gatehouse_usage; CREATE TABLE usage_events_p PARTITION OF usage_events FOR VALUES FROM ('2020-01-01') TO ('2020-01-02');
	 ALTER TABLE usage_events_p ENABLE ROW LEVEL SECURITY; RESET ROLE; `
)

// TestDB_02_TheRulesBite breaks each rule and expects to be told.
func TestDB_02_TheRulesBite(t *testing.T) {
	t.Parallel()
	c := dial(t, testdb.New(t).AdminURL)
	bitten := map[int]bool{}
	for name, tt := range map[string]struct{ sql, want string }{
		"a sound table": {``, ``},
		"a forgotten table": {
			`CREATE TABLE forgotten (id uuid CONSTRAINT forgotten_pkey PRIMARY KEY)`,
			"forgotten has no tenant_id uuid NOT NULL|forgotten has no primary key that begins with tenant_id|forgotten does not force row-level security|" +
				"forgotten has no sound policy tenant_rows|forgotten has no sound policy system_rows",
		},
		"tenant_id may be null":   {`ALTER TABLE things DROP CONSTRAINT things_pkey; ALTER TABLE things ALTER tenant_id DROP NOT NULL`, "things has no tenant_id uuid NOT NULL"},
		"tenant_id is text":       {`CREATE TABLE texts (tenant_id text, id uuid, CONSTRAINT texts_pkey PRIMARY KEY (tenant_id, id))`, "texts has no tenant_id uuid NOT NULL"},
		"no default":              {`ALTER TABLE things ALTER tenant_id DROP DEFAULT`, "things does not take tenant_id from the setting"},
		"a default of its own":    {`ALTER TABLE things ALTER tenant_id SET DEFAULT gen_random_uuid()`, "things does not take tenant_id from the setting"},
		"no primary key":          {`ALTER TABLE things DROP CONSTRAINT things_pkey`, "things has no primary key"},
		"no global primary key":   {`ALTER TABLE catalogs DROP CONSTRAINT catalogs_pkey`, "catalogs has no primary key"},
		"key in the wrong order":  {`ALTER TABLE things DROP CONSTRAINT things_pkey, ADD CONSTRAINT things_pkey PRIMARY KEY (id, tenant_id)`, "things has no primary key that begins with tenant_id"},
		"a global unique key":     {`CREATE UNIQUE INDEX things_id_key ON things (id)`, "things has the unique index things_id_key without tenant_id"},
		"another owner":           {`ALTER TABLE things OWNER TO gatehouse_system`, "things belongs to gatehouse_system"},
		"not enabled":             {`ALTER TABLE things DISABLE ROW LEVEL SECURITY`, "things does not force row-level security"},
		"not forced":              {`ALTER TABLE things NO FORCE ROW LEVEL SECURITY`, "things does not force row-level security"},
		"tenants not forced":      {`ALTER TABLE tenants NO FORCE ROW LEVEL SECURITY`, "tenants does not force row-level security"},
		"jobs not forced":         {`ALTER TABLE river_job NO FORCE ROW LEVEL SECURITY`, "river_job does not force row-level security"},
		"no policy":               {`DROP POLICY tenant_rows ON things`, "things has no sound policy tenant_rows"},
		"policy without a check":  {`DROP POLICY tenant_rows ON things; CREATE POLICY tenant_rows ON things TO gatehouse_tenant USING (tenant_id = NULLIF(current_setting('app.tenant_id', true), '')::uuid)`, "things has no sound policy tenant_rows"},
		"policy for all roles":    {`ALTER POLICY tenant_rows ON things TO PUBLIC`, "things has no sound policy tenant_rows"},
		"policy by a sub-select":  {`ALTER POLICY tenant_rows ON things USING (tenant_id = (SELECT NULLIF(current_setting('app.tenant_id', true), '')::uuid))`, "things has no sound policy tenant_rows"},
		"policy that is true":     {`ALTER POLICY tenant_rows ON things USING (true)`, "things has no sound policy tenant_rows"},
		"check that is true":      {`ALTER POLICY tenant_rows ON things WITH CHECK (true)`, "things has no sound policy tenant_rows"},
		"policy by another name":  {`ALTER POLICY tenant_rows ON things RENAME TO rows`, "things has no sound policy tenant_rows|things has the further policy rows"},
		"no policy of the system": {`DROP POLICY system_rows ON things`, "things has no sound policy system_rows"},
		"a second policy":         {`CREATE POLICY more ON things TO gatehouse_tenant USING (true)`, "things has the further policy more"},
		"tenants for everybody":   {`ALTER POLICY tenant_rows ON tenants USING (true)`, "tenants has no sound policy tenant_rows"},
		"jobs for everybody":      {`ALTER POLICY tenant_rows ON river_job USING (true)`, "river_job has no sound policy tenant_rows"},
		"a plain foreign key": {
			`CREATE UNIQUE INDEX things_id ON things (id); CREATE TABLE parts (tenant_id uuid, id uuid, thing_id uuid,
			 CONSTRAINT parts_pkey PRIMARY KEY (tenant_id, id), CONSTRAINT parts_thing_fkey FOREIGN KEY (thing_id) REFERENCES things (id))`,
			"parts refers to things without tenant_id (parts_thing_fkey)",
		},
		"a crossed foreign key": {
			`ALTER TABLE things ADD CONSTRAINT things_crossed_fkey FOREIGN KEY (parent_id, tenant_id) REFERENCES things (tenant_id, id)`,
			"things refers to things without tenant_id (things_crossed_fkey)",
		},
		"a reference to an identity": {`ALTER TABLE things ADD CONSTRAINT things_identity_fkey FOREIGN KEY (user_id) REFERENCES identities (id)`, "things refers to identities (things_identity_fkey)"},
		"another column for tenants": {`ALTER TABLE things ADD CONSTRAINT things_parent_fkey FOREIGN KEY (parent_id) REFERENCES tenants (id)`, "things refers to tenants by another column than tenant_id (things_parent_fkey)"},
		"global to tenant": {
			`ALTER TABLE identities ADD tenant_id uuid, ADD thing_id uuid, ADD CONSTRAINT identities_thing_fkey FOREIGN KEY (tenant_id, thing_id) REFERENCES things (tenant_id, id)`,
			"identities, which is global, refers to things (identities_thing_fkey)",
		},
		"set null": {
			`ALTER TABLE things ADD CONSTRAINT things_parent_fkey FOREIGN KEY (tenant_id, parent_id) REFERENCES things (tenant_id, id) ON DELETE SET NULL (parent_id)`,
			"things sets columns when a row is deleted or renamed (things_parent_fkey)",
		},
		"people for tenants":       {`GRANT SELECT ON users TO gatehouse_tenant`, "gatehouse_tenant may SELECT the global table users"},
		"a column of people":       {`GRANT SELECT (id) ON identities TO gatehouse_tenant`, "gatehouse_tenant may SELECT the global table identities"},
		"tenants makes tenants":    {`GRANT INSERT ON tenants TO gatehouse_tenant`, "gatehouse_tenant may INSERT the global table tenants"},
		"rights of the login role": {`GRANT SELECT ON things TO gatehouse_app`, "gatehouse_app may SELECT things"},
		"rights of everybody":      {`GRANT SELECT ON things TO PUBLIC`, "public may SELECT things"},
		"rights of the workers":    {`GRANT UPDATE ON things TO gatehouse_jobs`, "gatehouse_jobs may UPDATE things"},
		"jobs deleted by a tenant": {`GRANT DELETE ON river_job TO gatehouse_tenant`, "gatehouse_tenant may DELETE river_job"},
		"leadership of a tenant":   {`GRANT UPDATE ON river_leader TO gatehouse_tenant`, "gatehouse_tenant may UPDATE river_leader"},
		"truncate":                 {`GRANT TRUNCATE ON things TO gatehouse_system`, "gatehouse_system may TRUNCATE things"},
		"references":               {`GRANT REFERENCES ON things TO gatehouse_tenant`, "gatehouse_tenant may REFERENCES things"},
		"events changed":           {`GRANT UPDATE ON events TO gatehouse_system`, "gatehouse_system may UPDATE events"},
		"a column of events":       {`GRANT UPDATE (data) ON events TO gatehouse_system`, "gatehouse_system may UPDATE events"},
		"events deleted":           {`GRANT DELETE ON events TO gatehouse_tenant`, "gatehouse_tenant may DELETE events"},
		"decisions deleted":        {`GRANT DELETE ON decisions TO gatehouse_tenant`, "gatehouse_tenant may DELETE decisions"},
		"decisions changed":        {`GRANT UPDATE ON decisions TO gatehouse_system`, "gatehouse_system may UPDATE decisions"},
		"a view":                   {`CREATE VIEW look AS SELECT * FROM things`, "the view look runs with the rights of its owner"},
		"a view that is off":       {`CREATE VIEW look WITH (security_invoker = false) AS SELECT * FROM things`, "the view look runs with the rights of its owner"},
		"a sound view":             {`CREATE VIEW look WITH (security_invoker) AS SELECT * FROM things`, ""},
		"a materialized view":      {`CREATE MATERIALIZED VIEW frozen AS SELECT * FROM things`, "the materialized view frozen has no policies"},
		"a definer function":       {`CREATE FUNCTION peek() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM things'`, "the function peek runs as its owner without a search_path"},
		"a trigger":                {`CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER noted AFTER INSERT ON things FOR EACH ROW EXECUTE FUNCTION note()`, "things has the trigger noted"},
		"a rule":                   {`CREATE RULE gone AS ON DELETE TO things DO INSTEAD NOTHING`, "things has the rule gone"},
		"an identity column":       {`ALTER TABLE things ADD n bigint GENERATED ALWAYS AS IDENTITY`, "the sequence things_n_seq is not of a library"},
		"a serial column":          {`ALTER TABLE things ADD n bigserial`, "the sequence things_n_seq is not of a library"},
		"a long name":              {`ALTER TABLE things ADD CONSTRAINT things_with_a_name_that_is_longer_than_fifty_bytes_check CHECK (id IS NOT NULL)`, "the constraint things_with_a_name_that_is_longer_than_fifty_bytes_check has a name of 56 bytes"},
		"a partition": {
			`CREATE TABLE parted (tenant_id uuid NOT NULL DEFAULT NULLIF(current_setting('app.tenant_id', true), '')::uuid, id uuid,
			 CONSTRAINT parted_pkey PRIMARY KEY (tenant_id, id)) PARTITION BY HASH (tenant_id);
			 SELECT gatehouse_protect('parted', 'SELECT'); CREATE TABLE parted_0 PARTITION OF parted FOR VALUES WITH (MODULUS 1, REMAINDER 0)`,
			"parted_0 does not force row-level security|parted_0 has no sound policy tenant_rows|parted_0 has no sound policy system_rows",
		},
		"usage of another owner":    {ofUsage + `ALTER TABLE usage_hours OWNER TO gatehouse_owner`, "usage_hours belongs to gatehouse_owner"},
		"usage not enabled":         {ofUsage + `ALTER TABLE usage_hours DISABLE ROW LEVEL SECURITY`, "usage_hours does not enable row-level security"},
		"usage forced":              {ofUsage + `ALTER TABLE usage_events FORCE ROW LEVEL SECURITY`, "usage_events forces row-level security, under which COPY is refused"},
		"usage for everybody":       {ofUsage + `ALTER POLICY tenant_rows ON usage_days USING (true)`, "usage_days has no sound policy tenant_rows"},
		"usage written by a tenant": {ofUsage + `GRANT INSERT ON usage_events TO gatehouse_tenant`, "gatehouse_tenant may INSERT the usage table usage_events"},
		"the watermark moved":       {ofUsage + `GRANT UPDATE ON usage_watermark TO gatehouse_system`, "gatehouse_system may UPDATE the usage table usage_watermark"},
		"a sound usage partition":   {ofUsage + partition, ""},
		"an open usage partition":   {ofUsage + partition + `ALTER TABLE usage_events_p DISABLE ROW LEVEL SECURITY`, "usage_events_p does not enable row-level security"},
		"a usage partition read":    {ofUsage + partition + `GRANT SELECT ON usage_events_p TO gatehouse_tenant`, "gatehouse_tenant may SELECT the partition usage_events_p"},
		"another's usage partition": {ofUsage + partition + `ALTER TABLE usage_events_p OWNER TO gatehouse_owner`, "usage_events_p is a partition that belongs to gatehouse_owner"},
		"a role above":              {`RESET ROLE; ALTER ROLE gatehouse_tenant BYPASSRLS`, "gatehouse_tenant stands above row-level security or inherits"},
	} {
		tx, err := c.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, sql := range []string{"SET LOCAL ROLE gatehouse_owner", sound, tt.sql, "RESET ROLE"} {
			if name == "another owner" && sql == tt.sql {
				sql = "RESET ROLE; GRANT CREATE ON SCHEMA public TO gatehouse_system; " + sql
			}
			if _, err := tx.Exec(t.Context(), sql); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		found, err := findings(t.Context(), tx)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got := ""
		for _, f := range found {
			got += "|" + f.text
			bitten[f.rule] = true
		}
		for want := range strings.SplitSeq(tt.want, "|") {
			if want != "" && !strings.Contains(got+"|", "|"+want+"|") {
				t.Errorf("%s: findings = %q, want %q among them", name, got, want)
			}
		}
		if tt.want == "" && got != "" {
			t.Errorf("%s: findings = %q, want none", name, got)
		}
		if err := tx.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for i, rule := range rules {
		if !bitten[i] {
			t.Errorf("no bad table breaks the rule %s", rule)
		}
	}
}
