package jobs

import (
	"context"
	"fmt"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// Periodic is a function that runs again and again in one instance at a time, first when an instance takes the lead. It is not tried
// again before its next turn, and must stand being run early.
type Periodic struct {
	Name  string
	Every time.Duration // at least a second
	Func  func(ctx context.Context) error
}

// periodicTimeout bounds one turn.
const periodicTimeout = 5 * time.Minute

type periodicArgs struct {
	Name string `json:"name"`
}

func (periodicArgs) Kind() string { return "periodic" }

type periodicWorker struct {
	river.WorkerDefaults[periodicArgs]
	funcs map[string]func(context.Context) error
}

func (w *periodicWorker) Timeout(*river.Job[periodicArgs]) time.Duration { return periodicTimeout }

func (w *periodicWorker) Work(ctx context.Context, job *river.Job[periodicArgs]) error {
	fn := w.funcs[job.Args.Name]
	if fn == nil { // enqueued by an instance of another release
		return river.JobCancel(fmt.Errorf("no periodic function %q", job.Args.Name))
	}
	return fn(ctx)
}

// schedule turns the list into River's. A turn that is still waiting or running is not doubled.
func schedule(list []Periodic) ([]*river.PeriodicJob, *periodicWorker, error) {
	w := &periodicWorker{funcs: make(map[string]func(context.Context) error, len(list))}
	var jobs []*river.PeriodicJob
	for _, p := range list {
		if p.Name == "" || p.Func == nil || p.Every < time.Second || w.funcs[p.Name] != nil {
			return nil, nil, fmt.Errorf("periodic function %q needs a name of its own, a function and a second or more between turns", p.Name)
		}
		w.funcs[p.Name] = p.Func
		jobs = append(jobs, river.NewPeriodicJob(river.PeriodicInterval(p.Every), func() (river.JobArgs, *river.InsertOpts) {
			return periodicArgs{p.Name}, &river.InsertOpts{MaxAttempts: 1, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: []rivertype.JobState{
				rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable, rivertype.JobStateRunning, rivertype.JobStateScheduled,
			}}}
		}, &river.PeriodicJobOpts{ID: p.Name, RunOnStart: true}))
	}
	return jobs, w, nil
}
