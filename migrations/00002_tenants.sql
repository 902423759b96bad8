-- +goose Up
CREATE TABLE tenants (
  id          uuid        NOT NULL CONSTRAINT tenants_pkey PRIMARY KEY,
  slug        text        NOT NULL CONSTRAINT tenants_slug_key UNIQUE,
  name        text        NOT NULL,
  status      text        NOT NULL CONSTRAINT tenants_status_check CHECK (status IN ('active', 'suspended', 'deleted', 'installation')),
  plan        text        NOT NULL,
  created_at  timestamptz NOT NULL,
  updated_at  timestamptz NOT NULL,
  deleted_at  timestamptz,
  CONSTRAINT tenants_slug_format CHECK (slug ~ '^[a-z][a-z0-9-]{0,38}[a-z0-9]$')
);
-- A tenant sees its own row; a deleted tenant keeps its row, so that its slug is never given to another.
ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenants FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_rows ON tenants TO gatehouse_tenant
  USING (id = NULLIF(current_setting('app.tenant_id', true), '')::uuid)
  WITH CHECK (id = NULLIF(current_setting('app.tenant_id', true), '')::uuid);
CREATE POLICY system_rows ON tenants TO gatehouse_system USING (true) WITH CHECK (true);
GRANT SELECT, UPDATE ON tenants TO gatehouse_tenant;
GRANT SELECT, INSERT, UPDATE ON tenants TO gatehouse_system;

-- The version moves with every change that a snapshot must see; the rest is the tenant's sign-in policy.
CREATE TABLE tenant_state (
  tenant_id        uuid    NOT NULL DEFAULT NULLIF(current_setting('app.tenant_id', true), '')::uuid
                           CONSTRAINT tenant_state_pkey PRIMARY KEY
                           CONSTRAINT tenant_state_tenant_fkey REFERENCES tenants (id),
  version          bigint  NOT NULL DEFAULT 1,
  require_sso      boolean NOT NULL DEFAULT false,
  google_enabled   boolean NOT NULL DEFAULT true,
  google_jit       boolean NOT NULL DEFAULT false,
  google_role      text    NOT NULL DEFAULT 'member' CONSTRAINT tenant_state_google_role_check CHECK (google_role IN ('admin', 'member', 'viewer')),
  session_idle     bigint  NOT NULL DEFAULT 43200  CONSTRAINT tenant_state_idle_check CHECK (session_idle BETWEEN 300 AND 2592000),
  session_absolute bigint  NOT NULL DEFAULT 604800 CONSTRAINT tenant_state_absolute_check CHECK (session_absolute BETWEEN 300 AND 7776000)
);
SELECT gatehouse_protect('tenant_state', 'SELECT, INSERT, UPDATE');

-- People are global. The tenant role has no rights here: what a tenant knows of a person is in its membership.
CREATE TABLE users (
  id         uuid        NOT NULL CONSTRAINT users_pkey PRIMARY KEY,
  created_at timestamptz NOT NULL
);
GRANT SELECT, INSERT ON users TO gatehouse_system;

CREATE TABLE memberships (
  tenant_id  uuid        NOT NULL DEFAULT NULLIF(current_setting('app.tenant_id', true), '')::uuid
                         CONSTRAINT memberships_tenant_fkey REFERENCES tenants (id),
  id         uuid        NOT NULL,
  user_id    uuid        NOT NULL CONSTRAINT memberships_user_fkey REFERENCES users (id),
  role       text        NOT NULL CONSTRAINT memberships_role_check CHECK (role IN ('owner', 'admin', 'member', 'viewer')),
  status     text        NOT NULL CONSTRAINT memberships_status_check CHECK (status IN ('active', 'suspended', 'removed')),
  email      text        NOT NULL,
  name       text        NOT NULL DEFAULT '',
  picture    text        NOT NULL DEFAULT '',
  source     text        NOT NULL CONSTRAINT memberships_source_check CHECK (source IN ('operator', 'jit', 'seed')),
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  CONSTRAINT memberships_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT memberships_user_key UNIQUE (tenant_id, user_id)
);
CREATE UNIQUE INDEX memberships_email_key ON memberships (tenant_id, email) WHERE status <> 'removed';
CREATE INDEX memberships_user_idx ON memberships (user_id);
SELECT gatehouse_protect('memberships', 'SELECT, INSERT, UPDATE');

-- +goose Down
DROP TABLE memberships, users, tenant_state, tenants;
