package chaos_test

import (
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
)

// event is one as it is sent.
type event struct {
	ID       string `json:"id"`
	Meter    string `json:"meter"`
	Quantity int64  `json:"quantity"`
	Model    string `json:"model"`
}

// recorded is the answer to POST /v1/usage.
type recorded struct {
	Events []struct{ ID, Status, Code, Detail string }
}

// recordEvents sends events until the load ends. Those of some clients have ids that do not tell their day.
func (c *client) recordEvents(t *tenant, b *book, n int) {
	for i := 0; !c.over.Load(); i++ {
		batch := make([]event, 1+c.rng.IntN(20))
		for j := range batch {
			batch[j] = event{uuid.Must(uuid.NewV7()).String(), "ai.tokens", 1 + c.rng.Int64N(50), [...]string{"small", "large"}[c.rng.IntN(2)]}
			if n%3 == 1 {
				batch[j].ID = fmt.Sprintf("%s %d/%d/%d", t.slug, n, i, j)
			}
			b.send(batch[j].ID, batch[j].Quantity)
		}
		if again, quantity := b.some(c.rng.IntN(1_000)); again != "" && c.rng.IntN(4) == 0 {
			batch = append(batch, event{again, "ai.tokens", quantity, "large"})
		}
		c.deliver(t, b, batch)
		time.Sleep(time.Duration(c.rng.IntN(20)) * time.Millisecond)
	}
}

// deliver sends a batch until each event has an outcome.
func (c *client) deliver(t *tenant, b *book, batch []event) {
	for began, first := time.Now(), true; len(batch) > 0; first = false {
		a, ok := c.insist(http.MethodPost, "/v1/usage", t, batch)
		if !ok {
			return
		}
		var got recorded
		if err := a.decode(&got); err != nil || len(got.Events) != len(batch) {
			c.tally.violate(unclear, 1, "%d events = %s: %v", len(batch), a.body, err)
			return
		}
		var later []event
		for i, e := range got.Events {
			switch e.Status {
			case "accepted", "duplicate":
				c.acknowledged(b, batch[i].ID, e.Status, first && a.asked == 1)
			case "refused":
				if later = append(later, batch[i]); e.Code == "event_in_future" || e.Code == "event_too_old" {
					c.tally.add(wrongClock, 1)
					continue
				}
				c.tally.violate(unclear, 1, "event %s is refused: %s %s", e.ID, e.Code, e.Detail)
			}
		}
		if batch = later; len(batch) > 0 {
			if time.Since(began) > patience {
				c.tally.violate(never, 1, "%d events are refused for good", len(batch))
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
}

// acknowledged compares an outcome with what is known of the event.
func (c *client) acknowledged(b *book, id, status string, firstAttempt bool) {
	switch before := b.acknowledge(id); {
	case before && status == "accepted":
		c.tally.violate(double, 1, "%s was acknowledged, and is accepted again", id)
	case before:
		c.tally.add(repeated, 1)
	case status == "duplicate" && firstAttempt:
		c.tally.violate(double, 1, "%s is a duplicate when it is sent for the first time", id)
	default:
		c.tally.add(acknowledged, 1)
	}
}

// repeat sends again everything that was acknowledged. Nothing of it may count.
func (c *client) repeat(t *tenant, b *book) {
	var batch []event
	flush := func() {
		c.deliver(t, b, batch)
		batch = nil
	}
	for id, quantity := range b.toldNow() {
		if batch = append(batch, event{id, "ai.tokens", quantity, "large"}); len(batch) == 1_000 {
			flush()
		}
	}
	flush()
}
