package chaos_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

// round is one load, with what is done to it. Its tenants are its own.
type round struct {
	*rig

	tally  *tally
	seed   uint64
	number int
	part   part

	recorders []user      // who send events
	callers   []user      // who make metered calls, of three limits
	reservers []user      // who reserve first
	rushed    []user      // whose calls begin before a pause
	over      atomic.Bool // clients end with what they have begun
	clients   sync.WaitGroup
	rng       *rand.Rand
}

// user is a tenant, what it uses, and what its clients know of that.
type user struct {
	tenant *tenant
	book   *book
	meter  string

	reserves bool // what it uses is reserved first
}

func (r *round) users() []user { return slices.Concat(r.recorders, r.callers, r.reservers, r.rushed) }

// How many clients of each kind there are.
const (
	recorders = 10
	callers   = 9
	reservers = 5
	rushers   = 12
)

// play is the round, from the first server to the last count. What is done to it is harm.
func (r *round) play(ctx context.Context, harm func(context.Context) error) error {
	r.rng = rand.New(rand.NewPCG(r.seed, 0))
	if err := r.scale(r.part.servers); err != nil {
		return err
	}
	if err := r.enroll(); err != nil {
		return err
	}
	for n := range recorders {
		u := r.recorders[n%len(r.recorders)]
		r.clients.Go(func() { r.newClient(n).recordEvents(u.tenant, u.book, n) })
	}
	for n := range callers {
		r.clients.Go(func() { r.newClient(100 + n).call(r.callers[n%len(r.callers)]) })
	}
	for n := range reservers {
		r.clients.Go(func() { r.newClient(200 + n).reserve(r.reservers[n%len(r.reservers)]) })
	}
	stop := r.watch(ctx)
	err := harm(ctx)
	r.over.Store(true)
	r.clients.Wait()
	if err = errors.Join(err, stop()); err != nil {
		return err
	}
	return r.close(ctx)
}

// enroll makes the tenants.
func (r *round) enroll() error {
	for _, kind := range []struct {
		users        *[]user
		prefix, plan string
		meter        string
	}{
		{&r.recorders, "one", "enterprise", "ai.tokens"},
		{&r.recorders, "two", "enterprise", "ai.tokens"},
		{&r.callers, "small", "free", "ai.calls"},
		{&r.callers, "middle", "pro", "ai.calls"},
		{&r.callers, "large", "team", "ai.calls"},
		{&r.reservers, "held", "pro", "ai.calls"},
		{&r.rushed, "rush", "pro", "ai.calls"},
	} {
		t, err := r.newTenant(fmt.Sprintf("%s-%d", kind.prefix, r.number), kind.plan)
		if err != nil {
			return err
		}
		*kind.users = append(*kind.users, user{t, newBook(), kind.meter, kind.prefix == "held"})
	}
	return nil
}

// watch counts again and again until the returned function is called, which says what of it failed.
func (r *round) watch(ctx context.Context) (stop func() error) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() {
		c := r.newClient(1_001)
		for ctx.Err() == nil {
			for _, count := range []func() error{
				func() error { return r.audit(ctx) }, func() error { return r.verify(ctx) }, func() error { return c.report(r.users()[c.rng.IntN(len(r.users()))]) },
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

// close uses up what is left, sends everything again, and counts, when everything stands.
func (r *round) close(ctx context.Context) error {
	var rest errgroup.Group
	for n, u := range slices.Concat(r.callers, r.reservers, r.rushed) {
		rest.Go(func() error { return r.newClient(301+4*n).useUp(ctx, u) })
	}
	if err := rest.Wait(); err != nil {
		return err
	}
	for _, u := range r.recorders {
		r.newClient(1_002).repeat(u.tenant, u.book)
	}
	if err := errors.Join(r.audit(ctx), r.verify(ctx)); err != nil {
		return fmt.Errorf("count at the end: %w", err)
	}
	for _, u := range r.users() {
		if err := r.countStamped(ctx, u); err != nil {
			return err
		}
		// All events have been answered, so there are as many as were sent.
		if sent, told := sum(u.book.sentNow()), sum(u.book.toldNow()); u.meter == "ai.tokens" && sent != told {
			r.tally.violate(never, 1, "%s has sent %d and was told of %d", u.tenant.slug, sent, told)
		}
		if err := r.newClient(1_003).report(u); err != nil {
			return fmt.Errorf("report at the end: %w", err)
		}
	}
	return nil
}

// standing is how long servers stand still at least: leases last ten seconds, and then somebody else must have used them.
const standing = 12_500 * time.Millisecond

// attack kills servers and Postgres in turn while one server stands still.
func (r *round) attack(ctx context.Context) error {
	var asleep *server
	var wake time.Time
	sleeps := r.rng.IntN(max(1, r.part.kills/2))
	for i := range r.part.kills {
		time.Sleep(time.Duration(100+r.rng.IntN(700)) * time.Millisecond)
		if i == sleeps {
			r.rush()
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

// rush begins to use up a limit, so that the server which is about to stand still has calls in progress and something lent.
func (r *round) rush() {
	for n := range rushers {
		r.clients.Go(func() { r.newClient(401 + 4*n).call(r.rushed[0]) })
	}
	time.Sleep(300 * time.Millisecond)
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
