package quota

import (
	"github.com/google/uuid"

	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// Of says in one word whose budget a rule sets: "tenant", "user" or "api_key" for each of them, or the id of one.
func (r Rule) Of() string {
	switch {
	case r.Subject == uuid.Nil:
	case r.Kind == OfUser:
		return id.From[id.User](r.Subject).String()
	case r.Kind == OfKey:
		return id.From[id.Key](r.Subject).String()
	}
	return string(r.Kind)
}

// ParseOf reads what [Rule.Of] says. Everything else names nothing: the error is that of a row which is not there.
func ParseOf(text string) (Kind, uuid.UUID, error) {
	switch kind := Kind(text); kind {
	case OfTenant, OfUser, OfKey:
		return kind, uuid.Nil, nil
	}
	var user id.User
	if text != "" && user.UnmarshalText([]byte(text)) == nil {
		return OfUser, user.UUID(), nil
	}
	var key id.Key
	if text != "" && key.UnmarshalText([]byte(text)) == nil {
		return OfKey, key.UUID(), nil
	}
	return "", uuid.Nil, errs.NotFound("user or API key")
}
