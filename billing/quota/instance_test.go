package quota_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/billing/quota"
	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// instanceVariable makes the test binary one instance of a product, which its parent tells what to do.
const instanceVariable = "GATEHOUSE_QUOTA_TEST_INSTANCE"

func TestMain(m *testing.M) {
	if os.Getenv(instanceVariable) == "" {
		os.Exit(m.Run())
	}
	if err := beInstance(context.Background(), os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

const (
	instanceLease   = 2 * time.Second
	instanceCallers = 4
	quiet           = 300 * time.Millisecond
)

// order is what an instance is told, in a line of JSON. The first says where and whom.
type order struct {
	URL    string    `json:"url,omitempty"`
	Tenant id.Tenant `json:"tenant"`
	Limit  int64     `json:"limit,omitempty"`
	Most   int64     `json:"most,omitempty"` // to take, one at a time; it answers when that is done, or when it was refused for a while
}

// report answers an order. All that was admitted is recorded.
type report struct {
	Admitted int64 `json:"admitted"`
	Late     int64 `json:"late"` // of them: what was recorded when its lease may have been over
}

type instance struct {
	*usage.Recorder
	*quota.Engine

	call quota.Call
}

func beInstance(ctx context.Context, in io.Reader, out io.Writer) error {
	orders, reports := json.NewDecoder(bufio.NewReader(in)), json.NewEncoder(out)
	var first order
	if err := orders.Decode(&first); err != nil {
		return err
	}
	d, err := db.Open(ctx, db.Config{URL: first.URL, MaxConns: 2})
	if err != nil {
		return err
	}
	pool, err := usage.Open(ctx, d)
	if err != nil {
		return err
	}
	i := instance{call: quota.Call{Tenant: first.Tenant, Meter: meter, Quantity: 1, Terms: terms(first.Limit)}}
	log := slog.New(slog.DiscardHandler)
	if i.Recorder, err = usage.New(usage.Config{Pool: pool, Log: log}); err != nil {
		return err
	}
	if i.Engine, err = quota.New(quota.Config{DB: d, Pool: pool, Log: log, Lease: instanceLease}); err != nil {
		return err
	}
	go func() { _ = i.Recorder.Run(ctx) }()
	go func() { _ = i.Engine.Run(ctx) }()
	for {
		var o order
		if err := orders.Decode(&o); err != nil {
			return nil //nolint:nilerr // the parent is gone, or needs this no more
		}
		r, err := i.obey(ctx, o.Most)
		if err != nil {
			return err
		}
		if err := reports.Encode(r); err != nil {
			return err
		}
	}
}

func (i *instance) obey(ctx context.Context, most int64) (report, error) {
	var begun, admitted, late, last atomic.Int64
	last.Store(time.Now().UnixNano())
	var all sync.WaitGroup
	failed := make(chan error, instanceCallers)
	for range instanceCallers {
		all.Go(func() {
			for begun.Add(1) <= most {
				for {
					before := time.Now()
					ok, err := i.use(ctx)
					if err != nil {
						failed <- err
						return
					}
					if ok {
						if admitted.Add(1); time.Since(before) > instanceLease/5 {
							late.Add(1)
						}
						last.Store(time.Now().UnixNano())
						break
					}
					if time.Since(time.Unix(0, last.Load())) > quiet {
						return
					}
					time.Sleep(time.Millisecond)
				}
			}
		})
	}
	all.Wait()
	select {
	case err := <-failed:
		return report{}, err
	default:
		return report{admitted.Load(), late.Load()}, nil
	}
}

// use takes one and records it.
func (i *instance) use(ctx context.Context) (bool, error) {
	h, d, err := i.Take(ctx, i.call)
	if err != nil || !d.Allowed {
		return false, err
	}
	e := usage.Event{Key: id.New[id.Request]().UUID().String(), Tenant: i.call.Tenant, At: h.At, Meter: string(meter), Quantity: 1, Lease: h.Lease}
	// Whoever stood still in the middle of a COPY has lost its transaction, and records again.
	for _, err = i.Record(ctx, e); errs.As(err).Kind == errs.Unavailable; _, err = i.Record(ctx, e) {
		time.Sleep(10 * time.Millisecond)
	}
	return true, err
}
