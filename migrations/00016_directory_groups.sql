-- +goose Up
-- The groups that a provider named at a member's last sign-in, whether or not they have a role: usage is reported by them.
CREATE TABLE directory_groups (
  tenant_id     uuid        NOT NULL DEFAULT NULLIF(current_setting('app.tenant_id', true), '')::uuid
                            CONSTRAINT directory_groups_tenant_fkey REFERENCES tenants (id),
  membership_id uuid        NOT NULL,
  connection_id uuid        NOT NULL,
  groups        jsonb       NOT NULL,
  updated_at    timestamptz NOT NULL,
  CONSTRAINT directory_groups_pkey PRIMARY KEY (tenant_id, membership_id, connection_id),
  CONSTRAINT directory_groups_member_fkey FOREIGN KEY (tenant_id, membership_id) REFERENCES memberships (tenant_id, id),
  CONSTRAINT directory_groups_connection_fkey FOREIGN KEY (tenant_id, connection_id) REFERENCES connections (tenant_id, id) ON DELETE CASCADE
);
SELECT gatehouse_protect('directory_groups', 'SELECT, INSERT, UPDATE, DELETE');

-- +goose Down
DROP TABLE directory_groups;
