package console

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/sso/guide"
)

// providersPage is the first step: the providers that there are guides for.
type providersPage struct {
	Walk      walk
	Providers []providerCard
}

type providerCard struct{ Key, Name, Mark, Protocols string }

func (p providersPage) frame() frame {
	return frame{file: "setup-providers", title: "Choose your provider", signedIn: !p.Walk.Outside, here: "setup"}
}

func (c *Console) showProviders(ctx echo.Context, v viewer) error {
	if !v.only().IsZero() { // a link makes one connection
		return c.redirect(ctx, setupRoot+"/"+v.only().String()+"/guide")
	}
	w := c.walkOf(v, journey{}, atProvider)
	return c.render(ctx, http.StatusOK, providersPage{w, providerCards()})
}

func providerCards() []providerCard {
	var list []providerCard
	for _, g := range guide.Providers() {
		card := providerCard{Key: g.Key, Name: g.Name, Mark: initial(g.Name)}
		var names []string
		for _, protocol := range g.Protocols {
			names = append(names, strings.ToUpper(protocol))
		}
		card.Protocols = strings.Join(names, " or ")
		list = append(list, card)
	}
	return list
}

// protocolsPage asks which protocol, and helps who has never had to choose.
type protocolsPage struct {
	Walk      walk
	Key       string
	Protocols []protocolCard
}

type protocolCard struct{ Key, Name, Bring, Good string }

func (p protocolsPage) frame() frame {
	return frame{file: "setup-protocols", title: "Connect " + p.Walk.Provider, signedIn: !p.Walk.Outside, here: "setup"}
}

// Both says that there is something to choose.
func (p protocolsPage) Both() bool { return len(p.Protocols) > 1 }

func (c *Console) showProtocols(ctx echo.Context, v viewer) error {
	chosen, err := chosenProvider(ctx.Param("provider"))
	if err != nil {
		return err
	}
	w := c.walkOf(v, journey{guide: guide.Guide{Name: chosen.Name}}, atProvider)
	p := protocolsPage{Walk: w, Key: chosen.Key}
	for _, protocol := range chosen.Protocols {
		p.Protocols = append(p.Protocols, protocolCardOf(protocol))
	}
	return c.render(ctx, http.StatusOK, p)
}

func protocolCardOf(protocol string) protocolCard {
	card := protocolCard{Key: protocol, Name: protocolName(protocol)}
	if protocol == guide.SAML {
		card.Good = "Certificates are renewed at the provider, and its metadata can be read again every day."
		card.Bring = "You will bring back: an address, or a file, with the provider's metadata."
		return card
	}
	card.Good = "No certificates to look after, but a client secret that may expire."
	card.Bring = "You will bring back: an issuer, a client ID and a client secret."
	return card
}

func chosenProvider(key string) (guide.Provider, error) {
	for _, p := range guide.Providers() {
		if p.Key == key {
			return p, nil
		}
	}
	return guide.Provider{}, errs.NotFound("provider")
}

// beginSetup reserves the addresses of a connection, which the provider asks for before there is anything to save.
func (c *Console) beginSetup(ctx echo.Context, v viewer) error {
	form, err := formOf(ctx)
	if err != nil {
		return err
	}
	g, ok := guide.Find(ctx.Param("provider"), form.Get("protocol"))
	if !ok {
		return errs.NotFound("provider")
	}
	r := ctx.Request().Context()
	var plan string
	err = c.db.Tenant(r, v.principal.Tenant, func(tx *db.TenantTx) error {
		plan = c.signIn.Reserve(tx, g.Protocol, g.Provider)
		return nil
	})
	if err != nil {
		return err
	}
	return c.redirect(ctx, setupRoot+"/plan/"+plan)
}
