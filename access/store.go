package access

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/decisions"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/page"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// Config says what a Store works with.
type Config struct {
	DB   *db.DB
	Keys tenants.Keys
	// Grace is how long snapshots are used without a beat of the listener; 0 means 500 ms. Doubled, it is when everything is refused.
	Grace time.Duration
	// Size bounds the memberships held, and to a tenth of it the tenants; 0 means a million, which take some 120 MB. Sessions and API keys
	// are bounded to a fifth of it, but to no less than a thousand of each if Size is not less.
	Size int
	Log  *slog.Logger
	// OnKeys is called when signing keys changed, or may have changed.
	OnKeys func(context.Context)
	// OnTenant is called, from the moment when the Store is made, when something of a tenant itself changed, and with none when any may have. It must not wait.
	OnTenant func(id.Tenant)
	// CatalogGrace is how long decisions are made from the last good catalog while a newer one cannot be read; 0 means a minute.
	CatalogGrace time.Duration
	// Recheck is of how many decisions one is asked of Casbin again, beside the path; 0 means 10,000.
	Recheck int
	// Decisions is where decisions are noted; nil notes none. Whoever made it runs it.
	Decisions *decisions.Log
	// Versions makes and reads what callers are given to prove which changes they know of; nil: nothing is given, and nothing is taken.
	Versions *page.Cursors
	// Clock moves the time at which sessions and keys expire; nil leaves it. Only tests set it.
	Clock func(time.Time) time.Time
}

// Store holds snapshots and decides from them. Its methods are safe for concurrent use. Run must be running.
type Store struct {
	db       *db.DB
	keys     tenants.Keys
	grace    time.Duration
	log      *slog.Logger
	onKeys   func(context.Context)
	onTenant func(id.Tenant)
	clock    func(time.Time) time.Time

	reading      sync.Mutex // of the catalog: one at a time, or an older one could replace a newer
	catalog      atomic.Pointer[inForce]
	behind       atomic.Int64 // monotonic nanoseconds since when a newer catalog is wanted and could not be read; 0 if none is
	catalogGrace time.Duration
	catalogMoved chan struct{}
	keysMoved    chan struct{}

	shards                              [shards]shard
	tenants, members, sessions, apiKeys bound
	loads                               struct {
		tenants  flights[id.Tenant, *Tenant]
		members  flights[memberKey, member]
		sessions flights[sessionKey, *session]
		keys     flights[apiKey, *key]
	}
	polls polls

	beat   atomic.Int64 // monotonic nanoseconds when the newest beat that was heard was sent
	origin atomic.Int64 // the database's time, in Unix nanoseconds, when the monotonic clock was at zero
	stats  Stats
	uses   uses

	watches watches

	decisions *decisions.Log
	versions  *page.Cursors
	recheckOf uint64
	rechecks  chan question
}

// New makes a Store. It has no catalog before ReloadCatalog or Run, and until Run has heard its first beat every use asks the database.
func New(cfg Config) (*Store, error) {
	if cfg.DB == nil {
		return nil, errors.New("access: no database")
	}
	if cfg.Size < 0 {
		return nil, errors.New("access: a negative size")
	}
	if cfg.Size == 0 {
		cfg.Size = 1_000_000
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
	if cfg.OnTenant == nil {
		cfg.OnTenant = func(id.Tenant) {}
	}
	if cfg.Clock == nil {
		cfg.Clock = func(t time.Time) time.Time { return t }
	}
	s := &Store{
		db: cfg.DB, keys: cfg.Keys, grace: cfg.Grace, log: cfg.Log, onKeys: cfg.OnKeys, onTenant: cfg.OnTenant, clock: cfg.Clock, catalogGrace: cfg.CatalogGrace,
		decisions: cfg.Decisions, versions: cfg.Versions,
		catalogMoved: make(chan struct{}, 1), keysMoved: make(chan struct{}, 1),
	}
	if cfg.Recheck <= 0 {
		cfg.Recheck = 10_000
	}
	s.recheckOf, s.rechecks = uint64(cfg.Recheck), make(chan question, waiting)
	s.members.limit = int64(cfg.Size)
	s.tenants.limit = int64(max(cfg.Size/10, 1))
	s.sessions.limit = int64(max(cfg.Size/5, min(cfg.Size, 1000)))
	s.apiKeys.limit = s.sessions.limit
	s.beat.Store(int64(-time.Hour))
	s.origin.Store(processStart.UnixNano())
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

// ErrStale refuses what cannot be known to be still true.
var ErrStale = errs.New(errs.Unavailable, "database_unavailable", "The database does not answer, so nothing can be allowed. Try again.")
