package console

import (
	"github.com/seed-2a059015/gatehouse/internal/authn"
)

// again offers a fresh sign-in above a form that would be refused without one, before anybody fills it in.
type again struct {
	Stale        bool
	Reauth, Self string
}

// againOf is for a page that asks everybody for a fresh sign-in.
func (c *Console) againOf(p *authn.Principal, self string) again {
	return again{c.access.Now().Sub(p.AuthTime) > stale, c.prefix + "/reauthenticate", self}
}

// againUnlessOwner is for a page whose changes owners make at any time.
func (c *Console) againUnlessOwner(p *authn.Principal, self string) again {
	a := c.againOf(p, self)
	a.Stale = a.Stale && !decides(p)
	return a
}
