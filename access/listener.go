package access

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

const (
	beatEvery = 250 * time.Millisecond
	deaf      = 3 * time.Second // without a beat, a connection is given up
)

// Run follows the changes until ctx ends, and connects again whenever the connection is lost. What was held is forgotten at each
// connection, because announcements may have been missed.
func (s *Store) Run(ctx context.Context) error {
	var all sync.WaitGroup
	all.Go(func() { s.flushUses(ctx) })
	all.Go(func() { s.follow(ctx) })
	all.Go(func() { s.compare(ctx) })
	for ctx.Err() == nil {
		if err := s.listen(ctx); err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "listener_lost", "error", err.Error())
			sleep(ctx, 200*time.Millisecond)
		}
	}
	all.Wait()
	return nil
}

func (s *Store) listen(ctx context.Context) error {
	dial, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	c, err := pgx.ConnectConfig(dial, s.db.Config())
	if err != nil {
		return fmt.Errorf("connect the listener: %w", err)
	}
	defer func() {
		bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = c.Close(bye) // given up either way
	}()
	own := "gatehouse_beat_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	if _, err := c.Exec(dial, `LISTEN `+db.Channel+`; LISTEN `+own); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	s.forgetAll()
	wake(s.catalogMoved)
	wake(s.keysMoved)
	connected := uptime()
	for {
		if err := s.pulse(ctx, c, own); err != nil {
			return err
		}
		if err := s.receive(ctx, c, own); err != nil {
			return err
		}
		// Behind a pooler of transactions LISTEN succeeds and nothing ever comes.
		if min(uptime()-connected, s.Age()) > deaf {
			return errors.New("the listener does not hear its own beats; it needs a direct connection to the database")
		}
	}
}

// pulse sends a beat to ourselves and reads the database's clock. The beat carries when it was sent, not when it is heard: Postgres keeps
// the order of commits, so what was committed before that has been received before the beat, however long both were under way.
func (s *Store) pulse(ctx context.Context, c *pgx.Conn, own string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	var now time.Time
	sent := uptime()
	beat := strconv.FormatInt(int64(sent), 10)
	if err := c.QueryRow(ctx, "SELECT clock_timestamp() FROM pg_notify($1, $2)", own, beat).Scan(&now); err != nil {
		return fmt.Errorf("send a beat: %w", err)
	}
	s.origin.Store(now.UnixNano() - int64((sent+uptime())/2)) // it read its clock half-way
	return nil
}

// receive handles announcements for one interval between beats.
func (s *Store) receive(ctx context.Context, c *pgx.Conn, own string) error {
	until, cancel := context.WithTimeout(ctx, beatEvery)
	defer cancel()
	for {
		n, err := c.WaitForNotification(until)
		if err != nil {
			if until.Err() != nil && ctx.Err() == nil && !c.IsClosed() {
				return nil
			}
			return fmt.Errorf("wait for changes: %w", err)
		}
		if n.Channel == own {
			sent, err := strconv.ParseInt(n.Payload, 10, 64)
			if err != nil {
				return fmt.Errorf("read a beat: %w", err)
			}
			s.beat.Store(sent)
			continue
		}
		s.apply(n.Payload)
	}
}

// apply drops what a payload names; see db.Channel for its form. What cannot be read drops everything.
func (s *Store) apply(payload string) {
	f := strings.Fields(payload)
	if len(f) < 3 {
		s.forgetAll()
		return
	}
	if f[0] == "-" {
		s.applyGlobal(f[2])
		return
	}
	u, err := uuid.Parse(f[0])
	number, more := strings.CutSuffix(f[1], "+")
	version, bad := strconv.ParseInt(number, 10, 64)
	if err != nil || bad != nil {
		s.forgetAll()
		return
	}
	tenant := id.From[id.Tenant](u)
	for _, name := range f[3:] {
		s.dropNamed(tenant, f[2], name)
	}
	switch {
	case f[2] == "tenant":
		s.dropTenant(tenant)
	case len(f) == 3: // more ids than a payload can hold
		s.forget(tenant)
	}
	if f[2] == "tenant" || len(f) == 3 {
		s.onTenant(tenant)
	}
	if !more {
		s.hear(tenant, version)
	}
	s.watches.told(tenant, f[2], f[3:]) // last: who is woken must not find what was held before
}

func (s *Store) dropNamed(tenant id.Tenant, what, name string) {
	switch what {
	case "member":
		if m, err := parse[id.Membership](name); err == nil {
			s.dropMember(tenant, m)
			return
		}
	case "session":
		if v, err := parse[id.Session](name); err == nil {
			s.dropSession(sessionKey{tenant, v})
			return
		}
	case "key":
		if v, err := parse[id.Key](name); err == nil {
			s.dropKey(apiKey{tenant, v})
			return
		}
	}
	s.forget(tenant)
}

func (s *Store) applyGlobal(what string) {
	switch what {
	case "catalog":
		wake(s.catalogMoved)
	case "keys":
		wake(s.keysMoved)
	default:
		s.forgetAll()
	}
}

func wake(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default: // it will look anyway
	}
}

func parse[T any, P interface {
	*T
	UnmarshalText([]byte) error
}](text string) (T, error) {
	var v T
	err := P(&v).UnmarshalText([]byte(text))
	return v, err
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
