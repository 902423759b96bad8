package telemetry

import (
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Route counts the requests of one route. It keeps its counters at hand: to look them up by their labels costs more than to count.
type Route struct {
	metrics *Metrics
	name    string
	adding  sync.Mutex
	answers atomic.Pointer[[]answers] // replaced as a whole
}

// answers are those with one status.
type answers struct {
	status  int
	count   prometheus.Counter
	latency prometheus.Observer // of the route, whatever the status
}

// Route counts the requests of a route, which is a pattern of ours.
func (m *Metrics) Route(name string) *Route {
	r := &Route{metrics: m, name: name}
	r.answers.Store(new([]answers))
	return r
}

// Answered counts one answered request.
func (r *Route) Answered(status int, took time.Duration) {
	a, known := r.with(status)
	if !known {
		a = r.add(status)
	}
	a.count.Inc()
	a.latency.Observe(took.Seconds())
}

func (r *Route) with(status int) (answers, bool) {
	for _, a := range *r.answers.Load() {
		if a.status == status {
			return a, true
		}
	}
	return answers{}, false
}

func (r *Route) add(status int) answers {
	r.adding.Lock()
	defer r.adding.Unlock()
	if a, known := r.with(status); known {
		return a
	}
	a := answers{status, r.metrics.requests.WithLabelValues(r.name, strconv.Itoa(status)), r.metrics.latency.WithLabelValues(r.name)}
	next := append(slices.Clip(*r.answers.Load()), a)
	r.answers.Store(&next)
	return a
}
