package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/devpg"
)

// givesBackAtItsEnd has the other server admit all that is left in one call, which it cannot while anything of it is lent.
func givesBackAtItsEnd(t *testing.T, f *fleet) {
	t.Helper()
	acme := f.tenant(t, "ending", "free")
	ending, other := acme.admin(t, 0), acme.admin(t, 1)
	other.must(t, map[string]any{"meter": "ai.calls"}) // it knows the tenant
	db := observer(f.pg.URL(devpg.Superuser, "gatehouse"))
	for n := range 100 {
		if got := ending.must(t, map[string]any{"meter": "ai.tokens", "record": fmt.Sprint("use ", n)}); got.Recorded != "accepted" {
			t.Fatalf("use %d = %+v, want it to be recorded", n, got)
		}
	}
	before := db.ledger(t, acme, "ai.tokens")
	began := time.Now()
	f.servers[0].stop(t)
	ended := db.ledger(t, acme, "ai.tokens")
	within(t, 5*time.Second, "the other server can admit the whole rest", func() bool {
		return other.must(t, map[string]any{"meter": "ai.tokens", "quantity": 900}).Allowed
	})
	t.Logf("before, the ledger was %+v, when the server had ended %+v; the rest was admitted %v after SIGTERM", before, ended, time.Since(began).Round(time.Millisecond))
	if before.Leased == 0 || ended.Used+ended.Leased != 100 {
		t.Errorf("used and lent were %+v before and %+v after the end, want something lent before, and then the 100 that are used", before, ended)
	}
	if got := other.must(t, map[string]any{"meter": "ai.tokens"}); got.Allowed {
		t.Errorf("one more = %+v, want refused", got)
	}
	f.servers[0] = f.launch()
	f.awaitReady(t, 0)
}

// quotasWithoutDatabase asks in the moment in which servers still know who asks: a closed meter admits nothing, and an open one as much
// as it may. After that nobody is let in at all, and then everything is as before.
func quotasWithoutDatabase(t *testing.T, f *fleet) {
	t.Helper()
	acme := f.tenant(t, "dark", "free")
	servers := [2]*visitor{acme.admin(t, 0), acme.admin(t, 1)}
	for _, v := range servers {
		for _, meter := range []string{"ai.calls", "searches", "notes"} {
			settleReservation(t, v, v.must(t, map[string]any{"meter": meter}).Reservation.ID)
		}
	}
	killDatabase(t, f.pg)
	killed := time.Now()
	time.Sleep(150 * time.Millisecond) // its connections end a moment after it
	var made [2]chan string
	var tooLate [2]atomic.Int64 // were asked when the server did not know any more by whom
	var all sync.WaitGroup
	for i, v := range servers {
		made[i] = make(chan string, 10)
		all.Go(func() {
			// Nothing can be counted, and nobody waits for that.
			if got, status, err := v.checkMeter(map[string]any{"meter": "notes", "record": "a note"}); err != nil || status != http.StatusServiceUnavailable {
				t.Errorf("check that records of an open meter at server %d = %d %+v, %v, want 503", i, status, got, err)
			}
			t.Logf("server %d refused to record after %v", i, time.Since(killed).Round(time.Millisecond))
		})
		for range 10 {
			all.Go(func() {
				if got, status, err := v.checkMeter(map[string]any{"meter": "ai.calls"}); err != nil || status != http.StatusServiceUnavailable {
					t.Errorf("check of a closed meter at server %d = %d %+v, %v, want 503", i, status, got, err)
				}
			})
			all.Go(func() {
				switch got, status, err := v.checkMeter(map[string]any{"meter": "searches"}); {
				case err == nil && status == http.StatusServiceUnavailable && time.Since(killed) > bound/2:
					tooLate[i].Add(1)
				case err != nil || status != http.StatusOK:
					t.Errorf("check of an open meter at server %d = %d, %v, want a decision", i, status, err)
				case got.Allowed && got.Quota.Unchecked && got.Quota.Limit == 5:
					made[i] <- got.Reservation.ID
				case got.Allowed || got.Clause != "quota_exceeded":
					t.Errorf("check of an open meter at server %d = %+v, want unchecked of 5, or quota_exceeded", i, got)
				}
			})
		}
	}
	all.Wait()
	t.Logf("without the database the servers admitted %d and %d; %d and %d asked too late", len(made[0]), len(made[1]), tooLate[0].Load(), tooLate[1].Load())
	unchecked := int64(len(made[0]) + len(made[1]))
	for i := range made {
		close(made[i])
		if n := len(made[i]); n > 5 || n < 5 && tooLate[i].Load() == 0 {
			t.Errorf("server %d admitted %d without the database, want 5, which is the cap of each", i, n)
		}
	}
	time.Sleep(bound + 500*time.Millisecond)
	for _, v := range servers {
		for _, meter := range []string{"ai.calls", "searches"} {
			v.call(http.MethodPost, "/v1/check", map[string]any{"meter": meter}).refused(http.StatusServiceUnavailable, "database_unavailable")
		}
	}

	_ = f.pg.Stop(context.WithoutCancel(t.Context())) // says that it has ended by itself, which is true
	again, err := devpg.Start(t.Context(), devpg.Config{Dir: f.pg.Dir})
	if err != nil {
		t.Fatalf("start the database again: %v", err)
	}
	f.pg = again
	for i, v := range servers {
		f.awaitReady(t, i)
		within(t, patience, "meters are checked again", func() bool {
			got, status, err := v.checkMeter(map[string]any{"meter": "ai.tokens"})
			return err == nil && status == http.StatusOK && got.Allowed && !got.Quota.Unchecked
		})
	}
	for i := range made {
		for reservation := range made[i] {
			settleReservation(t, servers[(i+1)%2], reservation)
		}
	}
	db := observer(f.pg.URL(devpg.Superuser, "gatehouse"))
	var last ledger
	defer func() { t.Logf("the ledger of the open meter was %+v", last) }()
	within(t, patience, "what was not checked is counted, as covered by nothing", func() bool {
		last = db.ledger(t, acme, "searches")
		return last == ledger{Events: 2 + unchecked, Quantity: 2 + unchecked, Used: 2 + unchecked, Unleased: unchecked}
	})
	if l := db.ledger(t, acme, "ai.calls"); l.Events != 2 {
		t.Errorf("of the closed meter the rows say %+v, want the 2 events from before", l)
	}
	for n := range 48 - unchecked {
		if got := servers[n%2].must(t, map[string]any{"meter": "searches"}); !got.Allowed || got.Quota.Unchecked {
			t.Fatalf("check %d after the database was back = %+v, want allowed and checked", n, got)
		}
	}
	if got := servers[0].must(t, map[string]any{"meter": "searches"}); got.Allowed {
		t.Errorf("one more = %+v, want refused: 50 are used or reserved", got)
	}
}
