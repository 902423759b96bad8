package why

import (
	"encoding/json"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/events"
)

// What a step is about.
type What string

// The steps, in their order. Those that do not matter to a decision are not in its path.
const (
	Standing   What = "standing" // only where it refuses
	Group      What = "group"    // at the provider
	Mapping    What = "mapping"  // of the connection, from a group to a role
	Key        What = "api_key"
	Role       What = "role"
	Permission What = "permission"
	Plan       What = "plan"
	Trial      What = "trial" // of a higher plan
	Feature    What = "feature"
	Override   What = "override" // of a feature, for the tenant alone
)

// Step is one reason of a decision. What is not known is empty.
type Step struct {
	What  What       `json:"what" enum:"standing,group,mapping,api_key,role,permission,plan,trial,feature,override"`
	Name  string     `json:"name" doc:"For example the role"`
	Holds bool       `json:"holds" doc:"Whether it speaks for the member; what does not hold is what lacks"`
	Since *time.Time `json:"since,omitempty" doc:"When it became so, where the audit log says it"`
	By    string     `json:"by,omitempty" doc:"The member or API key that made it so; operator or system"`
	Via   string     `json:"via,omitempty" doc:"The connection of a group or mapping; the source of a feature"`
	Until *time.Time `json:"until,omitempty" doc:"When a trial or an override ends"`
}

// from dates a step by an event; nil leaves it as it is.
func (s Step) from(e *events.Event) Step {
	if e == nil {
		return s
	}
	s.Since = moment(e.CreatedAt)
	if s.By = e.ActorID; s.By == "" {
		s.By = string(e.ActorKind)
	}
	return s
}

// moment is nil for no time.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// said is what events say that a path reads.
type said struct {
	To, Role, Plan, Feature string
	Connection              string
}

func read(e events.Event) said {
	var d said
	_ = json.Unmarshal(e.Data, &d) // of another form, it says nothing of this
	return d
}
