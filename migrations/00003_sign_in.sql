-- +goose Up
-- Which tenant a connection belongs to: what a callback path knows is only the connection's id.
CREATE TABLE connection_directory (
  id         uuid        NOT NULL CONSTRAINT connection_directory_pkey PRIMARY KEY,
  tenant_id  uuid        NOT NULL CONSTRAINT connection_directory_tenant_fkey REFERENCES tenants (id),
  created_at timestamptz NOT NULL
);
GRANT SELECT, INSERT ON connection_directory TO gatehouse_system;

-- One tenant per verified domain. skeleton is what the name looks like: two names with one skeleton are taken for each other.
CREATE TABLE domain_directory (
  domain      text        NOT NULL CONSTRAINT domain_directory_pkey PRIMARY KEY,
  tenant_id   uuid        NOT NULL CONSTRAINT domain_directory_tenant_fkey REFERENCES tenants (id),
  skeleton    text        NOT NULL,
  verified_at timestamptz NOT NULL
);
CREATE INDEX domain_directory_skeleton_idx ON domain_directory (skeleton);
GRANT SELECT, INSERT, DELETE ON domain_directory TO gatehouse_system;

-- An external identity is the triple (connection, issuer, subject). The e-mail is what the provider last said, never a key.
CREATE TABLE identities (
  id            uuid        NOT NULL CONSTRAINT identities_pkey PRIMARY KEY,
  user_id       uuid        NOT NULL CONSTRAINT identities_user_fkey REFERENCES users (id),
  connection_id uuid        NOT NULL CONSTRAINT identities_connection_fkey REFERENCES connection_directory (id),
  issuer        text        NOT NULL,
  subject       text        NOT NULL,
  email         text        NOT NULL DEFAULT '',
  created_at    timestamptz NOT NULL,
  last_used_at  timestamptz,
  CONSTRAINT identities_triple_key UNIQUE (connection_id, issuer, subject)
);
CREATE INDEX identities_user_idx ON identities (user_id);
GRANT SELECT, INSERT, UPDATE, DELETE ON identities TO gatehouse_system;

CREATE TABLE connections (
  tenant_id      uuid        NOT NULL DEFAULT NULLIF(current_setting('app.tenant_id', true), '')::uuid
                             CONSTRAINT connections_tenant_fkey REFERENCES tenants (id),
  id             uuid        NOT NULL,
  protocol       text        NOT NULL CONSTRAINT connections_protocol_check CHECK (protocol IN ('oidc', 'saml')),
  name           text        NOT NULL,
  status         text        NOT NULL CONSTRAINT connections_status_check CHECK (status IN ('draft', 'testing', 'optional', 'required', 'disabled')),
  issuer         text        NOT NULL,
  client_id      text        NOT NULL,
  client_secret  bytea,
  secret_hint    text        NOT NULL DEFAULT '',
  token_auth     text        NOT NULL CONSTRAINT connections_token_auth_check CHECK (token_auth IN ('client_secret_basic', 'client_secret_post', 'none')),
  endpoints      jsonb       NOT NULL,
  claim_mapping  jsonb       NOT NULL,
  jit            boolean     NOT NULL,
  default_role   text        NOT NULL CONSTRAINT connections_default_role_check CHECK (default_role IN ('admin', 'member', 'viewer')),
  preset         text        NOT NULL DEFAULT '',
  saml           jsonb,
  group_roles    jsonb,
  testers        jsonb,
  version        bigint      NOT NULL DEFAULT 1,
  watched_until  timestamptz,
  proof_since    timestamptz,
  frozen_at      timestamptz,
  created_by     uuid,
  created_at     timestamptz NOT NULL,
  updated_at     timestamptz NOT NULL,
  tested_at      timestamptz,
  CONSTRAINT connections_pkey PRIMARY KEY (tenant_id, id)
);
SELECT gatehouse_protect('connections', 'SELECT, INSERT, UPDATE, DELETE');

