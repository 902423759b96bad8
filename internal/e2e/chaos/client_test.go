package chaos_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"time"
)

// client is one of many that send to whatever server they find.
type client struct {
	*round

	http http.Client
	rng  *rand.Rand
}

// newClient makes the n-th client. Most of them soon give up on an answer and send again, to another server; some are patient, and hear what a
// server says that stood still.
func (r *round) newClient(n int) *client {
	c := &client{round: r, rng: rand.New(rand.NewPCG(r.seed, uint64(n)))}
	c.http.Timeout = 3 * time.Second
	if n%4 == 0 {
		c.http.Timeout = patience
	}
	return c
}

// answer is what a server said.
type answer struct {
	status int
	kind   string
	body   []byte
	asked  int // at which attempt
}

func (a answer) decode(out any) error {
	if err := json.Unmarshal(a.body, out); err != nil {
		return fmt.Errorf("answered %s: %w", a.body, err)
	}
	return nil
}

// code is that of a problem document, "" if it is none.
func (a answer) code() string {
	var p struct{ Code string }
	if a.kind != "application/problem+json" || json.Unmarshal(a.body, &p) != nil {
		return ""
	}
	return p.Code
}

// insist sends until there is an answer for good: anything that is no problem document which says to try again. It returns false if none came.
func (c *client) insist(method, path string, t *tenant, body any) (answer, bool) {
	end := time.Now().Add(patience)
	a, ok := c.insistUntil(end, method, path, t, body)
	if !ok && time.Now().After(end) {
		c.tally.violate(never, 1, "%s %.30s, after %d attempts: %d %s", method, path, a.asked, a.status, a.body)
	}
	return a, ok
}

// insistUntil gives up at a moment.
func (c *client) insistUntil(end time.Time, method, path string, t *tenant, body any) (answer, bool) {
	var raw []byte
	if body != nil {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			c.tally.violate(harness, 1, "encode a request: %v", err)
			return answer{}, false
		}
	}
	for attempt := 1; ; attempt++ {
		a, err := c.send(method, path, t, raw)
		a.asked = attempt
		switch {
		case err != nil:
			c.tally.add(unanswered, 1)
		case a.status == http.StatusServiceUnavailable && a.code() != "", a.status == http.StatusTooManyRequests && a.code() == "usage_queue_full":
			c.tally.add(clearly, 1)
		case a.status == http.StatusOK, a.status == http.StatusTooManyRequests && a.code() == "quota_exceeded":
			return a, true
		default:
			c.tally.violate(unclear, 1, "%s %.30s = %d %s %.300s", method, path, a.status, a.kind, a.body)
			return a, false
		}
		if time.Now().After(end) {
			return a, false
		}
		time.Sleep(time.Duration(10+c.rng.IntN(100)) * time.Millisecond)
	}
}

// send asks some server once.
func (c *client) send(method, path string, t *tenant, body []byte) (a answer, err error) {
	s := c.servers[c.rng.IntN(len(c.servers))]
	req, err := http.NewRequestWithContext(context.Background(), method, "http://"+*s.address.Load()+path, bytes.NewReader(body))
	if err != nil {
		return a, err
	}
	req.Host = "localhost:8080"
	req.Header.Set("X-API-Key", t.key)
	if len(body) > 0 {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := c.http.Do(req)
	if err != nil {
		return a, err
	}
	defer res.Body.Close()
	a.status, a.kind = res.StatusCode, res.Header.Get("Content-Type")
	if date, err := http.ParseTime(res.Header.Get("Date")); err == nil && time.Since(date).Abs() > 50*time.Minute {
		c.tally.add(mistaken, 1)
	}
	a.body, err = io.ReadAll(res.Body)
	return a, err
}
