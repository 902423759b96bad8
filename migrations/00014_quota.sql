-- +goose Up
-- What a budget of a period is, what of it is used, and what is lent. Rows are made by the first call of a period; the row is the lock of all
-- its leases, and used + leased is never above amount by what was lent. Like usage they belong to gatehouse_usage.
CREATE TABLE quotas (
  tenant_id  uuid        NOT NULL DEFAULT NULLIF(current_setting('app.tenant_id', true), '')::uuid,
  meter      text        COLLATE "C" NOT NULL,
  measure    text        COLLATE "C" NOT NULL CONSTRAINT quotas_measure_check CHECK (measure IN ('quantity', 'events', 'cost', 'subjects')),
  kind       text        COLLATE "C" NOT NULL CONSTRAINT quotas_kind_check CHECK (kind IN ('tenant', 'user', 'api_key')),
  subject    uuid        NOT NULL, -- the user or the key; the nil UUID for the tenant
  period     text        COLLATE "C" NOT NULL,
  starts_at  timestamptz NOT NULL,
  ends_at    timestamptz NOT NULL,
  base       bigint      NOT NULL, -- what plan or override or the tenant's own rule says, without grants
  amount     bigint      NOT NULL,
  version    bigint      NOT NULL, -- of the tenant, of which amount is
  used       bigint      NOT NULL, -- of events that are folded
  leased     bigint      NOT NULL DEFAULT 0, -- what its leases hold together
  unleased   bigint      NOT NULL DEFAULT 0, -- of used, what no lease covered: recorded late, above its reservation, or without asking
  reached    smallint    NOT NULL DEFAULT 0, -- percent: the highest threshold that used has come to
  told       smallint    NOT NULL DEFAULT 0, -- the highest that is in quota_notices
  CONSTRAINT quotas_pkey PRIMARY KEY (tenant_id, meter, measure, kind, subject, period, starts_at),
  CONSTRAINT quotas_leased_check CHECK (leased >= 0)
);
CREATE INDEX quotas_reached_idx ON quotas (tenant_id) WHERE reached > told;
SELECT gatehouse_protect('quotas', 'SELECT');

-- What an instance may spend without asking, or a reservation that one call holds. The rest of granted is used as soon as it is folded.
CREATE TABLE quota_leases (
  tenant_id  uuid        NOT NULL DEFAULT NULLIF(current_setting('app.tenant_id', true), '')::uuid,
  id         uuid        NOT NULL, -- that events carry; one for all budgets that a call pays from
  meter      text        COLLATE "C" NOT NULL,
  measure    text        COLLATE "C" NOT NULL,
  kind       text        COLLATE "C" NOT NULL,
  subject    uuid        NOT NULL,
  period     text        COLLATE "C" NOT NULL,
  starts_at  timestamptz NOT NULL,
  instance   uuid, -- NULL of a reservation
  granted    bigint      NOT NULL CONSTRAINT quota_leases_granted_check CHECK (granted >= 0),
  expires_at timestamptz NOT NULL,
  reserved   bigint, -- what granted was of a reservation
  settled_at timestamptz, -- of a reservation
  dead_txid  bigint, -- where the lease was found expired: events from there on are none of its
  CONSTRAINT quota_leases_pkey PRIMARY KEY (tenant_id, id, meter, measure, kind, subject, period, starts_at)
);
CREATE INDEX quota_leases_quota_idx ON quota_leases (tenant_id, meter, measure, kind, subject, period, starts_at);
CREATE INDEX quota_leases_expires_idx ON quota_leases (expires_at);
SELECT gatehouse_protect('quota_leases', 'SELECT');

-- What a meter of unique things has counted in a period: used of its budget is their number.
CREATE TABLE quota_subjects (
  tenant_id  uuid        NOT NULL DEFAULT NULLIF(current_setting('app.tenant_id', true), '')::uuid,
  meter      text        COLLATE "C" NOT NULL,
  period     text        COLLATE "C" NOT NULL,
  starts_at  timestamptz NOT NULL,
  thing      text        COLLATE "C" NOT NULL,
  CONSTRAINT quota_subjects_pkey PRIMARY KEY (tenant_id, meter, period, starts_at, thing)
);
SELECT gatehouse_protect('quota_subjects', 'SELECT');

