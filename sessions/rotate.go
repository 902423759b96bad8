package sessions

import (
	"context"
	"fmt"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// leeway is how far the clocks of two machines may lie apart.
const leeway = 5 * time.Second

// Ensure makes the first key if there is none, and loads the keys. Of instances that start at once, one makes it.
func (k *Keys) Ensure(ctx context.Context) error {
	err := k.db.System(ctx, func(sys *db.SystemTx) error {
		if err := lockKeys(sys); err != nil {
			return err
		}
		var current int64
		if err := sys.DB.Raw("SELECT count(*) FROM signing_keys WHERE trusted_until IS NULL").Scan(&current).Error; err != nil {
			return fmt.Errorf("count signing keys: %w", err)
		}
		if current > 0 {
			return nil
		}
		sys.Changed("keys")
		_, err := k.create(sys, sys.Now)
		return err
	})
	if err != nil {
		return err
	}
	return k.Reload(ctx)
}

// Rotate replaces the signing key. The new key is public at once and signs after the publish delay; from then on the old keys are
// trusted for the overlap, which must outlast an access token. With no overlap at all, for a key that has leaked, the new key signs at
// once and every access token out there is void.
func (k *Keys) Rotate(ctx context.Context, overlap time.Duration) (KeyID, error) {
	if shortest := AccessLifetime + leeway; overlap != 0 && overlap < shortest {
		return "", errs.InvalidField("overlap", fmt.Sprintf("Use 0, or at least %s.", shortest))
	}
	var made KeyID
	err := k.db.Admit(ctx, id.Installation, func(sys *db.SystemTx, tx *db.TenantTx) error {
		if err := lockKeys(sys); err != nil {
			return err
		}
		from := sys.Now
		if overlap > 0 {
			from = from.Add(k.publish)
		}
		if err := retire(sys, from, overlap); err != nil {
			return err
		}
		var err error
		if made, err = k.create(sys, from); err != nil {
			return err
		}
		sys.Changed("keys")
		return events.Record(ctx, tx, events.SigningKeyRotated, made, events.Data{"overlap_seconds": int64(overlap.Seconds())})
	})
	if err != nil {
		return "", err
	}
	return made, k.Reload(ctx)
}

// lockKeys makes those who change the keys take turns.
func lockKeys(sys *db.SystemTx) error {
	if err := sys.DB.Exec("SELECT pg_advisory_xact_lock(7168011, 2)").Error; err != nil {
		return fmt.Errorf("lock signing keys: %w", err)
	}
	return nil
}

// retire says until when the present keys are trusted, and destroys those that no longer are. A key that was on its way out already
// never gains time.
func retire(sys *db.SystemTx, from time.Time, overlap time.Duration) error {
	until := from.Add(overlap)
	err := sys.DB.Exec(`UPDATE signing_keys SET signs_until = LEAST(signs_until, ?), trusted_until = LEAST(trusted_until, ?)`,
		from, until).Error
	if err != nil {
		return fmt.Errorf("retire signing keys: %w", err)
	}
	if err := sys.DB.Exec("DELETE FROM signing_keys WHERE trusted_until <= ?", sys.Now).Error; err != nil {
		return fmt.Errorf("drop signing keys: %w", err)
	}
	return nil
}

func (k *Keys) create(sys *db.SystemTx, from time.Time) (KeyID, error) {
	key, err := newKey()
	if err != nil {
		return "", err
	}
	row, err := key.seal(k.ring)
	if err != nil {
		return "", err
	}
	err = sys.DB.Exec("INSERT INTO signing_keys (kid, public_key, private_key, created_at, signs_from) VALUES (?, ?, ?, ?, ?)",
		row.Kid, row.PublicKey, row.PrivateKey, sys.Now, from).Error
	if err != nil {
		return "", fmt.Errorf("store a signing key: %w", err)
	}
	return key.kid, nil
}
