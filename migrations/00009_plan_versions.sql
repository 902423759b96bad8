-- +goose Up
-- What each version of a plan includes. Nobody changes or deletes one: a tenant that has it keeps what it bought.
CREATE TABLE plan_versions (
  plan            text        NOT NULL CONSTRAINT plan_versions_plan_check CHECK (plan IN ('free', 'pro', 'team', 'enterprise')),
  version         bigint      NOT NULL CONSTRAINT plan_versions_version_check CHECK (version > 0),
  terms           jsonb       NOT NULL,
  catalog_version bigint      NOT NULL,
  created_at      timestamptz NOT NULL,
  CONSTRAINT plan_versions_pkey PRIMARY KEY (plan, version)
);
GRANT SELECT, INSERT ON plan_versions TO gatehouse_system;
GRANT SELECT ON plan_versions TO gatehouse_tenant;

-- The first version of each plan is what the catalog in force says of it; the server writes it when it first reads that catalog.
ALTER TABLE tenants ADD COLUMN plan_version bigint NOT NULL DEFAULT 1;

-- A dated change of the plan. It decides from its moment on, and a job then writes it into the tenant's row.
CREATE TABLE plan_moves (
  tenant_id    uuid        NOT NULL DEFAULT NULLIF(current_setting('app.tenant_id', true), '')::uuid
                           CONSTRAINT plan_moves_tenant_fkey REFERENCES tenants (id),
  id           uuid        NOT NULL,
  plan         text        NOT NULL,
  plan_version bigint      NOT NULL,
  moves_at     timestamptz NOT NULL,
  created_at   timestamptz NOT NULL,
  settled_at   timestamptz,
  canceled_at  timestamptz,
  CONSTRAINT plan_moves_pkey PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX plan_moves_open_key ON plan_moves (tenant_id) WHERE settled_at IS NULL AND canceled_at IS NULL;
SELECT gatehouse_protect('plan_moves', 'SELECT, INSERT, UPDATE');

-- A higher plan that is lent until a moment.
CREATE TABLE plan_trials (
  tenant_id    uuid        NOT NULL DEFAULT NULLIF(current_setting('app.tenant_id', true), '')::uuid
                           CONSTRAINT plan_trials_tenant_fkey REFERENCES tenants (id),
  id           uuid        NOT NULL,
  plan         text        NOT NULL,
  plan_version bigint      NOT NULL,
  started_at   timestamptz NOT NULL,
  ends_at      timestamptz NOT NULL,
  ended_at     timestamptz,
  CONSTRAINT plan_trials_pkey PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX plan_trials_open_key ON plan_trials (tenant_id) WHERE ended_at IS NULL;
SELECT gatehouse_protect('plan_trials', 'SELECT, INSERT, UPDATE');

-- What one tenant has apart from its plan. Removed ones are in the event log.
CREATE TABLE plan_overrides (
  tenant_id  uuid        NOT NULL DEFAULT NULLIF(current_setting('app.tenant_id', true), '')::uuid
                         CONSTRAINT plan_overrides_tenant_fkey REFERENCES tenants (id),
  feature    text        NOT NULL,
  switched   boolean     NOT NULL,
  number     jsonb,
  reason     text        NOT NULL CONSTRAINT plan_overrides_reason_check CHECK (reason <> ''),
  expires_at timestamptz,
  created_at timestamptz NOT NULL,
  CONSTRAINT plan_overrides_pkey PRIMARY KEY (tenant_id, feature)
);
SELECT gatehouse_protect('plan_overrides', 'SELECT, INSERT, UPDATE, DELETE');

-- +goose Down
DROP TABLE plan_overrides, plan_trials, plan_moves;
ALTER TABLE tenants DROP COLUMN plan_version;
DROP TABLE plan_versions;
