package sso

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
)

// candidate is a connection as it would be after a change that is only tried. It waits in the attempt, encrypted, since it has a secret.
type candidate struct {
	Connection Connection
	Secret     string
	Note       []byte
}

// settingsCheck is in the trail of a test with a candidate, and in no other.
const settingsCheck = "settings"

// Candidate says that an attempt was a test with a change that was not saved, once the browser has come back.
func (r Record) Candidate() bool {
	return slices.ContainsFunc(r.Checks, func(c Check) bool { return c.Name == settingsCheck })
}

func heldAt(tenant id.Tenant, a id.Attempt) secret.AAD {
	return secret.AAD{Table: "attempts", Row: a.String(), Tenant: tenant.String()}
}

// holdCandidate lays a change over a connection, as Update would, and seals what comes of it.
func (s *SignIn) holdCandidate(ctx context.Context, tx *db.TenantTx, a id.Attempt, c Connection, p Prepared) (candidate, []byte, error) {
	if p.draft.Protocol != c.Protocol {
		return candidate{}, nil, errs.InvalidField("protocol", "A connection keeps its protocol. Create another one.")
	}
	if p.draft.Version != 0 && p.draft.Version != c.Version {
		return candidate{}, nil, ErrTwoChanges
	}
	to := candidate{Connection: c, Secret: p.draft.ClientSecret.Reveal(), Note: p.note}
	if p.drift(c).any() {
		to.Connection.repoint(p, tx.Now)
		p.onto(&to.Connection)
	} else {
		if err := c.mayPin(ctx, p); err != nil {
			return candidate{}, nil, err
		}
		p.onto(&to.Connection)
		to.Connection.awaitOwner(ctx, c)
	}
	if to.Secret == "" && to.Connection.SecretSet() {
		kept, err := s.open(tx.Tenant, c)
		if err != nil {
			return candidate{}, nil, err
		}
		to.Secret = kept.Reveal()
	}
	plain, err := json.Marshal(to)
	if err != nil {
		return candidate{}, nil, fmt.Errorf("encode a candidate of connection %s: %w", c.ID, err)
	}
	sealed, err := s.keyring.Seal(plain, heldAt(tx.Tenant, a))
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
	b.note = to.Note
	return nil
}

func (c candidate) onto(a *Attempt) {
	a.Connection, a.Secret = c.Connection, secret.New(c.Secret)
	if c.Secret == "" {
		a.Secret = secret.Text{}
	}
}
