package access

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/id"
)

// Stats counts what the snapshots did, for metrics.
type Stats struct{ Hits, Misses, Revalidations, Refusals, Rechecks, Mismatches atomic.Int64 }

// Stats returns the counters.
func (s *Store) Stats() *Stats {
	hits := int64(0)
	for n := range s.shards {
		hits += s.shards[n].hits.Load()
	}
	s.stats.Hits.Store(hits)
	return &s.stats
}

// Age is how old the newest beat is that the listener has heard. All that was committed before a beat was sent has been applied.
func (s *Store) Age() time.Duration { return uptime() - time.Duration(s.beat.Load()) }

// proof is what is known of the snapshots of a tenant: those of the version were true at a time.
type proof struct {
	asOf    time.Duration
	version int64         // or anyVersion
	found   time.Duration // the monotonic clock when this became known
}

const anyVersion = -1

// vouches says whether a snapshot of a version may be used.
func (p proof) vouches(version int64) bool { return p.version == anyVersion || p.version == version }

// prove finds out which snapshots of a tenant may be used. A listener that hears itself vouches for all of them; a deaf one for none, and
// then the database says which version is the one of now. It says so too when a caller knows of a version (0: of none) that the listener
// has not heard of.
func (s *Store) prove(ctx context.Context, tenant id.Tenant, promised int64) (proof, error) {
	beat := time.Duration(s.beat.Load())
	now := uptime()
	age := now - beat
	unheard := promised > 0 && s.heard(tenant) < promised
	if age < s.grace && !unheard {
		return proof{beat, anyVersion, now}, nil
	}
	s.stats.Revalidations.Add(1)
	limit := 2 * s.grace
	if age < limit {
		limit -= age
	}
	version, asked, err := s.versionOf(ctx, tenant, limit)
	if err == nil && version < promised {
		return proof{}, ErrVersion // ours, but of a database that was put back to an older state
	}
	if err == nil {
		return proof{asked, version, uptime()}, nil
	}
	if p := (proof{beat, anyVersion, uptime()}); !unheard && s.holds(p) {
		return p, nil
	}
	return proof{}, s.stale(err)
}

// holds says that not too much time has passed: a load may have waited for the database, and what was true before may be over.
func (s *Store) holds(p proof) bool { return uptime()-p.asOf < 2*s.grace }

func (s *Store) stale(cause error) error {
	s.stats.Refusals.Add(1)
	return ErrStale.Because(cause)
}

var errSlow = errors.New("what was loaded was too old when it arrived")

// current answers from snapshots that all were true less than two graces ago, however long they took to load: an answer that took longer
// is thrown away and looked for again, now mostly in memory. Only leave has to be fresh; a refusal may be old.
func current[T any](ctx context.Context, s *Store, tenant id.Tenant, answer func(proof) (T, error)) (T, error) {
	return since(ctx, s, tenant, 0, answer)
}

// since is current from a version on that the caller knows of, beside the one that the context asks for.
func since[T any](ctx context.Context, s *Store, tenant id.Tenant, promised int64, answer func(proof) (T, error)) (T, error) {
	var none T
	promised = max(promised, promisedIn(ctx, tenant))
	for range 3 {
		p, err := s.prove(ctx, tenant, promised)
		if err != nil {
			return none, err
		}
		v, err := answer(p)
		if err != nil || s.holds(p) {
			return v, err
		}
	}
	return none, s.stale(errSlow)
}
