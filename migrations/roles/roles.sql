-- The roles of section "Data" in docs/architecture.md. Written so that it can be repeated.
DO $$
DECLARE r text;
BEGIN
  FOREACH r IN ARRAY ARRAY['gatehouse_owner', 'gatehouse_tenant', 'gatehouse_system', 'gatehouse_jobs', 'gatehouse_usage', 'gatehouse_app'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r) THEN
      EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS', r);
    END IF;
  END LOOP;
END $$;
ALTER ROLE gatehouse_app LOGIN;
-- The server takes up exactly one of these for each transaction, or for each connection of its jobs and usage pools.
GRANT gatehouse_tenant, gatehouse_system, gatehouse_jobs, gatehouse_usage TO gatehouse_app;
-- Data that a migration has to touch is behind forced row-level security for its owner too.
GRANT gatehouse_system TO gatehouse_owner;
-- Migrations give the usage tables to their writer, who makes their partitions.
GRANT gatehouse_usage TO gatehouse_owner;
DO $$
BEGIN
  -- A superuser may become anybody; on managed Postgres the administrator must be a member to act as the owner.
  IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
    EXECUTE format('GRANT gatehouse_owner TO %I', current_user);
  END IF;
END $$;
GRANT CREATE, USAGE ON SCHEMA public TO gatehouse_owner, gatehouse_usage;
