package sso

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// watched is how long a change takes itself back when it locks people out.
const watched = 24 * time.Hour

// ConnectionVersion is what a connection was before a change.
type ConnectionVersion struct {
	ConnectionID id.Connection `gorm:"primaryKey"`
	Version      int64         `gorm:"primaryKey"`
	Settings     Connection    `gorm:"serializer:json"`
	Sealed       []byte        `gorm:"column:client_secret" json:"-"`
	ChangedBy    string        // who replaced it
	ReplacedAt   time.Time
}

// TableName implements GORM's Tabler.
func (ConnectionVersion) TableName() string { return "connection_versions" }

// replace stores a changed connection as its next version and keeps the one before. A change that could turn people away is watched from now
// on. No change is once another provider has taken the place of the one before: its people cannot come back to that by themselves.
func replace(ctx context.Context, tx *db.TenantTx, old Connection, c *Connection) error {
	decides, err := differ(old, *c)
	if err != nil {
		return err
	}
	if decides {
		v := ConnectionVersion{
			ConnectionID: old.ID, Version: old.Version, Settings: old, Sealed: old.Sealed, ChangedBy: authn.From(ctx).Subject(), ReplacedAt: tx.Now,
		}
		if err := db.Of[ConnectionVersion](tx.DB).Create(ctx, &v); err != nil {
			return fmt.Errorf("keep version %d of connection %s: %w", old.Version, old.ID, err)
		}
		cures, err := v.curable(*c, tx.Now)
		if err != nil {
			return err
		}
		if until := tx.Now.Add(watched); cures {
			c.WatchedUntil = &until
		} else if !c.ProofSince.Equal(old.ProofSince) {
			c.WatchedUntil = nil
		}
	}
	return store(ctx, tx, c)
}

// differ says whether two versions let in, or turn away, different people.
func differ(a, b Connection) (bool, error) {
	for _, c := range []*Connection{&a, &b} {
		c.Name, c.Preset, c.Version, c.UpdatedAt, c.TestedAt, c.WatchedUntil = "", "", 0, time.Time{}, nil, nil
		if c.SAML != nil {
			s := *c.SAML
			s.Metadata, s.Certificates = SAMLMetadata{}, nil
			for _, f := range c.SAML.fingerprints() { // since when they are trusted, and why, is all the same
				s.Certificates = append(s.Certificates, SAMLCertificate{Fingerprint: f})
			}
			c.SAML = &s
		}
	}
	one, err := json.Marshal(a)
	if err != nil {
		return false, fmt.Errorf("compare versions of connection %s: %w", a.ID, err)
	}
	other, err := json.Marshal(b)
	if err != nil {
		return false, fmt.Errorf("compare versions of connection %s: %w", a.ID, err)
	}
	return string(one) != string(other), nil // the secret's hint is part of both
}

func store(ctx context.Context, tx *db.TenantTx, c *Connection) error {
	c.Version++
	c.UpdatedAt = tx.Now
	_, err := db.Of[Connection](tx.DB).Where("id = ?", c.ID).Select("name", "status", "issuer", "client_id", "client_secret", "secret_hint",
		"token_auth", "endpoints", "claim_mapping", "jit", "default_role", "preset", "saml", "group_roles", "testers", "watched_until", "proof_since",
		"frozen_at", "version", "updated_at", "tested_at").Updates(ctx, *c)
	if err != nil {
		return fmt.Errorf("store connection %s: %w", c.ID, err)
	}
	return nil
}

// keepVersions is how long a version is kept: nothing is taken back after the watch, and auditors read events.
const keepVersions = 90 * 24 * time.Hour

// PruneVersions forgets old versions of all tenants.
func PruneVersions(ctx context.Context, sys *db.SystemTx) (int64, error) {
	done := sys.DB.WithContext(ctx).Exec("DELETE FROM connection_versions WHERE replaced_at < ?", sys.Now.Add(-keepVersions))
	if done.Error != nil {
		return 0, fmt.Errorf("prune versions of connections: %w", done.Error)
	}
	return done.RowsAffected, nil
}
