package sso

import (
	"context"
	"fmt"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// Status is whether a connection lets people in.
type Status string

// The states. A connection begins as a draft, and falls back to one when its issuer or endpoints change. One in testing lets its testers in,
// an optional one everybody, and a required one is the only way in but for owners who break the glass.
const (
	Drafted  Status = "draft"
	Testing  Status = "testing"
	Optional Status = "optional"
	Required Status = "required"
	Disabled Status = "disabled"
)

// Open says that people sign in over the connection, testers or everybody.
func (s Status) Open() bool { return s == Testing || s == Optional || s == Required }

// Everybody says that the connection is offered to all.
func (s Status) Everybody() bool { return s == Optional || s == Required }

// The protocols.
const (
	ProtocolOIDC = "oidc"
	ProtocolSAML = "saml"
)

// Connection is a tenant's own provider.
type Connection struct {
	ID       id.Connection `gorm:"primaryKey"`
	Protocol string
	Name     string
	Status   Status
	Issuer   string
	ClientID string
	// Sealed is the client's secret under the keyring; SecretHint is a short MAC of it, which tells two secrets apart and nothing else.
	Sealed      []byte `gorm:"column:client_secret" json:"-"`
	SecretHint  string
	TokenAuth   string
	Endpoints   Endpoints    `gorm:"serializer:json"`
	Claims      ClaimMapping `gorm:"column:claim_mapping;serializer:json"`
	JIT         bool         `gorm:"column:jit"`
	DefaultRole rbac.Role
	// Preset is the key of the guide that the connection was set up by.
	Preset string
	// SAML is nil for other protocols.
	SAML *SAML `gorm:"column:saml;serializer:json"`
	// GroupRoles gives roles by group, the first that fits; Testers are the addresses of who may sign in while the connection is in testing.
	GroupRoles []GroupRole `gorm:"serializer:json"`
	Testers    []string    `gorm:"serializer:json"`
	// Version moves with everything that an attempt under way must not outlive.
	Version int64
	// ProofSince is when the provider itself last changed: who came in before proves nothing about it.
	ProofSince time.Time
	// FrozenAt, when set, is when another provider took the place of the one that the identities are of: they stay without effect until an
	// owner approves.
	FrozenAt *time.Time
	// WatchedUntil is when the last change that could lock people out stops being taken back by itself if it does; [Watching] says what it was.
	WatchedUntil *time.Time
	CreatedBy    id.Membership
	CreatedAt    time.Time `gorm:"autoCreateTime:false"`
	UpdatedAt    time.Time `gorm:"autoUpdateTime:false"`
	TestedAt     *time.Time
}

// TableName implements GORM's Tabler.
func (Connection) TableName() string { return "connections" }

// GroupRole gives a role to the members of a group at the provider.
type GroupRole struct {
	Group string    `json:"group"`
	Role  rbac.Role `json:"role"`
}

// Method is how a session over the connection is made, as sessions and policies name it.
func (c Connection) Method() string {
	switch {
	case c.ID == id.Google:
		return MethodGoogle
	case c.Protocol == ProtocolSAML:
		return MethodSAML
	default:
		return MethodOIDC
	}
}

// SecretSet says that a client secret is stored.
func (c Connection) SecretSet() bool { return len(c.Sealed) > 0 }

// ConnectionByID finds a connection of the tenant.
func ConnectionByID(ctx context.Context, tx *db.TenantTx, c id.Connection) (Connection, error) {
	row, err := db.Of[Connection](tx.DB).Where("id = ?", c).First(ctx)
	if db.IsMissing(err) {
		return Connection{}, errs.NotFound("connection")
	}
	if err != nil {
		return Connection{}, fmt.Errorf("load connection %s: %w", c, err)
	}
	return row, nil
}

// Connections lists the tenant's connections, oldest first, after the given id.
func Connections(ctx context.Context, tx *db.TenantTx, after id.Connection, limit int) ([]Connection, error) {
	q := db.Of[Connection](tx.DB).Order("id").Limit(limit)
	if !after.IsZero() {
		q = q.Where("id > ?", after)
	}
	list, err := q.Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("list connections: %w", err)
	}
	return list, nil
}

// openConnections lists those that let everybody in, oldest first. Nobody has many.
func openConnections(ctx context.Context, tx *db.TenantTx) ([]Connection, error) {
	list, err := db.Of[Connection](tx.DB).Where("status IN ('optional', 'required')").Order("id").Limit(20).Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("list open connections: %w", err)
	}
	return list, nil
}
