-- +goose Up
-- The helpers that every later migration uses. See docs/architecture.md, "Data".

-- +goose StatementBegin
CREATE FUNCTION gatehouse_protect(tbl regclass, tenant_rights text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
-- Puts a tenant table behind row-level security: the tenant role sees its own rows, the system role all of them.
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', tbl);
  EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', tbl);
  EXECUTE format('CREATE POLICY tenant_rows ON %s TO gatehouse_tenant
    USING (tenant_id = NULLIF(current_setting(''app.tenant_id'', true), '''')::uuid)
    WITH CHECK (tenant_id = NULLIF(current_setting(''app.tenant_id'', true), '''')::uuid)', tbl);
  EXECUTE format('CREATE POLICY system_rows ON %s TO gatehouse_system USING (true) WITH CHECK (true)', tbl);
  EXECUTE format('GRANT %s ON %s TO gatehouse_tenant', tenant_rights, tbl);
  EXECUTE format('GRANT %s ON %s TO gatehouse_system', tenant_rights, tbl);
END $$;
-- +goose StatementEnd

-- The server reads which schema it works with.
GRANT SELECT ON goose_db_version TO gatehouse_system;
GRANT USAGE ON SCHEMA public TO gatehouse_tenant, gatehouse_system, gatehouse_jobs, gatehouse_usage, gatehouse_app;

-- +goose Down
DROP FUNCTION gatehouse_protect(regclass, text);
