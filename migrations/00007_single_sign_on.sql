-- +goose Up
-- Assertions and logout tokens that were used, as long as they could be valid: a second use of one finds it here. Only hashes are kept.
CREATE TABLE used_assertions (
  tenant_id     uuid        NOT NULL DEFAULT NULLIF(current_setting('app.tenant_id', true), '')::uuid
                            CONSTRAINT used_assertions_tenant_fkey REFERENCES tenants (id),
  connection_id uuid        NOT NULL,
  hash          bytea       NOT NULL,
  expires_at    timestamptz NOT NULL,
  CONSTRAINT used_assertions_pkey PRIMARY KEY (tenant_id, connection_id, hash)
);
CREATE INDEX used_assertions_expiry_idx ON used_assertions (tenant_id, expires_at);
SELECT gatehouse_protect('used_assertions', 'SELECT, INSERT, DELETE');

-- The keys with which a connection signs its requests and reads what is encrypted for it. A next key is published beside the active one
-- before it takes over; a retired one decrypts until it is dropped.
CREATE TABLE connection_keys (
  tenant_id     uuid        NOT NULL DEFAULT NULLIF(current_setting('app.tenant_id', true), '')::uuid
                            CONSTRAINT connection_keys_tenant_fkey REFERENCES tenants (id),
  id            uuid        NOT NULL,
  connection_id uuid        NOT NULL,
  slot          text        NOT NULL CONSTRAINT connection_keys_slot_check CHECK (slot IN ('active', 'next', 'retired')),
  certificate   bytea       NOT NULL,
  private_key   bytea       NOT NULL,
  not_after     timestamptz NOT NULL,
  created_at    timestamptz NOT NULL,
  retired_at    timestamptz,
  CONSTRAINT connection_keys_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT connection_keys_connection_fkey FOREIGN KEY (tenant_id, connection_id) REFERENCES connections (tenant_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX connection_keys_slot_idx ON connection_keys (tenant_id, connection_id, slot) WHERE slot <> 'retired';
SELECT gatehouse_protect('connection_keys', 'SELECT, INSERT, UPDATE, DELETE');

-- What a connection was before each change, so that a change which locks people out can be taken back.
CREATE TABLE connection_versions (
  tenant_id     uuid        NOT NULL DEFAULT NULLIF(current_setting('app.tenant_id', true), '')::uuid
                            CONSTRAINT connection_versions_tenant_fkey REFERENCES tenants (id),
  connection_id uuid        NOT NULL,
  version       bigint      NOT NULL,
  settings      jsonb       NOT NULL,
  client_secret bytea,
  changed_by    text        NOT NULL DEFAULT '',
  replaced_at   timestamptz NOT NULL,
  CONSTRAINT connection_versions_pkey PRIMARY KEY (tenant_id, connection_id, version),
  CONSTRAINT connection_versions_connection_fkey FOREIGN KEY (tenant_id, connection_id) REFERENCES connections (tenant_id, id) ON DELETE CASCADE
);
SELECT gatehouse_protect('connection_versions', 'SELECT, INSERT, DELETE');

-- What a provider sent, encrypted, for seven days: only owners open it, and each opening is an event.
CREATE TABLE attempt_documents (
  tenant_id  uuid        NOT NULL DEFAULT NULLIF(current_setting('app.tenant_id', true), '')::uuid
                         CONSTRAINT attempt_documents_tenant_fkey REFERENCES tenants (id),
  attempt_id uuid        NOT NULL,
  kind       text        NOT NULL CONSTRAINT attempt_documents_kind_check CHECK (kind IN ('saml_response', 'id_token')),
  sealed     bytea       NOT NULL,
  size       bigint      NOT NULL,
  created_at timestamptz NOT NULL,
  CONSTRAINT attempt_documents_pkey PRIMARY KEY (tenant_id, attempt_id),
  CONSTRAINT attempt_documents_attempt_fkey FOREIGN KEY (tenant_id, attempt_id) REFERENCES attempts (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX attempt_documents_created_idx ON attempt_documents (tenant_id, created_at);
SELECT gatehouse_protect('attempt_documents', 'SELECT, INSERT, DELETE');

-- Links with which somebody outside sets a connection up: one use, one tenant, nothing but single sign-on. Opening one makes the session
-- of its holder, whose hash is here as well. existing says that the connection was there before the link.
CREATE TABLE setup_links (
  tenant_id          uuid        NOT NULL DEFAULT NULLIF(current_setting('app.tenant_id', true), '')::uuid
                                 CONSTRAINT setup_links_tenant_fkey REFERENCES tenants (id),
  id                 uuid        NOT NULL,
  hash               bytea       NOT NULL,
  email              text        NOT NULL DEFAULT '',
  connection_id      uuid,
  existing           boolean     NOT NULL DEFAULT false,
  created_by         uuid,
  created_at         timestamptz NOT NULL,
  expires_at         timestamptz NOT NULL,
  opened_at          timestamptz,
  session_hash       bytea,
  session_expires_at timestamptz,
  used_at            timestamptz,
  revoked_at         timestamptz,
  CONSTRAINT setup_links_pkey PRIMARY KEY (tenant_id, id)
);
SELECT gatehouse_protect('setup_links', 'SELECT, INSERT, UPDATE, DELETE');

-- Requests for the way back in when single sign-on is broken. There is a row for each, also for an address that is nobody's: all of them
-- are answered and limited alike. Addresses are hashed.
CREATE TABLE recoveries (
  tenant_id     uuid        NOT NULL DEFAULT NULLIF(current_setting('app.tenant_id', true), '')::uuid
                            CONSTRAINT recoveries_tenant_fkey REFERENCES tenants (id),
  id            uuid        NOT NULL,
  email_hash    bytea       NOT NULL,
  source        text        NOT NULL,
  membership_id uuid,
  hash          bytea       NOT NULL,
  browser_hash  bytea       NOT NULL,
  created_at    timestamptz NOT NULL,
  expires_at    timestamptz NOT NULL,
  used_at       timestamptz,
  CONSTRAINT recoveries_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT recoveries_member_fkey FOREIGN KEY (tenant_id, membership_id) REFERENCES memberships (tenant_id, id)
);
CREATE INDEX recoveries_created_idx ON recoveries (tenant_id, created_at);
SELECT gatehouse_protect('recoveries', 'SELECT, INSERT, UPDATE, DELETE');

-- Which connection the people of a domain use, when it is not the same for all of them. The first rule that fits wins.
CREATE TABLE routing_rules (
  tenant_id     uuid        NOT NULL DEFAULT NULLIF(current_setting('app.tenant_id', true), '')::uuid
                            CONSTRAINT routing_rules_tenant_fkey REFERENCES tenants (id),
  id            uuid        NOT NULL,
  position      bigint      NOT NULL,
  domain        text        NOT NULL DEFAULT '',
  emails        jsonb,
  connection_id uuid        NOT NULL,
  created_at    timestamptz NOT NULL,
  CONSTRAINT routing_rules_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT routing_rules_connection_fkey FOREIGN KEY (tenant_id, connection_id) REFERENCES connections (tenant_id, id) ON DELETE CASCADE
);
SELECT gatehouse_protect('routing_rules', 'SELECT, INSERT, UPDATE, DELETE');

-- The groups that a provider last named for a member, per connection: a missing claim leaves them as they are.
CREATE TABLE member_groups (
  tenant_id     uuid        NOT NULL DEFAULT NULLIF(current_setting('app.tenant_id', true), '')::uuid
                            CONSTRAINT member_groups_tenant_fkey REFERENCES tenants (id),
  membership_id uuid        NOT NULL,
  connection_id uuid        NOT NULL,
  groups        jsonb,
  role          text        NOT NULL DEFAULT '',
  unknown       jsonb,
  updated_at    timestamptz NOT NULL,
  CONSTRAINT member_groups_pkey PRIMARY KEY (tenant_id, membership_id, connection_id),
  CONSTRAINT member_groups_member_fkey FOREIGN KEY (tenant_id, membership_id) REFERENCES memberships (tenant_id, id),
  CONSTRAINT member_groups_connection_fkey FOREIGN KEY (tenant_id, connection_id) REFERENCES connections (tenant_id, id) ON DELETE CASCADE
);
SELECT gatehouse_protect('member_groups', 'SELECT, INSERT, UPDATE, DELETE');

-- What owners were warned of, so that each warning comes once.
CREATE TABLE sso_warnings (
  tenant_id     uuid        NOT NULL DEFAULT NULLIF(current_setting('app.tenant_id', true), '')::uuid
                            CONSTRAINT sso_warnings_tenant_fkey REFERENCES tenants (id),
  key           text        NOT NULL,
  warned_at     timestamptz NOT NULL,
  CONSTRAINT sso_warnings_pkey PRIMARY KEY (tenant_id, key)
);
SELECT gatehouse_protect('sso_warnings', 'SELECT, INSERT, DELETE');

-- +goose Down
DROP TABLE sso_warnings, member_groups, routing_rules, recoveries, setup_links, attempt_documents, connection_versions, connection_keys, used_assertions;
