package sessions

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/secret"
)

const (
	defaultReload  = time.Minute
	defaultPublish = 2 * defaultReload
	// unknownEvery bounds how often tokens with an unknown key can make an instance ask the database.
	unknownEvery   = time.Second
	unknownTimeout = 2 * time.Second
)

// KeysConfig is what signing keys are kept with.
type KeysConfig struct {
	DB      *db.DB
	Keyring *secret.Keyring
	// PublishDelay is how long a new key is public before it signs, so that every instance and every cache of the JWKS has learned it;
	// 0 means 2 minutes.
	PublishDelay time.Duration
	// ReloadEvery bounds how long an instance that missed a notification works with old keys; 0 means every minute.
	ReloadEvery time.Duration
	Log         *slog.Logger // nil means slog.Default
}

// Keys are the installation's signing keys, as this instance knows them. Make it with [NewKeys] and call Ensure before use.
type Keys struct {
	db      *db.DB
	ring    *secret.Keyring
	publish time.Duration
	every   time.Duration
	log     *slog.Logger
	set     atomic.Pointer[keySet]

	reloading sync.Mutex // held while reading, so that an older answer never replaces a newer one
	asked     atomic.Int64
}

// NewKeys reports everything that is wrong with cfg at once. It does not touch the database.
func NewKeys(cfg KeysConfig) (*Keys, error) {
	var mistakes []error
	if cfg.DB == nil {
		mistakes = append(mistakes, errors.New("no database"))
	}
	if cfg.Keyring == nil {
		mistakes = append(mistakes, errors.New("no keyring"))
	}
	if cfg.PublishDelay < 0 {
		mistakes = append(mistakes, errors.New("the publish delay is negative"))
	}
	if cfg.ReloadEvery < 0 {
		mistakes = append(mistakes, errors.New("the time between two reloads is negative"))
	}
	if err := errors.Join(mistakes...); err != nil {
		return nil, err
	}
	if cfg.PublishDelay == 0 {
		cfg.PublishDelay = defaultPublish
	}
	if cfg.ReloadEvery == 0 {
		cfg.ReloadEvery = defaultReload
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	k := &Keys{db: cfg.DB, ring: cfg.Keyring, publish: cfg.PublishDelay, every: cfg.ReloadEvery, log: cfg.Log}
	k.set.Store(newKeySet(nil, time.Time{}))
	return k, nil
}

// Ready returns an error while this instance knows no key.
func (k *Keys) Ready() error {
	if len(k.set.Load().keys) == 0 {
		return errors.New("no signing key is loaded")
	}
	return nil
}

const keysSQL = `SELECT kid, private_key, signs_from, trusted_until FROM signing_keys
WHERE trusted_until IS NULL OR trusted_until > ? ORDER BY signs_from DESC, kid`

// Reload reads the keys again. The listener calls it when told that "keys" changed; an error leaves the keys as they were.
func (k *Keys) Reload(ctx context.Context) error {
	k.reloading.Lock()
	defer k.reloading.Unlock()
	var set *keySet
	err := k.db.System(ctx, func(sys *db.SystemTx) error {
		var rows []keyRow
		if err := sys.DB.Raw(keysSQL, sys.Now).Scan(&rows).Error; err != nil {
			return fmt.Errorf("read signing keys: %w", err)
		}
		keys := make([]*signingKey, 0, len(rows))
		for _, r := range rows {
			key, err := r.open(k.ring)
			if err != nil {
				return err
			}
			keys = append(keys, key)
		}
		set = newKeySet(keys, sys.Now)
		return nil
	})
	if err != nil {
		return err
	}
	k.set.Store(set)
	return nil
}

// Run reloads the keys from time to time until ctx ends: what a lost notification would have said is learned all the same.
func (k *Keys) Run(ctx context.Context) error {
	tick := time.NewTicker(k.every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := k.Reload(ctx); err != nil && ctx.Err() == nil {
				k.log.ErrorContext(ctx, "signing keys not reloaded", "error", err)
			}
		}
	}
}

// trusted finds the key of a token. For a key that this instance does not know it asks the database, at most once a second and whatever
// becomes of the request, so that made-up tokens neither load the database nor keep others from learning a key.
func (k *Keys) trusted(ctx context.Context, kid KeyID, now time.Time) *signingKey {
	set := k.set.Load()
	if set.byKid[kid] == nil && k.mayAsk(now) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), unknownTimeout)
		defer cancel()
		if err := k.Reload(ctx); err != nil {
			k.log.WarnContext(ctx, "signing keys not reloaded", "error", err)
		}
		set = k.set.Load()
	}
	return set.trusted(kid, now)
}

func (k *Keys) mayAsk(now time.Time) bool {
	last := k.asked.Load()
	elapsed := now.UnixNano() - last
	return (elapsed < 0 || elapsed >= int64(unknownEvery)) && k.asked.CompareAndSwap(last, now.UnixNano())
}

func (k *Keys) signer(now time.Time) *signingKey { return k.set.Load().signer(now) }

func (k *Keys) jwks(now time.Time) []byte { return k.set.Load().jwks(now) }
