package jobs

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// Result is one attempt, for metrics.
type Result struct {
	Kind     string
	Outcome  Outcome
	Duration time.Duration
}

// account writes one line for each attempt and tells the metrics.
func account(log *slog.Logger, observe func(Result)) rivertype.Middleware {
	return river.WorkerMiddlewareFunc(func(ctx context.Context, job *rivertype.JobRow, work func(context.Context) error) (err error) {
		start, returned := time.Now(), false
		defer func() { // a panic passes through here; River recovers it
			r := Result{Kind: job.Kind, Outcome: outcomeOf(job, err, returned), Duration: time.Since(start)}
			level, attrs := slog.LevelInfo, []slog.Attr{
				slog.String("kind", r.Kind), slog.Int64("job_id", job.ID), slog.Int("attempt", job.Attempt),
				slog.Duration("duration", r.Duration), slog.String("outcome", string(r.Outcome)),
			}
			if tenant, err := Tenant(job); err == nil {
				attrs = append(attrs, slog.String("tenant_id", tenant.String()))
			}
			if r.Outcome != Completed {
				level = slog.LevelWarn
			}
			if r.Outcome == Discarded || r.Outcome == Panicked {
				level = slog.LevelError
			}
			if err != nil {
				attrs = append(attrs, slog.String("error", err.Error()))
			}
			log.LogAttrs(ctx, level, "job", attrs...)
			if observe != nil {
				observe(r)
			}
		}()
		err = work(ctx)
		returned = true
		return err
	})
}

// quiet passes on what River warns of; its information repeats ours.
type quiet struct{ slog.Handler }

func (q quiet) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && q.Handler.Enabled(ctx, l)
}

// Handle leaves out what is said only because the process stops: nobody must act on it.
func (q quiet) Handle(ctx context.Context, r slog.Record) error {
	stopped := false
	r.Attrs(func(a slog.Attr) bool {
		stopped = stopped || strings.Contains(a.Value.String(), context.Canceled.Error())
		return !stopped
	})
	if stopped {
		return nil
	}
	return q.Handler.Handle(ctx, r)
}

func (q quiet) WithAttrs(a []slog.Attr) slog.Handler { return quiet{q.Handler.WithAttrs(a)} }
func (q quiet) WithGroup(n string) slog.Handler      { return quiet{q.Handler.WithGroup(n)} }
