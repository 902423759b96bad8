package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/jobs"
)

const states = "SELECT COALESCE(string_agg(state::text, ' ' ORDER BY id), '') FROM river_job WHERE kind <> 'periodic'"

func TestARolledBackJobWasNeverThere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	failed := errors.New("no")
	err := b.db.Tenant(t.Context(), b.a, func(tx *db.TenantTx) error {
		if err := jobs.Enqueue(t.Context(), tx, note{"x"}); err != nil {
			return err
		}
		return failed
	})
	if !errors.Is(err, failed) {
		t.Fatalf("Tenant() = %v, want %v", err, failed)
	}
	err = b.db.System(t.Context(), func(tx *db.SystemTx) error {
		if err := jobs.EnqueueSystem(t.Context(), tx, note{"x"}); err != nil {
			return err
		}
		return failed
	})
	if !errors.Is(err, failed) {
		t.Fatalf("System() = %v, want %v", err, failed)
	}
	if got := b.text(t, states); got != "" {
		t.Errorf("jobs = %q, want none", got)
	}
}

func TestTwoRunnersDoEachJobOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var mu sync.Mutex
	got := map[string]int{}
	for range 2 {
		w := jobs.NewWorkers(b.db)
		jobs.Handle(w, func(ctx context.Context, job jobs.Job[note]) error {
			return b.db.Tenant(ctx, job.Tenant, func(tx *db.TenantTx) error {
				var slug string
				if err := tx.DB.Raw("SELECT slug FROM tenants WHERE id = ?", tx.Tenant).Scan(&slug).Error; err != nil {
					return err
				}
				mu.Lock()
				defer mu.Unlock()
				got[slug+" "+job.Args.Text]++
				return nil
			})
		})
		b.run(t, jobs.Config{Workers: w})
	}
	want := map[string]int{}
	for i := range 10 {
		text := fmt.Sprint(i)
		b.enqueue(t, b.a, note{text})
		b.enqueue(t, b.b, note{text})
		want["alpha "+text], want["beta "+text] = 1, 1
	}
	b.eventually(t, "SELECT count(*)::text FROM river_job WHERE state = 'completed' AND kind = 'note'", "20")
	mu.Lock()
	defer mu.Unlock()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("runs of each job (-want +got):\n%s", diff)
	}
}

