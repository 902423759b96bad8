package sso

import (
	"context"
	"fmt"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
)

// OwnWay is a connection that a member may sign in by, and whether an identity over it is theirs already.
type OwnWay struct {
	Connection Connection
	Linked     bool
}

// WaysOf lists the tenant's own connections that are open to the person of a session: those that everybody uses, and those in testing whose
// tester they are.
func (s *SignIn) WaysOf(ctx context.Context, p *authn.Principal) ([]OwnWay, error) {
	var ways []OwnWay
	if p.Kind != authn.Member {
		return nil, nil
	}
	err := s.db.Admit(ctx, p.Tenant, func(sys *db.SystemTx, tx *db.TenantTx) error {
		list, err := db.Of[Connection](tx.DB).Where("status IN ('testing', 'optional', 'required')").Order("id").Limit(20).Find(ctx)
		if err != nil {
			return fmt.Errorf("list open connections: %w", err)
		}
		identities, err := Identities(ctx, sys, tx, p)
		if err != nil {
			return err
		}
		for _, c := range list {
			if !c.tester(p.Email) {
				continue
			}
			w := OwnWay{Connection: c}
			for _, i := range identities {
				w.Linked = w.Linked || i.ConnectionID == c.ID && i.Issuer == c.Issuer
			}
			ways = append(ways, w)
		}
		return nil
	})
	return ways, err
}
