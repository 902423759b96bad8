package db_test

import (
	"io"
	"net"
	"net/url"
	"sync"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/testdb"
)

// A connection may end at any moment of a scope. Whoever asked must hear that the database is gone, not that the server is broken.
func TestLostConnectionIsUnavailable(t *testing.T) {
	t.Parallel()
	u, err := url.Parse(testdb.New(t).URL)
	if err != nil {
		t.Fatalf("parse the URL: %v", err)
	}
	wire := newWire(t, u.Host)
	u.Host = wire.address
	d, err := db.Open(t.Context(), db.Config{URL: u.String()})
	if err != nil {
		t.Fatalf("Open() = %v", err)
	}
	t.Cleanup(d.Close)
	for name, work := range map[string]func(*db.SystemTx) error{
		"in a statement": func(tx *db.SystemTx) error {
			wire.cut()
			return tx.DB.Exec("SELECT 1").Error
		},
		"at a change that is announced": func(tx *db.SystemTx) error {
			tx.Changed("keys")
			wire.cut()
			return nil
		},
		"at the commit": func(*db.SystemTx) error {
			wire.cut()
			return nil
		},
	} {
		if err := d.System(t.Context(), work); errs.As(err).Kind != errs.Unavailable {
			t.Errorf("a connection lost %s = %v, want one of kind Unavailable", name, err)
		} else if unknown := errs.CodeOf(err) == "outcome_unknown"; unknown != (name == "at the commit") {
			t.Errorf("a connection lost %s = %v; only at the commit it is unknown what became of the change", name, err)
		}
	}
	if err := d.Tenant(t.Context(), id.Installation, func(tx *db.TenantTx) error { return tx.DB.Exec("SELECT 1").Error }); err != nil {
		t.Errorf("afterwards, Tenant() = %v, want none", err)
	}
}

// wire is the network before the database, which can be cut.
type wire struct {
	address string

	mu    sync.Mutex
	conns []net.Conn
}

func newWire(tb testing.TB, to string) *wire {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("listen: %v", err)
	}
	w := &wire{address: l.Addr().String()}
	tb.Cleanup(func() { _ = l.Close(); w.cut() })
	go func() {
		for {
			here, err := l.Accept()
			if err != nil {
				return
			}
			there, err := net.Dial("tcp", to)
			if err != nil {
				_ = here.Close()
				continue
			}
			w.mu.Lock()
			w.conns = append(w.conns, here, there)
			w.mu.Unlock()
			go func() { _, _ = io.Copy(here, there); _ = here.Close() }()
			go func() { _, _ = io.Copy(there, here); _ = there.Close() }()
		}
	}()
	return w
}

// cut ends all connections; later ones work.
func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.conns {
		_ = c.Close()
	}
	w.conns = nil
}