func TestATenantSeesOnlyItsOwnJobs(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.enqueue(t, b.b, note{"secret of beta"})
	b.enqueue(t, b.a, note{"of alpha"})
	err := b.db.Tenant(t.Context(), b.a, func(tx *db.TenantTx) error {
		var args []string
		if err := tx.DB.Raw("SELECT args ->> 'text' FROM river_job").Scan(&args).Error; err != nil {
			return err
		}
		if diff := cmp.Diff([]string{"of alpha"}, args); diff != "" {
			t.Errorf("jobs that alpha sees (-want +got):\n%s", diff)
		}
		r := tx.DB.Exec("UPDATE river_job SET state = 'cancelled', finalized_at = now() WHERE args ->> 'text' <> 'of alpha'")
		if r.Error != nil || r.RowsAffected != 0 {
			t.Errorf("alpha changed %d jobs of beta (%v), want 0", r.RowsAffected, r.Error)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, metadata := range map[string]string{
		"another tenant's job": fmt.Sprintf(`{"tenant_id": %q}`, b.b.UUID()), "nobody's job": `{}`,
	} {
		err := b.db.Tenant(t.Context(), b.a, func(tx *db.TenantTx) error {
			return tx.DB.Exec("INSERT INTO river_job (kind, args, metadata, max_attempts) VALUES ('note', '{}', ?::jsonb, 1)", metadata).Error
		})
		if err == nil {
			t.Errorf("alpha inserted %s, want a refusal", name)
		}
	}
}

func TestTEN_17_AJobWithoutALivingTenantDoesNotRun(t *testing.T) {
	t.Parallel()
	b := setup(t)
	gone, unknown := b.b, id.New[id.Tenant]()
	b.enqueue(t, gone, note{"x"})
	b.system(t, "UPDATE tenants SET status = 'deleted', deleted_at = now() WHERE id = ?", gone)
	for _, metadata := range []string{
		`{}`, `{"tenant_id": ""}`, `{"tenant_id": null}`, `{"tenant_id": "alpha"}`, `{"tenant_id": "00000000-0000-0000-0000-000000000000"}`,
		`{"tenant_id": ["x"]}`, fmt.Sprintf(`{"tenant_id": %q}`, unknown.UUID()),
	} {
		b.system(t, "INSERT INTO river_job (kind, args, metadata, max_attempts) VALUES ('note', '{}', ?::jsonb, 5)", metadata)
	}
	var ran atomic.Int64
	w := jobs.NewWorkers(b.db)
	jobs.Handle(w, func(context.Context, jobs.Job[note]) error { ran.Add(1); return nil })
	log, _ := b.run(t, jobs.Config{Workers: w})
	b.eventually(t, states, strings.TrimSpace(strings.Repeat(canceled+" ", 8)))
	if n := ran.Load(); n != 0 {
		t.Errorf("runs = %d, want 0", n)
	}
	if got := log.lines(`"outcome":"canceled"`); len(got) != 8 {
		t.Errorf("lines = %d, want 8:\n%s", len(got), log)
	}
}

type chore struct{}

func (chore) Kind() string { return "chore" }

func TestASystemJobHasNoTenant(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.enqueue(t, b.a, chore{})
	err := b.db.System(t.Context(), func(tx *db.SystemTx) error { return jobs.EnqueueSystem(t.Context(), tx, chore{}) })
	if err != nil {
		t.Fatal(err)
	}
	w := jobs.NewWorkers(b.db)
	jobs.HandleSystem(w, func(context.Context, chore) error { return nil })
	b.run(t, jobs.Config{Workers: w})
	b.eventually(t, states, canceled+" completed")
}

func TestEachAttemptIsOneLineAndOneResult(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var mu sync.Mutex
	got := map[jobs.Outcome]bool{}
	w := jobs.NewWorkers(b.db)
	jobs.Handle(w, func(_ context.Context, job jobs.Job[note]) error {
		switch job.Args.Text {
		case "fails":
			return errors.New("broken\nline")
		case "gives up":
			return jobs.GiveUp(errors.New("useless"))
		case "panics":
			panic("odd")
		}
		return nil
	})
	log, _ := b.run(t, jobs.Config{Workers: w, Observe: func(r jobs.Result) {
		mu.Lock()
		defer mu.Unlock()
		got[r.Outcome] = r.Kind == "note" && r.Duration > 0
	}})
	for _, text := range []string{"works", "fails", "gives up", "panics"} {
		b.enqueue(t, b.a, note{text})
	}
	err := b.db.Tenant(t.Context(), b.a, func(tx *db.TenantTx) error {
		return jobs.Enqueue(t.Context(), tx, note{"fails"}, jobs.Attempts(1))
	})
	if err != nil {
		t.Fatal(err)
	}
	b.eventually(t, "SELECT count(*)::text FROM river_job WHERE kind = 'note' AND state IN ('completed', 'retryable', 'discarded', 'cancelled')", "5")
	want := map[jobs.Outcome]bool{jobs.Completed: true, jobs.Retrying: true, jobs.Canceled: true, jobs.Discarded: true, jobs.Panicked: true}
	mu.Lock()
	defer mu.Unlock()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	for outcome := range want {
		// What failed is tried again after a second, which may be over.
		lines := log.lines(fmt.Sprintf(`"outcome":%q`, outcome))
		if len(lines) == 0 {
			t.Errorf("lines of %s = none, want one:\n%s", outcome, log)
			continue
		}
		for _, key := range []string{`"msg":"job"`, `"kind":"note"`, `"attempt":1`, `"duration":`, `"tenant_id":"` + b.a.String()} {
			if !strings.Contains(lines[0], key) {
				t.Errorf("line of %s lacks %s: %s", outcome, key, lines[0])
			}
		}
	}
}

func TestAStopWaitsForJobsUnderWay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	started, release := make(chan struct{}), make(chan struct{})
	w := jobs.NewWorkers(b.db)
	jobs.Handle(w, func(ctx context.Context, _ jobs.Job[note]) error {
		close(started)
		select {
		case <-release:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	_, stop := b.run(t, jobs.Config{Workers: w, Parallel: 1})
	b.enqueue(t, b.a, note{"under way"})
	<-started
	b.enqueue(t, b.a, note{"waits"})
	time.AfterFunc(200*time.Millisecond, func() { close(release) })
	stop()
	if got := b.text(t, states); got != "completed available" {
		t.Errorf("jobs after the stop = %q, want completed available", got)
	}
}

func TestAStopDoesNotWaitForEver(t *testing.T) {
	t.Parallel()
	b := setup(t)
	started := make(chan struct{})
	w := jobs.NewWorkers(b.db)
	jobs.Handle(w, func(ctx context.Context, _ jobs.Job[note]) error {
		close(started)
		<-ctx.Done()
		return ctx.Err()
	})
	_, stop := b.run(t, jobs.Config{Workers: w, Grace: 100 * time.Millisecond})
	b.enqueue(t, b.a, note{"stuck"})
	<-started
	stop()
	if got := b.text(t, states); got != "retryable" && got != "available" {
		t.Errorf("job after the stop = %q, want it to be done again", got)
	}
}

func TestPeriodicFunctionsRunInOneInstance(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var running, most, turns atomic.Int64
	prune := jobs.Periodic{Name: "prune", Every: time.Second, Func: func(context.Context) error {
		if n := running.Add(1); n > most.Load() {
			most.Store(n)
		}
		defer running.Add(-1)
		time.Sleep(300 * time.Millisecond)
		turns.Add(1)
		return nil
	}}
	for range 2 {
		b.run(t, jobs.Config{Workers: jobs.NewWorkers(b.db), Periodic: []jobs.Periodic{prune}})
	}
	for range 300 {
		if turns.Load() >= 2 {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if turns.Load() < 2 || most.Load() != 1 {
		t.Errorf("turns = %d, at once %d; want 2 or more, 1 at once", turns.Load(), most.Load())
	}
}

func TestTheRunnerHasRightsOnJobsAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := jobs.NewWorkers(b.db)
	jobs.Handle(w, func(context.Context, jobs.Job[note]) error { return nil })
	b.run(t, jobs.Config{Workers: w})
	b.enqueue(t, b.a, note{"x"})
	b.eventually(t, states, "completed")
	const rights = `SELECT COALESCE(string_agg(relname, ' '), '') FROM pg_class WHERE relnamespace = 'public'::regnamespace
		AND relkind IN ('r', 'p') AND relname NOT LIKE 'river%' AND has_table_privilege('gatehouse_jobs', oid, 'SELECT, INSERT, UPDATE, DELETE')`
	if got := b.text(t, rights); got != "" {
		t.Errorf("tables that gatehouse_jobs may use = %q, want none but River's", got)
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	once := func(context.Context) error { return nil }
	twice := jobs.NewWorkers(b.db)
	jobs.HandleSystem(twice, func(context.Context, chore) error { return nil })
	jobs.HandleSystem(twice, func(context.Context, chore) error { return nil })
	for name, cfg := range map[string]jobs.Config{
		"nothing":               {},
		"two workers of a kind": {Workers: twice},
		"no name":               {Workers: jobs.NewWorkers(b.db), Periodic: []jobs.Periodic{{Every: time.Minute, Func: once}}},
		"no function":           {Workers: jobs.NewWorkers(b.db), Periodic: []jobs.Periodic{{Name: "a", Every: time.Minute}}},
		"too often":             {Workers: jobs.NewWorkers(b.db), Periodic: []jobs.Periodic{{Name: "a", Every: time.Millisecond, Func: once}}},
		"one name twice": {Workers: jobs.NewWorkers(b.db), Periodic: []jobs.Periodic{
			{Name: "a", Every: time.Minute, Func: once}, {Name: "a", Every: time.Minute, Func: once},
		}},
	} {
		if cfg.Workers != nil {
			cfg.Conn, cfg.Log = b.db.Config(), slog.New(slog.DiscardHandler)
		}
		if _, err := jobs.New(cfg); err == nil {
			t.Errorf("%s: New() = nil, want an error", name)
		}
	}
}
