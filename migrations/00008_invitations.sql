-- +goose Up
-- Who was asked to join. The link is stored as a hash; who asked answers for it: without them it is void.
CREATE TABLE invitations (
  tenant_id   uuid        NOT NULL DEFAULT NULLIF(current_setting('app.tenant_id', true), '')::uuid
                          CONSTRAINT invitations_tenant_fkey REFERENCES tenants (id),
  id          uuid        NOT NULL,
  email       text        NOT NULL,
  role        text        NOT NULL CONSTRAINT invitations_role_check CHECK (role IN ('owner', 'admin', 'member', 'viewer')),
  hash        bytea       NOT NULL,
  invited_by  uuid,
  invited_key uuid,
  sends       bigint      NOT NULL DEFAULT 1,
  created_at  timestamptz NOT NULL,
  sent_at     timestamptz NOT NULL,
  expires_at  timestamptz NOT NULL,
  accepted_at timestamptz,
  accepted_by uuid,
  revoked_at  timestamptz,
  CONSTRAINT invitations_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT invitations_inviter_fkey FOREIGN KEY (tenant_id, invited_by) REFERENCES memberships (tenant_id, id),
  CONSTRAINT invitations_key_fkey FOREIGN KEY (tenant_id, invited_key) REFERENCES api_keys (tenant_id, id),
  CONSTRAINT invitations_member_fkey FOREIGN KEY (tenant_id, accepted_by) REFERENCES memberships (tenant_id, id)
);
CREATE UNIQUE INDEX invitations_open_key ON invitations (tenant_id, email) WHERE accepted_at IS NULL AND revoked_at IS NULL;
CREATE INDEX invitations_created_idx ON invitations (tenant_id, created_at);
SELECT gatehouse_protect('invitations', 'SELECT, INSERT, UPDATE');

ALTER TABLE memberships DROP CONSTRAINT memberships_source_check;
ALTER TABLE memberships ADD CONSTRAINT memberships_source_check CHECK (source IN ('operator', 'jit', 'seed', 'invitation'));

-- The invitation that a sign-in is to accept.
ALTER TABLE attempts ADD COLUMN invitation_id uuid;

-- +goose Down
ALTER TABLE attempts DROP COLUMN invitation_id;
DROP TABLE invitations;
