package access

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

const beatEvery = 250 * time.Millisecond

// Run listens for changes until ctx ends, and connects again whenever the connection is lost. What was held is forgotten at each
// connection, because announcements may have been missed.
func (s *Store) Run(ctx context.Context) error {
	flush := time.NewTicker(30 * time.Second)
	defer flush.Stop()
	listening := make(chan struct{})
	go func() {
		defer close(listening)
		for ctx.Err() == nil {
			if err := s.listen(ctx); err != nil && ctx.Err() == nil {
				s.log.WarnContext(ctx, "listener_lost", "error", err.Error())
				sleep(ctx, 200*time.Millisecond)
			}
		}
	}()
	for {
		select {
		case <-ctx.Done():
			<-listening
			s.flushUsed(context.WithoutCancel(ctx))
			return nil
		case <-flush.C:
			s.flushUsed(ctx)
		}
	}
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
		_ = c.Close(bye) //nolint:errcheck // the connection is given up either way
	}()
	own := "gatehouse_beat_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	if _, err := c.Exec(dial, `LISTEN `+db.Channel+`; LISTEN `+own); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	s.forgetAll()
	if err := s.ReloadCatalog(ctx); err != nil {
		return err
	}
	if s.onKeys != nil {
		s.onKeys(ctx)
	}
	for {
		if err := s.pulse(ctx, c, own); err != nil {
			return err
		}
		if err := s.receive(ctx, c, own); err != nil {
			return err
		}
	}
}

// pulse sends a beat to ourselves and reads the database's clock.
func (s *Store) pulse(ctx context.Context, c *pgx.Conn, own string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	var now time.Time
	sent := time.Now()
	if err := c.QueryRow(ctx, "SELECT clock_timestamp() FROM pg_notify($1, '')", own).Scan(&now); err != nil {
		return fmt.Errorf("send a beat: %w", err)
	}
	s.skew.Store(int64(now.Sub(sent.Add(time.Since(sent) / 2))))
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
			s.beat.Store(int64(time.Since(processStart)))
			continue
		}
		s.apply(ctx, n.Payload)
	}
}

// apply drops what a payload names; see db.Channel for its form. What cannot be read drops everything.
func (s *Store) apply(ctx context.Context, payload string) {
	f := strings.Fields(payload)
	if len(f) < 3 {
		s.forgetAll()
		return
	}
	if f[0] == "-" {
		s.applyGlobal(ctx, f[2])
		return
	}
	u, err := uuid.Parse(f[0])
	if _, bad := strconv.ParseInt(f[1], 10, 64); err != nil || bad != nil {
		s.forgetAll()
		return
	}
	tenant := id.From[id.Tenant](u)
	s.seqs[shardOf(tenant)].Add(1)
	for _, name := range f[3:] {
		s.drop(tenant, f[2], name)
	}
	switch {
	case f[2] == "tenant":
		s.tenants.Remove(tenant)
	case len(f) == 3: // more ids than a payload can hold
		s.forget(tenant)
	}
}

func (s *Store) drop(tenant id.Tenant, what, name string) {
	switch what {
	case "member":
		if m, err := parse[id.Membership](name); err == nil {
			s.members.Remove(memberKey{tenant, m})
			return
		}
	case "session":
		if v, err := parse[id.Session](name); err == nil {
			s.sessions.Remove(sessionKey{tenant, v})
			return
		}
	case "key":
		if v, err := parse[id.Key](name); err == nil {
			s.apiKeys.Remove(apiKey{tenant, v})
			return
		}
	}
	s.forget(tenant)
}

func (s *Store) applyGlobal(ctx context.Context, what string) {
	switch what {
	case "catalog":
		if err := s.ReloadCatalog(ctx); err != nil {
			s.log.ErrorContext(ctx, "catalog_reload_failed", "error", err.Error())
		}
	case "keys":
		if s.onKeys != nil {
			s.onKeys(ctx)
		}
	default:
		s.forgetAll()
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
