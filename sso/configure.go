package sso

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sso/guide"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// Prepared is a draft whose provider has been asked. Only [SignIn.Prepare] makes one.
type Prepared struct {
	draft Draft
	found Found
	key   *Key // of a new SAML connection
	note  []byte
}

// Noting attaches what whoever tries the draft wants back in the [DryRun]: the form as it was typed. It is kept encrypted until then, and
// must hold no secret.
func (p Prepared) Noting(note []byte) Prepared {
	p.note = note
	return p
}

// Prepare checks a draft and asks its provider, outside any transaction. What is wrong with the provider is the error
// connection_invalid with a field and a reason.
func (s *SignIn) Prepare(ctx context.Context, d Draft) (Prepared, error) {
	if err := d.check(); err != nil {
		return Prepared{}, err
	}
	provider := s.providers[d.Protocol]
	if provider == nil {
		return Prepared{}, errs.InvalidField("protocol", "This installation does not speak it.")
	}
	found, err := provider.Discover(ctx, d)
	if err != nil {
		return Prepared{}, err
	}
	if d.Preset == "" {
		d.Preset = guide.Detect(d.Issuer)
		if found.SAML != nil {
			d.Preset = guide.Detect(found.SAML.EntityID)
		}
	}
	p := Prepared{draft: d, found: found}
	if d.Protocol == ProtocolSAML && d.Version == 0 {
		key, err := s.newKey(d.Name)
		if err != nil {
			return Prepared{}, err
		}
		p.key = &key
	}
	return p, nil
}

// Create saves a connection as a draft that lets nobody in yet.
func (s *SignIn) Create(ctx context.Context, sys *db.SystemTx, tx *db.TenantTx, p Prepared) (Connection, error) {
	if err := mayConfigure(ctx, tx, p.draft); err != nil {
		return Connection{}, err
	}
	which, err := p.draft.Reservation.take(tx)
	if err != nil {
		return Connection{}, err
	}
	c := Connection{
		ID: which, Protocol: p.draft.Protocol, Status: Drafted, Version: 1, CreatedBy: authn.From(ctx).Membership,
		CreatedAt: tx.Now, UpdatedAt: tx.Now, ProofSince: tx.Now,
	}
	p.onto(&c)
	c.follow(p)
	if err := s.seal(tx, &c, p.draft.ClientSecret); err != nil {
		return Connection{}, err
	}
	err = sys.DB.WithContext(ctx).
		Exec("INSERT INTO connection_directory (id, tenant_id, created_at) VALUES (?, ?, ?)", c.ID, tx.Tenant, tx.Now).Error
	if db.Constraint(err) == "connection_directory_pkey" {
		return Connection{}, errReservationUsed
	}
	if err != nil {
		return Connection{}, fmt.Errorf("list connection in the directory: %w", err)
	}
	if err := db.Of[Connection](tx.DB).Create(ctx, &c); err != nil {
		return Connection{}, fmt.Errorf("create connection: %w", err)
	}
	if err := takeConnection(ctx, tx, c.ID); err != nil {
		return Connection{}, err
	}
	if p.key != nil {
		if err := s.addKey(ctx, tx, c.ID, ActiveKey, *p.key); err != nil {
			return Connection{}, err
		}
	}
	return c, events.Record(ctx, tx, events.ConnectionCreated, c.ID, describe(c))
}

// onto writes what an administrator decides.
func (p Prepared) onto(c *Connection) {
	d := p.draft
	c.Name, c.ClientID, c.Claims, c.JIT, c.DefaultRole, c.Preset, c.GroupRoles = d.Name, d.ClientID, d.Claims, d.JIT, d.DefaultRole, d.Preset, d.GroupRoles
	if d.Testers != nil {
		c.Testers = d.Testers
	}
	if p.found.SAML != nil {
		c.SAML = p.found.SAML
	}
}

// follow points a connection at the provider that was found.
func (c *Connection) follow(p Prepared) {
	c.Issuer, c.Endpoints, c.TokenAuth = p.draft.Issuer, p.found.Endpoints, p.found.Endpoints.TokenAuth
	if c.Protocol == ProtocolSAML {
		c.Issuer, c.TokenAuth = p.found.SAML.EntityID, "none"
	}
}

// repoint makes a draft again of a connection that is pointed elsewhere. Who has come in since an earlier such change is frozen too, and a
// stored secret goes nowhere else than where it was meant to.
func (c *Connection) repoint(p Prepared, now time.Time) {
	c.Sealed, c.SecretHint, c.Status, c.ProofSince, c.FrozenAt = nil, "", Drafted, now, &now
	c.follow(p)
}

// drift is how far the provider that a draft found is from the one of the connection.
type drift struct{ issuer, endpoints, certificates bool }

func (d drift) any() bool { return d.issuer || d.endpoints }

