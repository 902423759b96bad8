package chaos_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// round is one load, with what is done to it. Its tenants are its own.
type round struct {
	*rig

	tally  *tally
	seed   uint64
	number int
	part   part

	recorders []user
	over      atomic.Bool // clients end with what they have begun
	clients   sync.WaitGroup
	rng       *rand.Rand
}

// user is a tenant, what it uses, and what its clients know of that.
type user struct {
	tenant *tenant
	book   *book
	meter  string
}

func (r *round) users() []user { return r.recorders }

const recorders = 12 // clients that send events, of two tenants

// play is the round, from the first server to the last count.
func (r *round) play(ctx context.Context) error {
	r.rng = rand.New(rand.NewPCG(r.seed, 0))
	if err := r.scale(r.part.servers); err != nil {
		return err
	}
	for i := range 2 {
		t, err := r.newTenant(fmt.Sprintf("events-%d-%d", r.number, i), "enterprise")
		if err != nil {
			return err
		}
		r.recorders = append(r.recorders, user{t, newBook(), "ai.tokens"})
	}
	for n := range recorders {
		u := r.recorders[n%len(r.recorders)]
		r.clients.Go(func() { r.newClient(n).recordEvents(u.tenant, u.book, n) })
	}
	stop := r.watch(ctx)
	err := r.attack(ctx)
	r.over.Store(true)
	r.clients.Wait()
	err = errors.Join(err, stop())
	if err != nil {
		return err
	}
	return r.close(ctx)
}

// watch counts again and again until the returned function is called, which says what of it failed.
func (r *round) watch(ctx context.Context) (stop func() error) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() {
		c := r.newClient(1_001)
		for ctx.Err() == nil {
			for _, count := range []func() error{
				func() error { return r.audit(ctx) }, func() error { return r.verify(ctx) }, func() error { return c.report(r.recorders[0]) },
			} {
				if err := count(); err != nil && !errors.Is(err, errGone) {
					done <- err
					return
				}
			}
			time.Sleep(300 * time.Millisecond)
		}
		done <- nil
	}()
	return func() error {
		cancel()
		return <-done
	}
}

// close counts at the end, when everything stands, and sends everything again.
func (r *round) close(ctx context.Context) error {
	for _, u := range r.recorders {
		r.newClient(1_002).repeat(u.tenant, u.book)
	}
	if err := errors.Join(r.audit(ctx), r.verify(ctx)); err != nil {
		return fmt.Errorf("count at the end: %w", err)
	}
	for _, u := range r.recorders {
		if err := r.countStamped(ctx, u); err != nil {
			return err
		}
		// All have been answered, so there are as many as were sent.
		if sent, told := sum(u.book.sentNow()), sum(u.book.toldNow()); sent != told {
			r.tally.violate(never, 1, "%s has sent %d and was told of %d", u.tenant.slug, sent, told)
		}
		if err := r.newClient(1_003).report(u); err != nil {
			return fmt.Errorf("report at the end: %w", err)
		}
	}
	return nil
}

// standing is how long servers stand still: leases last ten seconds.
const standing = 10_500 * time.Millisecond

// attack kills servers and Postgres in turn while one server stands still.
func (r *round) attack(ctx context.Context) error {
	var asleep *server
	var wake time.Time
	sleeps := r.rng.IntN(max(1, r.part.kills/2))
	for i := range r.part.kills {
		time.Sleep(time.Duration(100+r.rng.IntN(700)) * time.Millisecond)
		if i == sleeps {
			asleep = r.servers[r.rng.IntN(len(r.servers))]
			if err := asleep.signal(syscall.SIGSTOP); err != nil {
				return err
			}
			asleep.still, wake = true, time.Now().Add(standing+time.Duration(r.rng.IntN(2_000))*time.Millisecond)
			r.tally.add(pauses, 1)
			time.Sleep(100 * time.Millisecond)
		}
		if err := r.jump(i); err != nil {
			return err
		}
		if err := r.killNext(ctx, i); err != nil {
			return err
		}
		if asleep != nil && time.Now().After(wake) {
			if err := r.wake(asleep); err != nil {
				return err
			}
			asleep = nil
		}
	}
	if asleep != nil {
		time.Sleep(time.Until(wake))
		if err := r.wake(asleep); err != nil {
			return err
		}
	}
	for _, s := range r.servers {
		if err := s.setClock(0); err != nil {
			return err
		}
	}
	time.Sleep(time.Second)
	return r.ready()
}

func (r *round) wake(s *server) error {
	s.still = false
	if err := s.signal(syscall.SIGCONT); err != nil {
		return err
	}
	return r.ready()
}

// jump has the wall clock of a server jump to an hour ahead or behind, from wherever it was, before some of the kills.
func (r *round) jump(i int) error {
	if !r.part.jumps || i%3 != 0 {
		return nil
	}
	r.tally.add(jumps, 1)
	by := [...]time.Duration{time.Hour, -time.Hour}[r.rng.IntN(2)]
	return r.servers[i/3%len(r.servers)].setClock(by)
}

// killNext kills a server, or Postgres, and brings it back after a while.
func (r *round) killNext(ctx context.Context, i int) error {
	down := time.Duration(r.rng.IntN(500)) * time.Millisecond
	if i%2 == 1 {
		if err := r.killDatabase(ctx); err != nil {
			return err
		}
		r.tally.add(databaseKills, 1)
		time.Sleep(down)
		if err := r.startDatabase(ctx); err != nil {
			return err
		}
		return r.ready()
	}
	var awake []*server
	for _, s := range r.servers {
		if !s.still {
			awake = append(awake, s)
		}
	}
	s := awake[r.rng.IntN(len(awake))]
	if err := s.kill(); err != nil {
		return err
	}
	r.tally.add(serverKills, 1)
	time.Sleep(down)
	if err := s.start(); err != nil {
		return err
	}
	return r.ready()
}
