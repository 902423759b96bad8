package testdb

import (
	"context"
	"testing"
	"time"
)

const advice = "Tests need Postgres. Install it, for example with apt-get install postgresql,\n" +
	"or set " + serverVariable + " to a superuser's URL of a server for tests."

// DB holds the addresses of one database for the roles that open it.
type DB struct {
	// URL is for gatehouse_app, the role that the server logs in with.
	URL string
	// OwnerURL is for gatehouse_owner, which owns the tables.
	OwnerURL string
	// AdminURL is for a superuser, whom row-level security does not bind.
	AdminURL string
}

// dropLimit is how long a database may take to be dropped before it is left to the sweep of the next run. Postgres waits for a word of all its
// backends, and one that reads from a client has none to say: while a test has that client stand still, it would wait for the test, and its
// transaction id would keep the test waiting.
const dropLimit = 10 * time.Second

// New returns a migrated database for tb alone. It is dropped when tb ends,
// whoever is still connected. Without Postgres the test fails; it is never
// skipped.
func New(tb testing.TB) *DB {
	tb.Helper()
	ctx := tb.Context()
	s, err := shared.join(ctx)
	if err != nil {
		tb.Fatalf("open a test database: %v\n%s", err, advice)
	}
	// The context of the test is canceled before its clean-up.
	late := context.WithoutCancel(ctx)
	tb.Cleanup(func() {
		if err := shared.leave(late); err != nil {
			tb.Errorf("stop the test server: %v", err)
		}
	})
	name := testPrefix + randomName()
	if err := s.clone(ctx, name); err != nil {
		tb.Fatalf("make a test database: %v", err)
	}
	tb.Cleanup(func() {
		soon, cancel := context.WithTimeout(late, dropLimit)
		defer cancel()
		if err := s.drop(soon, name); err != nil && soon.Err() == nil {
			tb.Errorf("drop the test database: %v", err)
		}
	})
	return &DB{
		URL:      s.url("gatehouse_app", name),
		OwnerURL: s.url("gatehouse_owner", name),
		AdminURL: s.adminURL(name),
	}
}
