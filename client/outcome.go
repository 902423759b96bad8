package client

import (
	"errors"
	"fmt"
	"net/http"
)

// outcome is what the server says of one use. A duplicate was counted before, which is as good as now.
type outcome struct {
	ID     string `json:"id"`
	Status string `json:"status"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

const refused = "refused"

// of reports whether this is an answer about a use. To believe another one would be to lose the use.
func (o outcome) of(u Use) bool {
	switch o.Status {
	case "accepted", "duplicate":
		return o.ID == u.Key
	case refused:
		return o.Code != "" && (o.ID == u.Key || o.ID == "") // the id of one that cannot be read is not known
	}
	return false
}

// outcomesOf reads the answer about uses, in their order.
func outcomesOf(a *answer, sent []Use) ([]outcome, error) {
	if a.status != http.StatusOK {
		return nil, setback(a)
	}
	var wire struct {
		Events []outcome `json:"events"`
	}
	err := a.read(&wire)
	if err == nil && len(wire.Events) != len(sent) {
		err = fmt.Errorf("there are %d outcomes of %d uses", len(wire.Events), len(sent))
	}
	for i := 0; err == nil && i < len(sent); i++ {
		if !wire.Events[i].of(sent[i]) {
			err = fmt.Errorf("outcome %d is not of the use that was sent", i)
		}
	}
	if err != nil {
		return nil, unavailable("record usage", err)
	}
	return wire.Events, nil
}

// setback is what an answer without outcomes means: a *Problem, or ErrUnavailable, and how long to wait.
func setback(a *answer) error {
	var err error
	p, unclear := problemOf(a)
	switch {
	case unclear == nil:
		err = p
	case a.status == http.StatusRequestEntityTooLarge:
		err = unavailable("record usage", errTooLarge)
	default:
		err = unavailable("record usage", fmt.Errorf("the answer has the status %d", a.status))
	}
	return &delayed{err, retryAfter(a.header)}
}

// errTooLarge is how a proxy says it, which knows no problem documents.
var errTooLarge = errors.New("the request is too large")

// tooMuch reports whether fewer uses may have more luck.
func tooMuch(err error) bool { return errors.Is(err, errTooLarge) || unfit(err) }

// unfit reports whether the server itself refuses what was sent, which then does not become better by waiting. Everything else does: also a
// key that is refused may be given its permission back.
func unfit(err error) bool {
	p, ok := errors.AsType[*Problem](err)
	return ok && (p.Status == http.StatusRequestEntityTooLarge || p.Status == http.StatusUnprocessableEntity)
}
