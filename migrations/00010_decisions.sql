-- +goose Up
-- What was decided: all refusals and a sample of approvals, for seven days. Nobody changes a row, and tenants delete none.
CREATE TABLE decisions (
  tenant_id       uuid        NOT NULL DEFAULT NULLIF(current_setting('app.tenant_id', true), '')::uuid
                              CONSTRAINT decisions_tenant_fkey REFERENCES tenants (id),
  id              uuid        NOT NULL,
  at              timestamptz NOT NULL,
  member_id       uuid,
  key_id          uuid,
  role            text        NOT NULL,
  plan            text        NOT NULL,
  permission      text        NOT NULL,
  feature         text        NOT NULL,
  quantity        bigint      NOT NULL DEFAULT 0,
  route           text        NOT NULL,
  allowed         boolean     NOT NULL,
  clause          text        NOT NULL,
  needs_role      text        NOT NULL,
  needs_plan      text        NOT NULL,
  tenant_version  bigint      NOT NULL,
  catalog_version bigint      NOT NULL,
  CONSTRAINT decisions_pkey PRIMARY KEY (tenant_id, id)
);
-- Rows arrive and go in the order of time: both happen at an end of it.
CREATE INDEX decisions_at_idx ON decisions (at);
SELECT gatehouse_protect('decisions', 'SELECT, INSERT');
GRANT DELETE ON decisions TO gatehouse_system;

-- +goose Down
DROP TABLE decisions;
