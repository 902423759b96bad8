package sso

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
)

// KeySlot is the place of a key in a connection's life.
type KeySlot string

// The slots. The active key signs; all decrypt.
const (
	ActiveKey  KeySlot = "active"
	NextKey    KeySlot = "next"
	RetiredKey KeySlot = "retired"
)

// ConnectionKey is a key pair of ours for one connection.
type ConnectionKey struct {
	ID           id.ConnectionKey `gorm:"primaryKey"`
	ConnectionID id.Connection
	Slot         KeySlot
	Certificate  []byte // DER
	PrivateKey   []byte `json:"-"` // PKCS #8, encrypted
	NotAfter     time.Time
	CreatedAt    time.Time `gorm:"autoCreateTime:false"`
	RetiredAt    *time.Time
}

// TableName implements GORM's Tabler.
func (ConnectionKey) TableName() string { return "connection_keys" }

// KeysOf lists the keys of a connection, the active one first. It opens none of them.
func KeysOf(ctx context.Context, tx *db.TenantTx, c id.Connection) ([]ConnectionKey, error) {
	rows, err := db.Of[ConnectionKey](tx.DB).Where("connection_id = ?", c).Order("slot, id").Limit(10).Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("list keys of connection %s: %w", c, err)
	}
	return rows, nil
}

// keysOf opens the keys of a connection, the active one first.
func (s *SignIn) keysOf(ctx context.Context, tx *db.TenantTx, c id.Connection) ([]Key, error) {
	rows, err := KeysOf(ctx, tx, c)
	if err != nil {
		return nil, err
	}
	var keys []Key
	for _, row := range rows {
		k, err := s.openKey(tx.Tenant, row)
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	return keys, nil
}

// newKey makes a key pair for a new connection, or its next one. It takes a while, so it happens outside of transactions.
func (s *SignIn) newKey(name string) (Key, error) {
	if s.samlKey == nil {
		return Key{}, errs.InvalidField("protocol", "This installation does not speak it.")
	}
	//nolint:forbidigo // a certificate's validity is no business of a transaction
	private, cert, err := s.samlKey(time.Now(), name)
	if err != nil {
		return Key{}, fmt.Errorf("make a key pair: %w", err)
	}
	return Key{Private: private, Certificate: cert}, nil
}

func (s *SignIn) addKey(ctx context.Context, tx *db.TenantTx, c id.Connection, slot KeySlot, k Key) error {
	plain, err := x509.MarshalPKCS8PrivateKey(k.Private)
	if err != nil {
		return fmt.Errorf("encode key: %w", err)
	}
	row := ConnectionKey{
		ID: id.New[id.ConnectionKey](), ConnectionID: c, Slot: slot, Certificate: k.Certificate.Raw, NotAfter: k.Certificate.NotAfter, CreatedAt: tx.Now,
	}
	if row.PrivateKey, err = s.keyring.Seal(plain, keySealedAt(tx.Tenant, row.ID)); err != nil {
		return fmt.Errorf("seal key of connection %s: %w", c, err)
	}
	if err := db.Of[ConnectionKey](tx.DB).Create(ctx, &row); err != nil {
		return fmt.Errorf("add key of connection %s: %w", c, err)
	}
	return nil
}

func keySealedAt(tenant id.Tenant, k id.ConnectionKey) secret.AAD {
	return secret.AAD{Table: "connection_keys", Row: k.String(), Tenant: tenant.String()}
}

func (s *SignIn) openKey(tenant id.Tenant, row ConnectionKey) (Key, error) {
	plain, err := s.keyring.Open(row.PrivateKey, keySealedAt(tenant, row.ID))
	if err != nil {
		return Key{}, fmt.Errorf("open key %s: %w", row.ID, err)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(plain)
	if err != nil {
		return Key{}, fmt.Errorf("parse key %s: %w", row.ID, err)
	}
	private, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return Key{}, fmt.Errorf("key %s is not RSA", row.ID)
	}
	cert, err := x509.ParseCertificate(row.Certificate)
	if err != nil {
		return Key{}, fmt.Errorf("parse certificate of key %s: %w", row.ID, err)
	}
	return Key{Private: private, Certificate: cert}, nil
}