func (p Prepared) drift(c Connection) drift {
	if c.Protocol == ProtocolSAML {
		found := p.found.SAML
		moved := found.EntityID != c.SAML.EntityID
		return drift{
			issuer: moved, endpoints: !moved && (!slices.Equal(found.SSO, c.SAML.SSO) || !slices.Equal(found.SLO, c.SAML.SLO)),
			certificates: !slices.Equal(found.fingerprints(), c.SAML.fingerprints()),
		}
	}
	moved := p.draft.Issuer != c.Issuer
	return drift{issuer: moved, endpoints: !moved && !p.found.Endpoints.Equal(c.Endpoints)}
}

// Update replaces a connection by a draft. Another issuer, or other endpoints at the same one, make it a draft again, take the stored secret
// away unless a new one is given, end its sessions, and freeze the identities of before until an owner approves them. Endpoints that
// changed at the same issuer are the conflict endpoints_changed until the draft accepts them. Certificates that are new wait for an owner
// unless one asks, and so is the key to which metadata is held an owner's choice (owner_required). A required connection is not moved:
// connection_required. A draft made from an older version is try_again.
func (s *SignIn) Update(ctx context.Context, tx *db.TenantTx, which id.Connection, p Prepared) (Connection, error) {
	d := p.draft
	if err := mayConfigure(ctx, tx, d); err != nil {
		return Connection{}, err
	}
	c, err := s.lock(ctx, tx, which)
	if err != nil {
		return Connection{}, err
	}
	if c.Protocol != d.Protocol {
		return Connection{}, errs.InvalidField("protocol", "A connection keeps its protocol. Create another one.")
	}
	if d.Version != 0 && d.Version != c.Version {
		return Connection{}, ErrTwoChanges
	}
	moved := p.drift(c)
	if moved.endpoints && !d.AcceptEndpoints {
		return Connection{}, errs.New(errs.Conflict, "endpoints_changed",
			"The provider's endpoints have changed since this connection was saved. Accept them to go on.").
			With("endpoints", p.found.Endpoints)
	}
	if moved.any() && c.Status == Required {
		return Connection{}, errs.New(errs.Conflict, "connection_required",
			"People can sign in by this connection only. Make it optional before you point it at another provider.")
	}
	if !moved.any() {
		if err := c.mayPin(ctx, p); err != nil {
			return Connection{}, err
		}
	}
	old := c
	if moved.any() {
		c.repoint(p, tx.Now)
	}
	if moved.any() || moved.certificates || d.ClientID != c.ClientID || !d.ClientSecret.IsZero() {
		c.TestedAt = nil
	}
	p.onto(&c)
	var waiting []SAMLCertificate
	if !moved.any() {
		waiting = c.awaitOwner(ctx, old)
		c.keepDeclined(old)
	}
	if err := s.seal(tx, &c, d.ClientSecret); err != nil {
		return Connection{}, err
	}
	if err := replace(ctx, tx, old, &c); err != nil {
		return Connection{}, err
	}
	if moved.any() {
		if err := endSessions(ctx, tx, c.ID); err != nil {
			return Connection{}, err
		}
	}
	data := describe(c)
	data["issuer_changed"], data["endpoints_changed"], data["secret_changed"] = moved.issuer, moved.endpoints, !d.ClientSecret.IsZero()
	data["certificates_changed"] = moved.certificates
	if err := s.tellOwners(ctx, tx, c, "changed"); err != nil {
		return Connection{}, err
	}
	if err := s.tellWaiting(ctx, tx, c, waiting, "changed"); err != nil {
		return Connection{}, err
	}
	return c, events.Record(ctx, tx, events.ConnectionUpdated, c.ID, data)
}

// ErrTwoChanges refuses a draft that was made from another version of its connection than there is.
var ErrTwoChanges = errs.New(errs.Unavailable, "try_again", "Two changes met. Nothing was changed; try again.")

// Delete removes a connection and ends its sessions. Its identities stay without effect: no other connection ever gets its id.
func (s *SignIn) Delete(ctx context.Context, tx *db.TenantTx, which id.Connection) error {
	c, err := s.lock(ctx, tx, which)
	if err != nil {
		return err
	}
	if c.Status == Required && !ownerDecides(ctx) {
		return tenants.ErrOwnerRequired
	}
	if err := discardBySetup(ctx, tx, c); err != nil {
		return err
	}
	if err := endSessions(ctx, tx, c.ID); err != nil {
		return err
	}
	err = tx.DB.WithContext(ctx).Exec("UPDATE domains SET connection_id = NULL WHERE tenant_id = ? AND connection_id = ?", tx.Tenant, c.ID).Error
	if err != nil {
		return fmt.Errorf("take routes from connection %s: %w", c.ID, err)
	}
	if _, err := db.Of[Connection](tx.DB).Where("id = ?", c.ID).Delete(ctx); err != nil {
		return fmt.Errorf("delete connection %s: %w", c.ID, err)
	}
	if c.Status == Required {
		if err := s.relax(ctx, tx); err != nil {
			return err
		}
	}
	if err := s.tellOwners(ctx, tx, c, "deleted"); err != nil {
		return err
	}
	return events.Record(ctx, tx, events.ConnectionDeleted, c.ID, describe(c))
}

