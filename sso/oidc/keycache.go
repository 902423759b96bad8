package oidc

import (
	"context"
	"fmt"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/netguard"
	"github.com/seed-2a059015/gatehouse/sso"
)

const (
	keysKept   = 4096             // connections
	keysFresh  = 10 * time.Minute // after it they are fetched again at the next sign-in
	keysUsable = 24 * time.Hour   // when the provider's key set cannot be read
	unknownGap = time.Minute      // between two fetches for a key that is not known
	failureGap = 5 * time.Second  // between two fetches that fail
	fetchTime  = 5 * time.Second
)

// keyID names a cached key set. Two connections never share one, whatever issuer they name: what one provider answers to one tenant is
// no other tenant's key.
type keyID struct {
	connection id.Connection
	version    int64
	address    string
}

// keyCache holds the key sets of connections.
type keyCache struct {
	guard *netguard.Guard
	clock func() time.Time
	sets  *lru.Cache[keyID, *cachedKeys]
}

// cachedKeys is the key set of one connection. Who holds the turn may read and write the rest, and fetch; the others wait no longer
// than their request lives.
type cachedKeys struct {
	turn    chan struct{}
	keys    keySet
	fetched time.Time // zero: never
	tried   time.Time // the last fetch, also one that failed
	failed  bool
	unknown time.Time // the last fetch for a key that was not there
}

func newKeyCache(guard *netguard.Guard, clock func() time.Time) (*keyCache, error) {
	sets, err := lru.New[keyID, *cachedKeys](keysKept)
	if err != nil {
		return nil, fmt.Errorf("make the cache of key sets: %w", err)
	}
	return &keyCache{guard: guard, clock: clock, sets: sets}, nil
}

func (c *keyCache) of(connection sso.Connection) *cachedKeys {
	k := keyID{connection.ID, connection.Version, connection.Endpoints.Keys}
	fresh := &cachedKeys{turn: make(chan struct{}, 1)}
	if old, ok, _ := c.sets.PeekOrAdd(k, fresh); ok {
		c.sets.Get(k) // counts as a use
		return old
	}
	return fresh
}

// find returns the key that a header means. It fetches when there is nothing, when what there is has aged, and, once a minute at most,
// for a key that is not there: whoever can make us look at tokens cannot make us fetch.
func (c *keyCache) find(ctx context.Context, connection sso.Connection, h header) (key, error) {
	e := c.of(connection)
	select {
	case e.turn <- struct{}{}:
		defer func() { <-e.turn }()
	case <-ctx.Done():
		return key{}, sso.Refuse(sso.KeysUnavailable).Because(ctx.Err())
	}
	now := c.clock()
	if now.Sub(e.fetched) > keysFresh && (!e.failed || now.Sub(e.tried) > failureGap) {
		c.fetch(ctx, connection, e, now)
	}
	if e.fetched.IsZero() || now.Sub(e.fetched) > keysUsable {
		return key{}, sso.Refuse(sso.KeysUnavailable)
	}
	k, outcome := e.keys.choose(h)
	if outcome == absent && now.Sub(e.unknown) > unknownGap {
		e.unknown = now
		if e.fetched != now { // not fetched just above
			c.fetch(ctx, connection, e, now)
			k, outcome = e.keys.choose(h)
		}
	}
	if outcome != found {
		return key{}, sso.Refuse(sso.IDTokenKey)
	}
	return k, nil
}

// fetch replaces the keys, or leaves them if the provider does not answer with a key set.
func (c *keyCache) fetch(ctx context.Context, connection sso.Connection, e *cachedKeys, now time.Time) {
	// One person who goes away must not cost the next one a fetch.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTime)
	defer cancel()
	e.tried, e.failed = now, true
	p := Provider{guard: c.guard}
	body, err := p.get(ctx, connection.ID.String(), connection.Endpoints.Keys, netguard.Limits{Body: maxKeySet, Timeout: fetchTime})
	if err != nil {
		return
	}
	keys, err := parseKeySet(body)
	if err != nil {
		return
	}
	e.keys, e.fetched, e.failed = keys, now, false
}
