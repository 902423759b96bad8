package sso

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// Status is whether a connection lets people in.
type Status string

// The states. A connection begins as a draft, and falls back to one when its issuer or endpoints change.
const (
	Drafted  Status = "draft"
	Active   Status = "active"
	Disabled Status = "disabled"
)

// ProtocolOIDC is the only protocol so far.
const ProtocolOIDC = "oidc"

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
	// Version moves with everything that an attempt under way must not outlive.
	Version   int64
	CreatedBy id.Membership
	CreatedAt time.Time `gorm:"autoCreateTime:false"`
	UpdatedAt time.Time `gorm:"autoUpdateTime:false"`
	TestedAt  *time.Time
}

// TableName implements GORM's Tabler.
func (Connection) TableName() string { return "connections" }

// SecretSet says that a client secret is stored.
func (c Connection) SecretSet() bool { return len(c.Sealed) > 0 }

// ConnectionByID finds a connection of the tenant.
func ConnectionByID(ctx context.Context, tx *db.TenantTx, c id.Connection) (Connection, error) {
	row, err := gorm.G[Connection](tx.DB).Where("id = ?", c).First(ctx)
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
	q := gorm.G[Connection](tx.DB).Order("id").Limit(limit)
	if !after.IsZero() {
		q = q.Where("id > ?", after)
	}
	list, err := q.Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("list connections: %w", err)
	}
	return list, nil
}

// activeConnections lists those that let people in, oldest first. Nobody has many.
func activeConnections(ctx context.Context, tx *db.TenantTx) ([]Connection, error) {
	list, err := gorm.G[Connection](tx.DB).Where("status = ?", string(Active)).Order("id").Limit(20).Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("list active connections: %w", err)
	}
	return list, nil
}
