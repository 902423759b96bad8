-- +goose Up
-- Where days end. The events with lo <= txid < hi are those of the day: each is in exactly one, whenever it happened.
CREATE TABLE usage_closings (
  day       date        NOT NULL CONSTRAINT usage_closings_pkey PRIMARY KEY,
  lo        bigint      NOT NULL,
  hi        bigint      NOT NULL CONSTRAINT usage_closings_hi_check CHECK (hi >= lo),
  closed_at timestamptz NOT NULL DEFAULT now()
);
GRANT SELECT ON usage_closings TO gatehouse_tenant, gatehouse_system;

-- The seal of a tenant's day: the root of the Merkle tree of its events, and the head of the chain of all of its days. A day without events
-- has none.
CREATE TABLE usage_seals (
  tenant_id uuid   NOT NULL DEFAULT NULLIF(current_setting('app.tenant_id', true), '')::uuid,
  day       date   NOT NULL,
  events    bigint NOT NULL CONSTRAINT usage_seals_events_check CHECK (events > 0),
  root      bytea  NOT NULL CONSTRAINT usage_seals_root_check CHECK (length(root) = 32),
  previous  bytea  NOT NULL CONSTRAINT usage_seals_previous_check CHECK (length(previous) = 32), -- the head before; zeros before the first
  head      bytea  NOT NULL CONSTRAINT usage_seals_head_check CHECK (length(head) = 32),
  CONSTRAINT usage_seals_pkey PRIMARY KEY (tenant_id, day)
);
SELECT gatehouse_protect('usage_seals', 'SELECT');

-- What the events of a sealed day add to a month. That of late events is a month before: an adjustment.
CREATE TABLE usage_seal_lines (
  tenant_id     uuid    NOT NULL DEFAULT NULLIF(current_setting('app.tenant_id', true), '')::uuid,
  day           date    NOT NULL,
  month         date    NOT NULL,
  meter         text    COLLATE "C" NOT NULL,
  currency      text    COLLATE "C" NOT NULL,
  events        bigint  NOT NULL,
  subjects      bigint  NOT NULL, -- that no earlier day of the tenant counted for this meter and month
  largest       bigint  NOT NULL,
  quantity      numeric NOT NULL,
  input_tokens  numeric NOT NULL,
  output_tokens numeric NOT NULL,
  cached_tokens numeric NOT NULL,
  cost          numeric NOT NULL,
  CONSTRAINT usage_seal_lines_pkey PRIMARY KEY (tenant_id, day, month, meter, currency)
);
SELECT gatehouse_protect('usage_seal_lines', 'SELECT');

-- What meters of unique things counted in a month, while events of it may come.
CREATE TABLE usage_seal_subjects (
  tenant_id uuid NOT NULL DEFAULT NULLIF(current_setting('app.tenant_id', true), '')::uuid,
  month     date NOT NULL,
  meter     text COLLATE "C" NOT NULL,
  subject   text COLLATE "C" NOT NULL,
  CONSTRAINT usage_seal_subjects_pkey PRIMARY KEY (tenant_id, month, meter, subject)
);
CREATE INDEX usage_seal_subjects_month_idx ON usage_seal_subjects (month);
SELECT gatehouse_protect('usage_seal_subjects', 'SELECT');

-- What is left of a partition: all of its events, by column, compressed, in the order of their keys.
CREATE TABLE usage_segments (
  tenant_id uuid    NOT NULL DEFAULT NULLIF(current_setting('app.tenant_id', true), '')::uuid,
  day       date    NOT NULL, -- of the partition
  part      integer NOT NULL,
  events    integer NOT NULL,
  first     bigint  NOT NULL, -- the smallest txid of them
  last      bigint  NOT NULL,
  data      bytea   NOT NULL,
  CONSTRAINT usage_segments_pkey PRIMARY KEY (tenant_id, day, part)
);
ALTER TABLE usage_segments ALTER COLUMN data SET STORAGE EXTERNAL; -- it is compressed
SELECT gatehouse_protect('usage_segments', 'SELECT');

ALTER TABLE usage_seals NO FORCE ROW LEVEL SECURITY;
ALTER TABLE usage_seal_lines NO FORCE ROW LEVEL SECURITY;
ALTER TABLE usage_seal_subjects NO FORCE ROW LEVEL SECURITY;
ALTER TABLE usage_segments NO FORCE ROW LEVEL SECURITY;
ALTER TABLE usage_closings OWNER TO gatehouse_usage;
ALTER TABLE usage_seals OWNER TO gatehouse_usage;
ALTER TABLE usage_seal_lines OWNER TO gatehouse_usage;
ALTER TABLE usage_seal_subjects OWNER TO gatehouse_usage;
ALTER TABLE usage_segments OWNER TO gatehouse_usage;

-- +goose Down
SET LOCAL ROLE gatehouse_usage;
DROP TABLE usage_segments, usage_seal_subjects, usage_seal_lines, usage_seals, usage_closings;
SET LOCAL ROLE gatehouse_owner;