// recordTest remembers that an administrator came through the provider with the configuration of that version.
func recordTest(ctx context.Context, tx *db.TenantTx, c Connection) error {
	_, err := db.Of[Connection](tx.DB).Where("id = ? AND version = ?", c.ID, c.Version).Select("tested_at").
		Updates(ctx, Connection{TestedAt: &tx.Now})
	if err != nil {
		return fmt.Errorf("record test of connection %s: %w", c.ID, err)
	}
	return events.Record(ctx, tx, events.ConnectionTested, c.ID, nil)
}

// lock reads a connection for a change, so that two changes follow one another.
func (s *SignIn) lock(ctx context.Context, tx *db.TenantTx, which id.Connection) (Connection, error) {
	if err := ownConnection(ctx, tx, which); err != nil {
		return Connection{}, err
	}
	err := tx.DB.WithContext(ctx).Exec("SELECT 1 FROM connections WHERE tenant_id = ? AND id = ? FOR UPDATE", tx.Tenant, which).Error
	if err != nil {
		return Connection{}, fmt.Errorf("lock connection %s: %w", which, err)
	}
	return ConnectionByID(ctx, tx, which)
}

func sealedAt(tenant id.Tenant, c id.Connection) secret.AAD {
	return secret.AAD{Table: "connections", Row: c.String(), Tenant: tenant.String()}
}

func (s *SignIn) seal(tx *db.TenantTx, c *Connection, plain secret.Text) error {
	if plain.IsZero() {
		return nil
	}
	sealed, err := s.keyring.Seal([]byte(plain.Reveal()), sealedAt(tx.Tenant, c.ID))
	if err != nil {
		return fmt.Errorf("seal the secret of connection %s: %w", c.ID, err)
	}
	mac := s.pepper.MAC("client secret hint", []byte(c.ID.String()), []byte(plain.Reveal()))
	c.Sealed, c.SecretHint = sealed, hex.EncodeToString(mac[:4])
	return nil
}

func (s *SignIn) open(tenant id.Tenant, c Connection) (secret.Text, error) {
	if !c.SecretSet() {
		return secret.Text{}, nil
	}
	plain, err := s.keyring.Open(c.Sealed, sealedAt(tenant, c.ID))
	if err != nil {
		return secret.Text{}, fmt.Errorf("open the secret of connection %s: %w", c.ID, err)
	}
	return secret.New(string(plain)), nil
}

// fresh is how long a sign-in counts as recent enough for what could hand an account to somebody else.
const fresh = 5 * time.Minute

// ErrReauthRequired asks a person to prove once more who they are.
var ErrReauthRequired = errs.New(errs.Forbidden, "reauth_required", "Sign in once more to do this.")

// mayConfigure keeps a connection from being a ladder: its people get no role above that of who configures it, and a person who is not
// an owner must have signed in just now.
func mayConfigure(ctx context.Context, tx *db.TenantTx, d Draft) error {
	if err := mayTry(ctx, tx, d); err != nil {
		return err
	}
	return useSetupLink(ctx, tx)
}

// mayTry is mayConfigure for what is not saved.
func mayTry(ctx context.Context, tx *db.TenantTx, d Draft) error {
	p := authn.From(ctx)
	if err := knownRoles(ctx, tx, d); err != nil {
		return err
	}
	switch p.Kind {
	case authn.Operator, authn.System:
		return nil
	case authn.Member, authn.APIKey:
	case authn.Setup:
		return mayTryBySetup(ctx, tx, d)
	case authn.Anonymous:
		return errForbidden
	}
	if err := tenants.MayGive(ctx, tx, d.DefaultRole); err != nil {
		return tooHigh("default_role", err)
	}
	for _, g := range d.GroupRoles {
		if err := tenants.MayGive(ctx, tx, g.Role); err != nil {
			return tooHigh("group_roles", err)
		}
	}
	if p.Kind == authn.Member && rbac.Role(p.Role) != rbac.Owner && !seenLately(p.AuthTime, tx.Now) {
		return ErrReauthRequired
	}
	return nil
}

func describe(c Connection) events.Data {
	return events.Data{
		"name": c.Name, "issuer": c.Issuer, "status": c.Status, "jit": c.JIT, "default_role": c.DefaultRole, "version": c.Version,
		"token_host": hostOf(c.Endpoints.Token), "secret_set": c.SecretSet(),
	}
}

// Endpoints are what the provider was found to have.
func (p Prepared) Endpoints() Endpoints { return p.found.Endpoints }

// knownRoles refuses custom roles that are not the tenant's, and keeps the others until the scope ends.
func knownRoles(ctx context.Context, tx *db.TenantTx, d Draft) error {
	if err := tenants.CheckRole(ctx, tx, "default_role", d.DefaultRole); err != nil {
		return err
	}
	for i, g := range d.GroupRoles {
		if err := tenants.CheckRole(ctx, tx, fmt.Sprintf("group_roles[%d]", i), g.Role); err != nil {
			return err
		}
	}
	return nil
}

// tooHigh says at which field a role is above the caller's own.
func tooHigh(field string, err error) error {
	if errors.Is(err, tenants.ErrRoleTooHigh) {
		return errs.InvalidField(field, "Nobody gives a role above their own.")
	}
	return err
}
