package client

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	keysFresh   = 5 * time.Minute // then they are fetched again: one may have been taken back
	keysOld     = time.Hour       // then they are trusted no more, if fetching them fails
	keysEvery   = 2 * time.Second // the shortest time between two fetches, whatever tokens ask for
	maxKeys     = 32
	maxKeysBody = 64 << 10
	scalarSize  = 32
)

func curve() elliptic.Curve { return elliptic.P256() }

// keys are the server's public keys, as they were fetched last.
type keys struct {
	url   string
	http  *http.Client
	clock func() time.Time

	set      atomic.Pointer[keySet]
	fetching sync.Mutex
	tried    time.Time // guarded by fetching
	failure  error     // of the last try, guarded by fetching
}

type keySet struct {
	byID    map[string]*ecdsa.PublicKey
	fetched time.Time
}

// find returns a key by its name. For a name that is not known, and for keys that are old, it fetches them, one at a time.
func (k *keys) find(ctx context.Context, kid string) (*ecdsa.PublicKey, error) {
	if key, age := k.held(kid); key != nil && age < keysFresh {
		return key, nil
	}
	if !k.fetching.TryLock() {
		if key, age := k.held(kid); key != nil && age < keysOld { // nobody waits for a server that may be gone
			return key, nil
		}
		k.fetching.Lock()
	}
	defer k.fetching.Unlock()
	key, age := k.held(kid)
	if key != nil && age < keysFresh { // somebody else was faster
		return key, nil
	}
	if now := k.clock(); now.Sub(k.tried) >= keysEvery || now.Before(k.tried) {
		k.tried = now
		if k.failure = k.fetch(context.WithoutCancel(ctx)); k.failure == nil { // others need them, whatever becomes of this caller
			key, age = k.held(kid)
		}
	}
	switch {
	case key != nil && age < keysOld:
		return key, nil
	case k.failure != nil:
		return nil, unavailable("fetch the keys", k.failure)
	}
	return nil, fmt.Errorf("%w: its key is unknown or retired", ErrToken)
}

// held is what is known of a key, and how old that is.
func (k *keys) held(kid string) (*ecdsa.PublicKey, time.Duration) {
	set := k.set.Load()
	if set == nil {
		return nil, 0
	}
	return set.byID[kid], k.clock().Sub(set.fetched)
}

func (k *keys) fetch(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, defaultTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, k.url, http.NoBody)
	if err != nil {
		return err
	}
	res, err := k.http.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxKeysBody+1))
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK || len(body) > maxKeysBody {
		return fmt.Errorf("the answer has the status %d and %d bytes", res.StatusCode, len(body))
	}
	byID, err := parseKeys(body)
	if err != nil {
		return err
	}
	k.set.Store(&keySet{byID, k.clock()})
	return nil
}

// parseKeys reads the keys that can have signed an access token, and passes over others.
func parseKeys(body []byte) (map[string]*ecdsa.PublicKey, error) {
	var doc struct {
		Keys []struct{ Kty, Crv, X, Y, Kid, Use, Alg string }
	}
	if err := json.Unmarshal(body, &doc); err != nil {
		return nil, fmt.Errorf("read the keys: %w", err)
	}
	if len(doc.Keys) == 0 || len(doc.Keys) > maxKeys {
		return nil, fmt.Errorf("there are %d keys", len(doc.Keys))
	}
	byID := map[string]*ecdsa.PublicKey{}
	for _, j := range doc.Keys {
		if j.Kty != "EC" || j.Crv != "P-256" || j.Alg != algorithm || j.Use != "sig" || j.Kid == "" {
			continue
		}
		x, errX := base64.RawURLEncoding.Strict().DecodeString(j.X)
		y, errY := base64.RawURLEncoding.Strict().DecodeString(j.Y)
		if errX != nil || errY != nil || len(x) != scalarSize || len(y) != scalarSize || byID[j.Kid] != nil {
			return nil, errors.New("a key cannot be read")
		}
		key, err := ecdsa.ParseUncompressedPublicKey(curve(), append(append([]byte{4}, x...), y...))
		if err != nil {
			return nil, fmt.Errorf("read a key: %w", err)
		}
		byID[j.Kid] = key
	}
	return byID, nil
}
