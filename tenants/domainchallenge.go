package tenants

import (
	"context"
	"errors"

	"github.com/seed-2a059015/gatehouse/internal/resolver"
)

// Challenge is the TXT record that proves a domain.
type Challenge struct{ Name, Value string }

// The record stands at a name of its own: the domain itself may be an alias, and its TXT records are crowded.
const (
	challengeLabel  = "_gatehouse-challenge"
	challengePrefix = "gatehouse-domain-verification="
)

// Challenge says which record proves the domain. Its token is random and belongs to this entry of this tenant: what another tenant was
// told to set proves nothing here.
func (d Domain) Challenge() Challenge {
	return Challenge{Name: challengeLabel + "." + d.Domain, Value: challengePrefix + d.Token}
}

// Finding is what a check of a domain has shown.
type Finding string

// The findings.
const (
	FindingFound       Finding = "found"
	FindingMissing     Finding = "missing"     // there is no TXT record
	FindingMismatch    Finding = "mismatch"    // there are others
	FindingAlias       Finding = "alias"       // the name is a CNAME, whose target may be somebody else's
	FindingUnreachable Finding = "unreachable" // the DNS gave no answer, which says nothing
	FindingUnavailable Finding = "unavailable" // the record is there, but the domain cannot be this tenant's
)

// DNS looks TXT records up, as resolver.Resolver does, and with its errors.
type DNS interface {
	TXT(ctx context.Context, name string) ([][]string, error)
}

// confirmations is how many answers in a row must have the record, so that one forged or outdated answer proves nothing.
const confirmations = 2

// ask finds out what the DNS says of a challenge.
func ask(ctx context.Context, dns DNS, c Challenge) Finding {
	for range confirmations {
		records, err := dns.TXT(ctx, c.Name)
		switch {
		case errors.Is(err, resolver.ErrMissing):
			return FindingMissing
		case errors.Is(err, resolver.ErrAlias):
			return FindingAlias
		case err != nil:
			return FindingUnreachable
		case !answers(records, c.Value):
			return FindingMismatch
		}
	}
	return FindingFound
}

// answers says that one record is exactly the value. A record of several strings is not: who glues parts together differs.
func answers(records [][]string, value string) bool {
	for _, r := range records {
		if len(r) == 1 && r[0] == value {
			return true
		}
	}
	return false
}
