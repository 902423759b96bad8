-- +goose Up
-- One row per change: the audit entry. Nobody updates or deletes it, not even the system role.
CREATE TABLE events (
  tenant_id   uuid        NOT NULL DEFAULT NULLIF(current_setting('app.tenant_id', true), '')::uuid
                          CONSTRAINT events_tenant_fkey REFERENCES tenants (id),
  id          uuid        NOT NULL,
  type        text        NOT NULL,
  actor_kind  text        NOT NULL CONSTRAINT events_actor_check CHECK (actor_kind IN ('member', 'api_key', 'operator', 'system', 'setup', 'anonymous')),
  actor_id    text        NOT NULL DEFAULT '',
  acting_for  text        NOT NULL DEFAULT '',
  target_id   text        NOT NULL DEFAULT '',
  data        jsonb       NOT NULL,
  request_id  text        NOT NULL DEFAULT '',
  address     text        NOT NULL DEFAULT '',
  created_at  timestamptz NOT NULL,
  CONSTRAINT events_pkey PRIMARY KEY (tenant_id, id)
);
SELECT gatehouse_protect('events', 'SELECT, INSERT');

-- The catalog in force is the one with the highest version.
CREATE TABLE catalogs (
  version    bigint      NOT NULL CONSTRAINT catalogs_pkey PRIMARY KEY,
  hash       bytea       NOT NULL,
  source     text        NOT NULL,
  applied_at timestamptz NOT NULL
);
GRANT SELECT, INSERT ON catalogs TO gatehouse_system;

SET LOCAL ROLE gatehouse_system;
-- The installation itself: sign-ins that have no tenant yet leave their attempts and events here.
INSERT INTO tenants (id, slug, name, status, plan, created_at, updated_at)
  VALUES ('00000000-0000-7000-8000-000000000000', 'gatehouse', 'Gatehouse', 'installation', 'none', now(), now());
INSERT INTO tenant_state (tenant_id) VALUES ('00000000-0000-7000-8000-000000000000');
INSERT INTO connection_directory (id, tenant_id, created_at)
  VALUES ('00000000-0000-7000-8000-000000000001', '00000000-0000-7000-8000-000000000000', now());
SET LOCAL ROLE gatehouse_owner;

-- +goose Down
DROP TABLE catalogs, events;
