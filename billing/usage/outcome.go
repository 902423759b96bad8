package usage

// Status is what became of one event.
type Status string

// The statuses. A duplicate is a success: the event with this key was counted before, and is once.
const (
	Accepted  Status = "accepted"
	Duplicate Status = "duplicate"
	Refused   Status = "refused"
)

// Outcome answers for one event.
type Outcome struct {
	Status  Status
	Refusal *Refusal // nil unless it was refused
}

// Refusal says why an event cannot be taken, now or later. Nothing of the event was kept.
type Refusal struct {
	Code   string // stable
	Detail string // for a person
	Field  string // which of the event's members is wrong, as the API calls it; "" where the code alone says so
}

// Error implements error.
func (r *Refusal) Error() string { return r.Code + ": " + r.Detail }
