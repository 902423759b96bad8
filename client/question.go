package client

import "errors"

// Question is what somebody wants to do. At least one of both has to be there.
type Question struct {
	Permission string `json:"permission,omitempty"` // for example chat:use
	Feature    string `json:"feature,omitempty"`    // of the plan, for example ai.agents
}

// Decision is the answer. The zero value denies.
type Decision struct {
	Allowed   bool   `json:"allowed"`
	ID        string `json:"decision_id"`
	Clause    string `json:"clause"`     // what refused
	NeedsRole string `json:"needs_role"` // the lowest role that would allow
	NeedsPlan string `json:"needs_plan"` // the lowest plan that would allow
	Message   string `json:"message"`    // for a person
}

var errQuestion = errors.New("gatehouse client: a question names a permission, a feature or both")

func (q Question) check() error {
	if q == (Question{}) {
		return errQuestion
	}
	return nil
}

// wireDecision tells an answer without "allowed" from one that says no: it is not an answer.
type wireDecision struct {
	Decision
	Allowed *bool `json:"allowed"`
}

func (w wireDecision) decision() (Decision, error) {
	if w.Allowed == nil || w.ID == "" {
		return Decision{}, errors.New("it is no decision")
	}
	w.Decision.Allowed = *w.Allowed
	return w.Decision, nil
}
