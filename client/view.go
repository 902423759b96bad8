package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"
)

// view is what was streamed of a tenant. It is immutable: an event makes another one.
type view struct {
	terms   *terms
	members map[string]person
	ended   map[string]bool
	asOf    time.Time // by our clock; what was committed until then is in it
}

type terms struct {
	Tenant      string             `json:"tenant_id"`
	Status      string             `json:"status"`
	RequireSSO  bool               `json:"require_sso"`
	Permissions map[string]string  `json:"permissions"` // and the feature that each needs
	Features    map[string]feature `json:"features"`
	Roles       map[string]role    `json:"roles"`
}

type feature struct {
	Included bool `json:"included"`
	Off      bool `json:"switched_off"`
}

type role struct{ holds, allowed, methods set }

// UnmarshalJSON implements json.Unmarshaler.
func (r *role) UnmarshalJSON(text []byte) error {
	var wire struct{ Holds, Allowed, Methods []string }
	if err := json.Unmarshal(text, &wire); err != nil {
		return err
	}
	*r = role{setOf(wire.Holds), setOf(wire.Allowed), setOf(wire.Methods)}
	return nil
}

type set map[string]bool

func setOf(names []string) set {
	s := make(set, len(names))
	for _, name := range names {
		s[name] = true
	}
	return s
}

type person struct {
	ID     string `json:"id"`
	Role   string `json:"role"`
	Status string `json:"status"`
}

// part is what snapshot and change hold.
type part struct {
	Terms   *terms    `json:"terms"`
	Members *[]person `json:"members"`
	All     bool      `json:"all_members"`
	Ended   *[]string `json:"ended_sessions"`
}

// errEnded is the end of a stream whose caller may not read it any more.
var errEnded = errors.New("the server has ended the stream")

// after is the view when an event has come, on a stream that was asked for at a time. A snapshot has to be the first.
func (v *view) after(e event, began time.Time) (*view, error) {
	switch {
	case e.name == "snapshot" && v == nil:
		next := &view{members: map[string]person{}, ended: map[string]bool{}}
		if err := next.take(e.data); err != nil {
			return nil, err
		}
		if next.terms == nil {
			return nil, errGarbage
		}
		return next, nil
	case v == nil:
		return nil, errGarbage
	case e.name == "change":
		next := *v
		return &next, next.take(e.data)
	case e.name == "beat":
		return v.beaten(e.data, began)
	case e.name == "end":
		return nil, ended(e.data)
	}
	return nil, errGarbage
}

// take puts in what an event holds. What it shares with the view before is copied: others are reading it.
func (v *view) take(data string) error {
	var p part
	if err := json.Unmarshal([]byte(data), &p); err != nil {
		return fmt.Errorf("%w: %w", errGarbage, err)
	}
	if p.Terms != nil {
		if p.Terms.Tenant == "" || v.terms != nil && p.Terms.Tenant != v.terms.Tenant {
			return errGarbage
		}
		v.terms = p.Terms
	}
	if p.Members != nil {
		members := map[string]person{}
		if !p.All {
			members = maps.Clone(v.members)
		}
		for _, m := range *p.Members {
			if m.ID == "" || m.Role == "" || m.Status == "" {
				return errGarbage
			}
			members[m.ID] = m
		}
		v.members = members
	}
	if p.Ended != nil {
		v.ended = maps.Clone(v.ended) // a stream is too short for them to become many
		for _, id := range *p.Ended {
			v.ended[id] = true
		}
	}
	return nil
}

func (v *view) beaten(data string, began time.Time) (*view, error) {
	var beat struct {
		AsOf *int64 `json:"as_of_ms"`
	}
	if err := json.Unmarshal([]byte(data), &beat); err != nil || beat.AsOf == nil {
		return nil, errors.Join(errGarbage, err)
	}
	next := *v
	next.asOf = began.Add(time.Duration(*beat.AsOf) * time.Millisecond)
	return &next, nil
}

func ended(data string) error {
	var end struct {
		Code string `json:"code"`
	}
	if err := json.Unmarshal([]byte(data), &end); err == nil && (end.Code == "renew" || end.Code == "draining") {
		return errRenew
	}
	return errEnded
}

// fresh says that the view may be decided from. One that is of the future was made by a clock that is not ours.
func (v *view) fresh(now time.Time) bool {
	age := now.Sub(v.asOf)
	asleep := now.Round(0).Sub(v.asOf.Round(0)) // the monotonic clock stands still while the machine sleeps; this one does not
	return age >= -streamFresh && max(age, asleep) < streamFresh
}
