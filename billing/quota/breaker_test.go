package quota_test

import (
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/quota"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// wire is the network before the database, on which everything can come to a standstill.
type wire struct {
	net.Listener

	to    string
	still sync.RWMutex
}

func newWire(tb testing.TB, to string) *wire {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	w := &wire{Listener: l, to: to}
	tb.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", to)
			if err != nil {
				_ = near.Close()
				continue
			}
			go w.pass(near, far)
			go w.pass(far, near)
		}
	}()
	return w
}

func (w *wire) pass(to, from net.Conn) {
	defer to.Close()
	defer from.Close()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		w.still.RLock()
		w.still.RUnlock() //nolint:staticcheck // it waits here while nothing moves
		if _, failed := to.Write(buffer[:n]); failed != nil || err != nil {
			return
		}
	}
}

// A database that hangs is waited for by the first calls alone: the others are told at once, until it answers again.
func TestCallsDoNotWaitForADatabaseThatHangs(t *testing.T) {
	t.Parallel()
	r := build(t)
	u, err := url.Parse(r.urls.URL)
	if err != nil {
		t.Fatal(err)
	}
	w := newWire(t, u.Host)
	u.Host = w.Addr().String()
	e := r.engineAt(t, u.String(), nil)
	closed, open := terms(1<<40), terms(1<<40)
	open.Meter.Unavailable, open.Meter.Cap = billing.Open, 1_000
	tenant := r.tenant(t)
	call := func(plan *quota.Terms) (quota.Decision, error) {
		_, d, err := e.Take(t.Context(), quota.Call{Tenant: tenant, Meter: meter, Quantity: 1 << 30, Terms: plan})
		return d, err
	}
	if _, err := call(closed); err != nil {
		t.Fatal(err)
	}
	e.Return(t.Context()) // so that there is nothing to spend
	w.still.Lock()
	var first sync.WaitGroup
	for range 4 {
		first.Go(func() {
			if _, err := call(closed); errs.As(err).Kind != errs.Unavailable {
				t.Errorf("Take() = %v, want one of kind Unavailable", err)
			}
		})
	}
	first.Wait()
	begin := time.Now()
	const calls = 200
	for range calls {
		if _, err := call(closed); errs.As(err).Kind != errs.Unavailable {
			t.Errorf("Take() = %v, want one of kind Unavailable", err)
		}
		if _, r, err := e.Reserve(t.Context(), quota.Call{Tenant: tenant, Meter: "other", Quantity: 1, Terms: open}, time.Minute); err != nil || !r.Unchecked {
			t.Errorf("Reserve() of an open meter = %+v, %v, want it unchecked", r, err)
		}
	}
	if took := time.Since(begin); took > 5*time.Second { // one looks whether it is back, now and then
		t.Errorf("%d calls took %v while the database hung", calls, took)
	}
	w.still.Unlock()
	until(t, "it is asked again", func() bool {
		d, err := call(closed)
		return err == nil && d.Allowed
	})
}

// Whoever waits for a locked row in vain has had an answer: calls of other tenants go on to ask.
func TestALockedRowOfOneTenantIsNoOutage(t *testing.T) {
	t.Parallel()
	r := build(t)
	u, err := url.Parse(r.urls.URL)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("lock_timeout", "200ms")
	u.RawQuery = q.Encode()
	e := r.engineAt(t, u.String(), nil)
	plan := terms(1 << 40)
	take := func(tenant id.Tenant) (quota.Decision, error) {
		_, d, err := e.Take(t.Context(), quota.Call{Tenant: tenant, Meter: meter, Quantity: 1 << 30, Terms: plan})
		return d, err
	}
	locked, other := r.tenant(t), r.tenant(t)
	for _, tenant := range []id.Tenant{locked, other} {
		if _, err := take(tenant); err != nil {
			t.Fatal(err)
		}
	}
	e.Return(t.Context()) // so that both have to ask
	tx, err := r.admin.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(t.Context()) }()
	if _, err := tx.Exec(t.Context(), "SELECT FROM quotas WHERE tenant_id = $1 FOR UPDATE", locked.UUID()); err != nil {
		t.Fatal(err)
	}
	if _, err := take(locked); errs.As(err).Code != "try_again" {
		t.Fatalf("Take() of the locked tenant = %v, want try_again", err)
	}
	if d, err := take(other); err != nil || !d.Allowed {
		t.Errorf("Take() of another tenant right after = %+v, %v, want it allowed", d, err)
	}
}