ALTER TABLE quotas NO FORCE ROW LEVEL SECURITY;
ALTER TABLE quota_leases NO FORCE ROW LEVEL SECURITY;
ALTER TABLE quota_subjects NO FORCE ROW LEVEL SECURITY;
ALTER TABLE quota_subjects OWNER TO gatehouse_usage;
ALTER TABLE quotas OWNER TO gatehouse_usage;
ALTER TABLE quota_leases OWNER TO gatehouse_usage;

-- Budgets that a tenant sets within its plan: for all of it, for each of its people or keys (the nil UUID), or for one.
CREATE TABLE quota_rules (
  tenant_id  uuid        NOT NULL DEFAULT NULLIF(current_setting('app.tenant_id', true), '')::uuid
                         CONSTRAINT quota_rules_tenant_fkey REFERENCES tenants (id),
  meter      text        NOT NULL,
  measure    text        NOT NULL CONSTRAINT quota_rules_measure_check CHECK (measure IN ('quantity', 'events', 'cost')),
  kind       text        NOT NULL CONSTRAINT quota_rules_kind_check CHECK (kind IN ('tenant', 'user', 'api_key')),
  subject    uuid        NOT NULL,
  period     text        NOT NULL CONSTRAINT quota_rules_period_check CHECK (period IN ('day', 'month', 'billing', 'year')),
  amount     bigint      NOT NULL CONSTRAINT quota_rules_amount_check CHECK (amount >= 0),
  soft       boolean     NOT NULL,
  created_at timestamptz NOT NULL,
  CONSTRAINT quota_rules_pkey PRIMARY KEY (tenant_id, meter, measure, kind, subject, period)
);
SELECT gatehouse_protect('quota_rules', 'SELECT, INSERT, UPDATE, DELETE');

-- What a tenant was given once, beside what its plan includes.
CREATE TABLE quota_grants (
  tenant_id  uuid        NOT NULL DEFAULT NULLIF(current_setting('app.tenant_id', true), '')::uuid
                         CONSTRAINT quota_grants_tenant_fkey REFERENCES tenants (id),
  id         uuid        NOT NULL,
  meter      text        NOT NULL,
  amount     bigint      NOT NULL CONSTRAINT quota_grants_amount_check CHECK (amount > 0),
  starts_at  timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  reason     text        NOT NULL CONSTRAINT quota_grants_reason_check CHECK (reason <> ''),
  given_by   text        NOT NULL,
  revoked_at timestamptz,
  CONSTRAINT quota_grants_pkey PRIMARY KEY (tenant_id, id)
);
SELECT gatehouse_protect('quota_grants', 'SELECT, INSERT, UPDATE');

-- The thresholds of which an event was recorded, so that each is once.
CREATE TABLE quota_notices (
  tenant_id  uuid        NOT NULL DEFAULT NULLIF(current_setting('app.tenant_id', true), '')::uuid
                         CONSTRAINT quota_notices_tenant_fkey REFERENCES tenants (id),
  meter      text        NOT NULL,
  measure    text        NOT NULL,
  kind       text        NOT NULL,
  subject    uuid        NOT NULL,
  period     text        NOT NULL,
  starts_at  timestamptz NOT NULL,
  percent    smallint    NOT NULL,
  CONSTRAINT quota_notices_pkey PRIMARY KEY (tenant_id, meter, measure, kind, subject, period, starts_at, percent)
);
SELECT gatehouse_protect('quota_notices', 'SELECT, INSERT');

-- +goose Down
DROP TABLE quota_notices, quota_grants, quota_rules;
SET LOCAL ROLE gatehouse_usage;
DROP TABLE quota_subjects, quota_leases, quotas;
SET LOCAL ROLE gatehouse_owner;
