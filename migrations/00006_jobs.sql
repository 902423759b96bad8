-- +goose Up
-- River's tables. The tenant role enqueues (INSERT … ON CONFLICT DO UPDATE … RETURNING needs SELECT and UPDATE too), so it sees only
-- the jobs whose metadata names its tenant; the workers' role sees all.
GRANT SELECT, INSERT, UPDATE, DELETE ON river_job, river_queue, river_leader, river_notification, river_migration TO gatehouse_jobs;
GRANT USAGE ON SEQUENCE river_job_id_seq TO gatehouse_jobs, gatehouse_tenant, gatehouse_system;
GRANT USAGE ON SEQUENCE river_notification_id_seq TO gatehouse_jobs;

ALTER TABLE river_job ENABLE ROW LEVEL SECURITY;
ALTER TABLE river_job FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_rows ON river_job TO gatehouse_tenant
  USING ((metadata ->> 'tenant_id') = NULLIF(current_setting('app.tenant_id', true), ''))
  WITH CHECK ((metadata ->> 'tenant_id') = NULLIF(current_setting('app.tenant_id', true), ''));
CREATE POLICY system_rows ON river_job TO gatehouse_system USING (true) WITH CHECK (true);
CREATE POLICY worker_rows ON river_job TO gatehouse_jobs USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON river_job TO gatehouse_tenant, gatehouse_system;

-- +goose Down
DROP POLICY worker_rows ON river_job;
DROP POLICY system_rows ON river_job;
DROP POLICY tenant_rows ON river_job;
ALTER TABLE river_job DISABLE ROW LEVEL SECURITY;