CREATE TABLE domains (
  tenant_id     uuid        NOT NULL DEFAULT NULLIF(current_setting('app.tenant_id', true), '')::uuid
                            CONSTRAINT domains_tenant_fkey REFERENCES tenants (id),
  id            uuid        NOT NULL,
  domain        text        NOT NULL,
  status        text        NOT NULL CONSTRAINT domains_status_check CHECK (status IN ('pending', 'verified', 'failed')),
  connection_id uuid,
  token         text        NOT NULL,
  created_at    timestamptz NOT NULL,
  asked_at      timestamptz NOT NULL,
  verified_at   timestamptz,
  verified_by   text        NOT NULL DEFAULT '' CONSTRAINT domains_verified_by_check CHECK (verified_by IN ('', 'dns', 'operator')),
  checked_at    timestamptz,
  finding       text        NOT NULL DEFAULT '' CONSTRAINT domains_finding_check
                            CHECK (finding IN ('', 'found', 'missing', 'mismatch', 'alias', 'unreachable', 'unavailable')),
  lost_at       timestamptz,
  next_check_at timestamptz,
  CONSTRAINT domains_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT domains_domain_key UNIQUE (tenant_id, domain),
  CONSTRAINT domains_connection_fkey FOREIGN KEY (tenant_id, connection_id) REFERENCES connections (tenant_id, id)
);
CREATE INDEX domains_due_idx ON domains (next_check_at) WHERE next_check_at IS NOT NULL;
SELECT gatehouse_protect('domains', 'SELECT, INSERT, UPDATE, DELETE');

-- A sign-in from its first redirect on. state and browser are hashes; nonce and PKCE verifier are derived, never stored.
CREATE TABLE attempts (
  tenant_id     uuid        NOT NULL DEFAULT NULLIF(current_setting('app.tenant_id', true), '')::uuid
                            CONSTRAINT attempts_tenant_fkey REFERENCES tenants (id),
  id            uuid        NOT NULL,
  connection_id uuid        NOT NULL,
  purpose       text        NOT NULL CONSTRAINT attempts_purpose_check CHECK (purpose IN ('sign_in', 'link', 'reauth', 'test')),
  source        text        NOT NULL DEFAULT 'sp' CONSTRAINT attempts_source_check CHECK (source IN ('sp', 'idp', 'test')),
  stage         text        NOT NULL CONSTRAINT attempts_stage_check CHECK (stage IN ('redirected', 'returned', 'exchanged', 'verified', 'finished')),
  outcome       text        NOT NULL CONSTRAINT attempts_outcome_check CHECK (outcome IN ('pending', 'succeeded', 'refused')),
  reason        text        NOT NULL DEFAULT '',
  expected      text        NOT NULL DEFAULT '',
  got           text        NOT NULL DEFAULT '',
  checks        jsonb,
  subject       text        NOT NULL DEFAULT '',
  email         text        NOT NULL DEFAULT '',
  membership_id uuid,
  known_member_id uuid,
  held          bytea,
  setup_link_id uuid,
  state_hash    bytea       NOT NULL,
  browser_hash  bytea       NOT NULL,
  return_to     text        NOT NULL DEFAULT '',
  session_id    uuid,
  user_id       uuid,
  identity_id   uuid,
  address       text        NOT NULL,
  user_agent    text        NOT NULL DEFAULT '',
  request_id    text        NOT NULL DEFAULT '',
  config_version bigint     NOT NULL DEFAULT 0,
  created_at    timestamptz NOT NULL,
  expires_at    timestamptz NOT NULL,
  consumed_at   timestamptz,
  replayed_at   timestamptz,
  finished_at   timestamptz,
  CONSTRAINT attempts_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT attempts_state_key UNIQUE (tenant_id, state_hash)
);
CREATE INDEX attempts_address_idx ON attempts (tenant_id, address, created_at);
CREATE INDEX attempts_expiry_idx ON attempts (tenant_id, expires_at);
CREATE INDEX attempts_request_idx ON attempts (tenant_id, request_id);
SELECT gatehouse_protect('attempts', 'SELECT, INSERT, UPDATE, DELETE');

CREATE TABLE sign_in_links (
  tenant_id     uuid        NOT NULL DEFAULT NULLIF(current_setting('app.tenant_id', true), '')::uuid
                            CONSTRAINT sign_in_links_tenant_fkey REFERENCES tenants (id),
  id            uuid        NOT NULL,
  membership_id uuid        NOT NULL,
  hash          bytea       NOT NULL,
  created_at    timestamptz NOT NULL,
  expires_at    timestamptz NOT NULL,
  used_at       timestamptz,
  CONSTRAINT sign_in_links_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT sign_in_links_member_fkey FOREIGN KEY (tenant_id, membership_id) REFERENCES memberships (tenant_id, id)
);
SELECT gatehouse_protect('sign_in_links', 'SELECT, INSERT, UPDATE, DELETE');

-- +goose Down
DROP TABLE sign_in_links, attempts, domains, connections, identities, domain_directory, connection_directory;
