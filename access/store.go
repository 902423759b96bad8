package access

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// Config says what a Store works with.
type Config struct {
	DB   *db.DB
	Keys tenants.Keys
	// Grace is how long snapshots are used without a beat of the listener; 0 means 500 ms. Doubled, it is when everything is refused.
	Grace time.Duration
	// Size bounds the memberships and sessions held; 0 means 200,000. Tenants are bounded to a tenth of it.
	Size int
	Log  *slog.Logger
	// OnKeys is called when signing keys changed, or may have changed.
	OnKeys func(context.Context)
	// CatalogGrace is how long decisions are made from the last good catalog while a newer one cannot be read; 0 means a minute.
	CatalogGrace time.Duration
	// Clock moves the time at which sessions and keys expire; nil leaves it. Only tests set it.
	Clock func(time.Time) time.Time
}

// Store holds snapshots and decides from them. Its methods are safe for concurrent use. Run must be running.
type Store struct {
	db     *db.DB
	keys   tenants.Keys
	grace  time.Duration
	log    *slog.Logger
	onKeys func(context.Context)
	clock  func(time.Time) time.Time

	reading      sync.Mutex // of the catalog: one at a time, or an older one could replace a newer
	catalog      atomic.Pointer[inForce]
	behind       atomic.Int64 // monotonic nanoseconds since when a newer catalog is wanted and could not be read; 0 if none is
	catalogGrace time.Duration
	catalogMoved chan struct{}
	keysMoved    chan struct{}

	tenants  *lru.Cache[id.Tenant, entry[Tenant]]
	members  *lru.Cache[memberKey, entry[member]]
	sessions *lru.Cache[sessionKey, entry[session]]
	apiKeys  *lru.Cache[apiKey, entry[key]]

	epochs [shards]atomic.Uint64 // entries of another epoch are not used
	seqs   [shards]atomic.Uint64 // a load during which it moved is not kept
	beat   atomic.Int64          // monotonic nanoseconds when the newest beat that was heard was sent
	origin atomic.Int64          // the database's time, in Unix nanoseconds, when the monotonic clock was at zero
	stats  Stats

	used   sync.Mutex
	usedAt map[apiKey]time.Time
}

const shards = 256

// New makes a Store. It has no catalog before ReloadCatalog or Run, and until Run has heard its first beat every use asks the database.
func New(cfg Config) (*Store, error) {
	if cfg.DB == nil {
		return nil, errors.New("access: no database")
	}
	if cfg.Size == 0 {
		cfg.Size = 200_000
	}
	if cfg.Grace == 0 {
		cfg.Grace = 500 * time.Millisecond
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if cfg.CatalogGrace == 0 {
		cfg.CatalogGrace = time.Minute
	}
	if cfg.Clock == nil {
		cfg.Clock = func(t time.Time) time.Time { return t }
	}
	s := &Store{
		db: cfg.DB, keys: cfg.Keys, grace: cfg.Grace, log: cfg.Log, onKeys: cfg.OnKeys, clock: cfg.Clock, catalogGrace: cfg.CatalogGrace,
		catalogMoved: make(chan struct{}, 1), keysMoved: make(chan struct{}, 1), usedAt: map[apiKey]time.Time{},
	}
	s.beat.Store(int64(-time.Hour))
	s.origin.Store(processStart.UnixNano())
	var err error
	if s.tenants, err = lru.New[id.Tenant, entry[Tenant]](max(cfg.Size/10, 1)); err != nil {
		return nil, fmt.Errorf("access: %w", err)
	}
	if s.members, err = lru.New[memberKey, entry[member]](cfg.Size); err != nil {
		return nil, fmt.Errorf("access: %w", err)
	}
	if s.sessions, err = lru.New[sessionKey, entry[session]](cfg.Size); err != nil {
		return nil, fmt.Errorf("access: %w", err)
	}
	if s.apiKeys, err = lru.New[apiKey, entry[key]](cfg.Size); err != nil {
		return nil, fmt.Errorf("access: %w", err)
	}
	cfg.DB.Watch(s.apply) // what this instance changes, it knows at once
	return s, nil
}

// Catalog is the catalog in force and its version in the database.
func (s *Store) Catalog() (*catalog.Catalog, int64) {
	c := s.catalog.Load()
	if c == nil {
		return nil, 0
	}
	return c.catalog, c.version
}

// load remembers the state of a shard when a load began.
type load struct {
	shard      int
	epoch, seq uint64
}

func (s *Store) begin(tenant id.Tenant) load {
	n := shardOf(tenant)
	return load{n, s.epochs[n].Load(), s.seqs[n].Load()}
}

// keep stores a loaded value unless a change was announced since the load began: the value may be from before it. The order matters: a
// change that is announced after the check finds the value in place and removes it.
func keep[K comparable, T any](s *Store, l load, cache *lru.Cache[K, entry[T]], k K, v *T, version int64) {
	cache.Add(k, entry[T]{v, l.epoch, version})
	if s.seqs[l.shard].Load() != l.seq {
		cache.Remove(k)
	}
}

func lookup[K comparable, T any](s *Store, p proof, cache *lru.Cache[K, entry[T]], k K, tenant id.Tenant) (*T, bool) {
	e, ok := cache.Get(k)
	if !ok || e.epoch != s.epochs[shardOf(tenant)].Load() || (p.version != anyVersion && p.version != e.version) {
		s.stats.Misses.Add(1)
		return nil, false
	}
	s.stats.Hits.Add(1)
	return e.value, true
}

// shardOf takes bits of the random end of a UUIDv7.
func shardOf(t id.Tenant) int { b := t.Bytes(); return int(b[15]) }

// ErrStale refuses what cannot be known to be still true.
var ErrStale = errs.New(errs.Unavailable, "database_unavailable", "The database does not answer, so nothing can be allowed. Try again.")
