package sso

import (
	"encoding/json"
	"fmt"

	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
)

// candidate is a connection as it would be after a change that is only tried. It waits in the attempt, encrypted, since it has a secret.
type candidate struct {
	Connection Connection
	Secret     string
}

func heldAt(tenant id.Tenant, a id.Attempt) secret.AAD {
	return secret.AAD{Table: "attempts", Row: a.String(), Tenant: tenant.String()}
}

// holdCandidate lays a change over a connection, as Update would, and seals what comes of it.
func (s *SignIn) holdCandidate(tenant id.Tenant, a id.Attempt, c Connection, p Prepared) (candidate, []byte, error) {
	if p.draft.Protocol != c.Protocol {
		return candidate{}, nil, errs.InvalidField("protocol", "A connection keeps its protocol. Create another one.")
	}
	to := candidate{Connection: c}
	if p.drift(c).any() { // a stored secret goes nowhere else than where it was meant to
		to.Connection.Sealed, to.Connection.SecretHint = nil, ""
		to.Connection.follow(p)
	}
	p.onto(&to.Connection)
	to.Secret = p.draft.ClientSecret.Reveal()
	if to.Secret == "" && to.Connection.SecretSet() {
		kept, err := s.open(tenant, c)
		if err != nil {
			return candidate{}, nil, err
		}
		to.Secret = kept.Reveal()
	}
	plain, err := json.Marshal(to)
	if err != nil {
		return candidate{}, nil, fmt.Errorf("encode a candidate of connection %s: %w", c.ID, err)
	}
	sealed, err := s.keyring.Seal(plain, heldAt(tenant, a))
	if err != nil {
		return candidate{}, nil, fmt.Errorf("seal a candidate of connection %s: %w", c.ID, err)
	}
	return to, sealed, nil
}

// tryCandidate puts the candidate of a test in the place of its connection.
func (s *SignIn) tryCandidate(tenant id.Tenant, b *back) error {
	plain, err := s.keyring.Open(b.record.Held, heldAt(tenant, b.record.ID))
	if err != nil {
		return fmt.Errorf("open the candidate of attempt %s: %w", b.record.ID, err)
	}
	var to candidate
	if err := json.Unmarshal(plain, &to); err != nil {
		return fmt.Errorf("decode the candidate of attempt %s: %w", b.record.ID, err)
	}
	to.onto(&b.attempt)
	return nil
}

func (c candidate) onto(a *Attempt) {
	a.Connection, a.Secret = c.Connection, secret.New(c.Secret)
	if c.Secret == "" {
		a.Secret = secret.Text{}
	}
}
