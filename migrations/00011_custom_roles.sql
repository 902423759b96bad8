-- +goose Up
-- Roles that tenants have made: permissions and nothing else. What refers to one names it by role, the text form of its id, where the name
-- of a built-in role would stand; a title can change and refers to nothing.
CREATE TABLE custom_roles (
  tenant_id   uuid        NOT NULL DEFAULT NULLIF(current_setting('app.tenant_id', true), '')::uuid
                          CONSTRAINT custom_roles_tenant_fkey REFERENCES tenants (id),
  id          uuid        NOT NULL,
  role        text        NOT NULL CONSTRAINT custom_roles_role_check CHECK (role ~ '^rol_[0-9a-z]{26}$'),
  name        text        NOT NULL,
  description text        NOT NULL DEFAULT '',
  permissions jsonb       NOT NULL,
  version     bigint      NOT NULL DEFAULT 1,
  created_by  uuid,
  created_at  timestamptz NOT NULL,
  updated_at  timestamptz NOT NULL,
  CONSTRAINT custom_roles_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT custom_roles_role_key UNIQUE (tenant_id, role)
);
CREATE UNIQUE INDEX custom_roles_name_key ON custom_roles (tenant_id, lower(name));
SELECT gatehouse_protect('custom_roles', 'SELECT, INSERT, UPDATE, DELETE');

-- Whoever can be given a role holds a key to it, while they count: a role in use cannot go away, and one of another tenant cannot be given.
ALTER TABLE memberships DROP CONSTRAINT memberships_role_check,
  ADD CONSTRAINT memberships_role_check CHECK (role IN ('owner', 'admin', 'member', 'viewer') OR role LIKE 'rol\_%'),
  ADD COLUMN custom_role text GENERATED ALWAYS AS (CASE WHEN role LIKE 'rol\_%' AND status <> 'removed' THEN role END) STORED,
  ADD CONSTRAINT memberships_custom_role_fkey FOREIGN KEY (tenant_id, custom_role) REFERENCES custom_roles (tenant_id, role);
ALTER TABLE invitations DROP CONSTRAINT invitations_role_check,
  ADD CONSTRAINT invitations_role_check CHECK (role IN ('owner', 'admin', 'member', 'viewer') OR role LIKE 'rol\_%'),
  ADD COLUMN custom_role text
    GENERATED ALWAYS AS (CASE WHEN role LIKE 'rol\_%' AND accepted_at IS NULL AND revoked_at IS NULL THEN role END) STORED,
  ADD CONSTRAINT invitations_custom_role_fkey FOREIGN KEY (tenant_id, custom_role) REFERENCES custom_roles (tenant_id, role);
ALTER TABLE api_keys DROP CONSTRAINT api_keys_role_check,
  ADD CONSTRAINT api_keys_role_check CHECK (role IN ('admin', 'member', 'viewer') OR role LIKE 'rol\_%'),
  ADD COLUMN custom_role text GENERATED ALWAYS AS (CASE WHEN role LIKE 'rol\_%' AND revoked_at IS NULL THEN role END) STORED,
  ADD CONSTRAINT api_keys_custom_role_fkey FOREIGN KEY (tenant_id, custom_role) REFERENCES custom_roles (tenant_id, role);
ALTER TABLE tenant_state DROP CONSTRAINT tenant_state_google_role_check,
  ADD CONSTRAINT tenant_state_google_role_check CHECK (google_role IN ('admin', 'member', 'viewer') OR google_role LIKE 'rol\_%'),
  ADD COLUMN custom_role text GENERATED ALWAYS AS (CASE WHEN google_role LIKE 'rol\_%' THEN google_role END) STORED,
  ADD CONSTRAINT tenant_state_custom_role_fkey FOREIGN KEY (tenant_id, custom_role) REFERENCES custom_roles (tenant_id, role);
ALTER TABLE connections DROP CONSTRAINT connections_default_role_check,
  ADD CONSTRAINT connections_default_role_check CHECK (default_role IN ('admin', 'member', 'viewer') OR default_role LIKE 'rol\_%'),
  ADD COLUMN custom_role text GENERATED ALWAYS AS (CASE WHEN default_role LIKE 'rol\_%' THEN default_role END) STORED,
  ADD CONSTRAINT connections_custom_role_fkey FOREIGN KEY (tenant_id, custom_role) REFERENCES custom_roles (tenant_id, role);

-- The key is looked for when a role is deleted.
CREATE INDEX memberships_custom_role_idx ON memberships (tenant_id, custom_role) WHERE custom_role IS NOT NULL;
CREATE INDEX invitations_custom_role_idx ON invitations (tenant_id, custom_role) WHERE custom_role IS NOT NULL;

-- +goose Down
ALTER TABLE memberships DROP COLUMN custom_role, DROP CONSTRAINT memberships_role_check;
ALTER TABLE memberships ADD CONSTRAINT memberships_role_check CHECK (role IN ('owner', 'admin', 'member', 'viewer')) NOT VALID;
ALTER TABLE invitations DROP COLUMN custom_role, DROP CONSTRAINT invitations_role_check;
ALTER TABLE invitations ADD CONSTRAINT invitations_role_check CHECK (role IN ('owner', 'admin', 'member', 'viewer')) NOT VALID;
ALTER TABLE api_keys DROP COLUMN custom_role, DROP CONSTRAINT api_keys_role_check;
ALTER TABLE api_keys ADD CONSTRAINT api_keys_role_check CHECK (role IN ('admin', 'member', 'viewer')) NOT VALID;
ALTER TABLE tenant_state DROP COLUMN custom_role, DROP CONSTRAINT tenant_state_google_role_check;
ALTER TABLE tenant_state ADD CONSTRAINT tenant_state_google_role_check CHECK (google_role IN ('admin', 'member', 'viewer')) NOT VALID;
ALTER TABLE connections DROP COLUMN custom_role, DROP CONSTRAINT connections_default_role_check;
ALTER TABLE connections ADD CONSTRAINT connections_default_role_check CHECK (default_role IN ('admin', 'member', 'viewer')) NOT VALID;
DROP TABLE custom_roles;
