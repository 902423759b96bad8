-- +goose Up
CREATE TABLE sessions (
  tenant_id          uuid        NOT NULL DEFAULT NULLIF(current_setting('app.tenant_id', true), '')::uuid
                                 CONSTRAINT sessions_tenant_fkey REFERENCES tenants (id),
  id                 uuid        NOT NULL,
  membership_id      uuid        NOT NULL,
  user_id            uuid        NOT NULL CONSTRAINT sessions_user_fkey REFERENCES users (id),
  method             text        NOT NULL CONSTRAINT sessions_method_check CHECK (method IN ('oidc', 'saml', 'google', 'link')),
  connection_id      uuid,
  issuer             text        NOT NULL DEFAULT '',
  subject            text        NOT NULL DEFAULT '',
  subject_format     text        NOT NULL DEFAULT '',
  name_id            text        NOT NULL DEFAULT '',
  idp_session        text        NOT NULL DEFAULT '',
  auth_time          timestamptz NOT NULL,
  amr                text[]      NOT NULL DEFAULT '{}',
  actor              uuid,
  acting_for         uuid,
  device_hash        bytea       NOT NULL,
  user_agent         text        NOT NULL DEFAULT '',
  address            text        NOT NULL DEFAULT '',
  created_at         timestamptz NOT NULL,
  last_seen_at       timestamptz NOT NULL,
  idle_seconds       bigint      NOT NULL,
  expires_at         timestamptz NOT NULL,
  refresh_generation bigint      NOT NULL DEFAULT 1,
  refreshed_at       timestamptz NOT NULL,
  revoked_at         timestamptz,
  revoke_reason      text        NOT NULL DEFAULT '',
  CONSTRAINT sessions_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT sessions_member_fkey FOREIGN KEY (tenant_id, membership_id) REFERENCES memberships (tenant_id, id)
);
CREATE INDEX sessions_member_idx ON sessions (tenant_id, membership_id) WHERE revoked_at IS NULL;
CREATE INDEX sessions_user_idx ON sessions (user_id) WHERE revoked_at IS NULL;
CREATE INDEX sessions_proof_idx ON sessions (tenant_id, connection_id, subject) WHERE revoked_at IS NULL;
SELECT gatehouse_protect('sessions', 'SELECT, INSERT, UPDATE, DELETE');

-- Every generation is kept (hashed) while its session lives, so that an old token is known as reuse and not taken for a guess.
CREATE TABLE refresh_tokens (
  tenant_id  uuid        NOT NULL DEFAULT NULLIF(current_setting('app.tenant_id', true), '')::uuid
                         CONSTRAINT refresh_tokens_tenant_fkey REFERENCES tenants (id),
  session_id uuid        NOT NULL,
  generation bigint      NOT NULL,
  hash       bytea       NOT NULL,
  created_at timestamptz NOT NULL,
  CONSTRAINT refresh_tokens_pkey PRIMARY KEY (tenant_id, session_id, generation),
  CONSTRAINT refresh_tokens_session_fkey FOREIGN KEY (tenant_id, session_id) REFERENCES sessions (tenant_id, id) ON DELETE CASCADE
);
SELECT gatehouse_protect('refresh_tokens', 'SELECT, INSERT, DELETE');

CREATE TABLE api_keys (
  tenant_id           uuid        NOT NULL DEFAULT NULLIF(current_setting('app.tenant_id', true), '')::uuid
                                  CONSTRAINT api_keys_tenant_fkey REFERENCES tenants (id),
  id                  uuid        NOT NULL,
  name                text        NOT NULL,
  role                text        NOT NULL CONSTRAINT api_keys_role_check CHECK (role IN ('admin', 'member', 'viewer')),
  generation          bigint      NOT NULL DEFAULT 1,
  hash                bytea       NOT NULL,
  previous_hash       bytea,
  previous_expires_at timestamptz,
  hint                text        NOT NULL,
  created_by          uuid,
  created_at          timestamptz NOT NULL,
  rotated_at          timestamptz,
  expires_at          timestamptz,
  last_used_at        timestamptz,
  revoked_at          timestamptz,
  CONSTRAINT api_keys_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT api_keys_creator_fkey FOREIGN KEY (tenant_id, created_by) REFERENCES memberships (tenant_id, id)
);
SELECT gatehouse_protect('api_keys', 'SELECT, INSERT, UPDATE');

CREATE TABLE signing_keys (
  kid          text        NOT NULL CONSTRAINT signing_keys_pkey PRIMARY KEY,
  public_key   bytea       NOT NULL,
  private_key  bytea       NOT NULL,
  created_at   timestamptz NOT NULL,
  signs_from   timestamptz NOT NULL,
  signs_until  timestamptz,
  trusted_until timestamptz
);
GRANT SELECT, INSERT, UPDATE, DELETE ON signing_keys TO gatehouse_system;

CREATE TABLE idempotency_keys (
  tenant_id    uuid        NOT NULL DEFAULT NULLIF(current_setting('app.tenant_id', true), '')::uuid
                           CONSTRAINT idempotency_keys_tenant_fkey REFERENCES tenants (id),
  principal    text        NOT NULL,
  key_hash     bytea       NOT NULL,
  request_hash bytea       NOT NULL,
  status       integer     NOT NULL,
  response     bytea       NOT NULL,
  created_at   timestamptz NOT NULL,
  expires_at   timestamptz NOT NULL,
  CONSTRAINT idempotency_keys_pkey PRIMARY KEY (tenant_id, principal, key_hash)
);
SELECT gatehouse_protect('idempotency_keys', 'SELECT, INSERT, UPDATE, DELETE');

-- +goose Down
DROP TABLE idempotency_keys, signing_keys, api_keys, refresh_tokens, sessions;
