package access

import (
	"encoding/binary"
	"sync"
	"sync/atomic"

	"github.com/seed-2a059015/gatehouse/internal/id"
)

const shards = 256

// shard is what is held of the tenants whose ids end alike. It is read without a lock.
type shard struct {
	mu       sync.Mutex    // of those who write
	seq      atomic.Uint64 // moves before what an announcement names is dropped
	hits     atomic.Int64
	homes    index[id.Tenant, home]
	sessions index[sessionKey, *session]
	keys     index[apiKey, *key]
	_        [64]byte // the counters of one shard shall not slow the readers of the next
}

type sessionKey struct {
	tenant  id.Tenant
	session id.Session
}

type apiKey struct {
	tenant id.Tenant
	key    id.Key
}

// shardOf takes bits of the random end of a UUIDv7.
func (s *Store) shardOf(t id.Tenant) *shard { b := t.Bytes(); return &s.shards[b[15]] }

// hashOf spreads the random end of a UUIDv7 over all bits.
func hashOf(uuid [16]byte) uint64 {
	h := binary.LittleEndian.Uint64(uuid[8:]) * 0x9e3779b97f4a7c15
	return h ^ h>>32
}

// load remembers the state of a shard when a load began.
type load struct {
	shard *shard
	seq   uint64
}

func (s *Store) begin(tenant id.Tenant) load {
	sh := s.shardOf(tenant)
	return load{sh, sh.seq.Load()}
}

// keep has store put a loaded value in its place, unless a change was announced since the load began: the value may be from before it. A
// change that is announced later waits for the lock, finds the value in place and removes it.
func (l load) keep(store func(*shard)) {
	l.shard.mu.Lock()
	defer l.shard.mu.Unlock()
	if l.shard.seq.Load() == l.seq {
		store(l.shard)
	}
}

// drop counts an announcement, and removes what it names.
func (s *Store) drop(tenant id.Tenant, remove func(*shard)) {
	sh := s.shardOf(tenant)
	sh.seq.Add(1)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	remove(sh)
}

// forget drops everything that is held of a tenant, and of those that share its shard.
func (s *Store) forget(tenant id.Tenant) { s.drop(tenant, s.clear) }

// forgetAll is for when announcements may have been missed.
func (s *Store) forgetAll() {
	for n := range s.shards {
		sh := &s.shards[n]
		sh.seq.Add(1)
		sh.mu.Lock()
		s.clear(sh)
		sh.mu.Unlock()
	}
	s.onTenant(id.Tenant{})
	s.watches.toldAll(everything)
}

func (s *Store) clear(sh *shard) {
	members := 0
	for e, at := sh.homes.next(0); e != nil; e, at = sh.homes.next(at) {
		members += e.V.size()
	}
	s.members.add(-members)
	s.tenants.add(-sh.homes.clear())
	s.sessions.add(-sh.sessions.clear())
	s.apiKeys.add(-sh.keys.clear())
}
