package mail

import (
	"context"
	"slices"
	"sync"
	"time"
)

// outboxSize is how many messages an [Outbox] keeps.
const outboxSize = 200

// Sent is a message that an [Outbox] took.
type Sent struct {
	Message
	At time.Time
}

// Outbox is a [Sender] that keeps the last 200 messages in memory, for development and tests. The zero value is ready to use.
type Outbox struct {
	mu   sync.Mutex
	sent []Sent // oldest first
}

// Send implements [Sender].
func (o *Outbox) Send(_ context.Context, m Message) error {
	if err := m.Check(); err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.sent) == outboxSize {
		o.sent = slices.Delete(o.sent, 0, 1)
	}
	o.sent = append(o.sent, Sent{m, time.Now()})
	return nil
}

// Messages returns a copy of what was sent, newest first.
func (o *Outbox) Messages() []Sent {
	o.mu.Lock()
	defer o.mu.Unlock()
	list := slices.Clone(o.sent)
	slices.Reverse(list)
	return list
}
