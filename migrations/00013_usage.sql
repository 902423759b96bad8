-- +goose Up
-- Usage belongs to gatehouse_usage, whom its policies do not bind: COPY is refused under forced row-level security. Tenants and the system
-- role read it. No foreign key leads from here: it would cost more than writing the row does.
CREATE TABLE usage_events (
  txid          bigint      NOT NULL DEFAULT txid_current(), -- plus what watermark.base says, in a restored database
  at            timestamptz NOT NULL,
  received_at   timestamptz NOT NULL DEFAULT now(),
  quantity      bigint      NOT NULL CONSTRAINT usage_events_quantity_check CHECK (quantity >= 0),
  input_tokens  bigint      NOT NULL,
  output_tokens bigint      NOT NULL,
  cached_tokens bigint      NOT NULL,
  cost          bigint      NOT NULL, -- in billionths of the currency's unit
  idem          uuid        NOT NULL, -- the key: a UUIDv7 as it is, or the hash of any other text
  tenant_id     uuid        NOT NULL DEFAULT NULLIF(current_setting('app.tenant_id', true), '')::uuid,
  user_id       uuid,
  key_id        uuid,
  lease         uuid,
  day           date        NOT NULL, -- bound to the key at first sight, so that a key unique within its day is unique
  meter         text        COLLATE "C" NOT NULL,
  subject       text        COLLATE "C" NOT NULL, -- of a meter of unique things; else ''
  feature       text        COLLATE "C" NOT NULL,
  role          text        COLLATE "C" NOT NULL,
  plan          text        COLLATE "C" NOT NULL,
  route         text        COLLATE "C" NOT NULL,
  model         text        COLLATE "C" NOT NULL,
  currency      text        COLLATE "C" NOT NULL,
  -- In the order of keys, most of which grow with time: new entries go to the index's right end.
  CONSTRAINT usage_events_pkey PRIMARY KEY (idem, tenant_id, day)
) PARTITION BY RANGE (day);
CREATE INDEX usage_events_txid_idx ON usage_events (txid);
SELECT gatehouse_protect('usage_events', 'SELECT');

-- The day of keys that do not tell it themselves.
CREATE TABLE usage_keys (
  tenant_id uuid NOT NULL DEFAULT NULLIF(current_setting('app.tenant_id', true), '')::uuid,
  idem      uuid NOT NULL,
  day       date NOT NULL,
  CONSTRAINT usage_keys_pkey PRIMARY KEY (tenant_id, idem)
);
CREATE INDEX usage_keys_day_idx ON usage_keys (day);
SELECT gatehouse_protect('usage_keys', 'SELECT');

-- The sums. A cell is the hash of everything that a row is about.
CREATE TABLE usage_hours (
  tenant_id     uuid        NOT NULL DEFAULT NULLIF(current_setting('app.tenant_id', true), '')::uuid,
  meter         text        COLLATE "C" NOT NULL,
  starts_at     timestamptz NOT NULL,
  cell          uuid        NOT NULL,
  user_id       uuid,
  key_id        uuid,
  subject       text        COLLATE "C" NOT NULL,
  feature       text        COLLATE "C" NOT NULL,
  role          text        COLLATE "C" NOT NULL,
  route         text        COLLATE "C" NOT NULL,
  model         text        COLLATE "C" NOT NULL,
  currency      text        COLLATE "C" NOT NULL,
  events        bigint      NOT NULL,
  largest       bigint      NOT NULL,
  quantity      numeric     NOT NULL,
  input_tokens  numeric     NOT NULL,
  output_tokens numeric     NOT NULL,
  cached_tokens numeric     NOT NULL,
  cost          numeric     NOT NULL,
  CONSTRAINT usage_hours_pkey PRIMARY KEY (tenant_id, meter, starts_at, cell)
);
SELECT gatehouse_protect('usage_hours', 'SELECT');

CREATE TABLE usage_days (
  LIKE usage_hours INCLUDING DEFAULTS,
  CONSTRAINT usage_days_pkey PRIMARY KEY (tenant_id, meter, starts_at, cell)
);
SELECT gatehouse_protect('usage_days', 'SELECT');

-- Events with a smaller txid are in the sums. Transaction ids belong to a cluster: in another one they start anew, and base is what is
-- added to them so that they still grow.
CREATE TABLE usage_watermark (
  one       boolean     NOT NULL DEFAULT true CONSTRAINT usage_watermark_pkey PRIMARY KEY CONSTRAINT usage_watermark_one_check CHECK (one),
  txid      bigint      NOT NULL,
  base      bigint      NOT NULL,
  cluster   text        NOT NULL, -- its system identifier
  folded_at timestamptz NOT NULL
);
INSERT INTO usage_watermark (txid, base, cluster, folded_at) SELECT 0, 0, system_identifier::text, now() FROM pg_control_system();
GRANT SELECT ON usage_watermark TO gatehouse_tenant, gatehouse_system;

ALTER TABLE usage_events NO FORCE ROW LEVEL SECURITY;
ALTER TABLE usage_keys NO FORCE ROW LEVEL SECURITY;
ALTER TABLE usage_hours NO FORCE ROW LEVEL SECURITY;
ALTER TABLE usage_days NO FORCE ROW LEVEL SECURITY;
ALTER TABLE usage_events OWNER TO gatehouse_usage;
ALTER TABLE usage_keys OWNER TO gatehouse_usage;
ALTER TABLE usage_hours OWNER TO gatehouse_usage;
ALTER TABLE usage_days OWNER TO gatehouse_usage;
ALTER TABLE usage_watermark OWNER TO gatehouse_usage;

-- +goose Down
SET LOCAL ROLE gatehouse_usage;
DROP TABLE usage_watermark, usage_days, usage_hours, usage_keys, usage_events;
SET LOCAL ROLE gatehouse_owner;
