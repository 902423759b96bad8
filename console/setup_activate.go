package console

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// activatePage is the last step: who signs in through the connection, and what is still needed for more.
type activatePage struct {
	Walk      walk
	Problems  problems
	Checklist []checkItem
	States    []stateOption
	Proof     proofNote
	SignIn    copyValue
	Done      bool // everybody may come in
}

// checkItem is something that should be done before.
type checkItem struct {
	Done       bool
	Text, Path string
}

// stateOption is a state that the connection could be in.
type stateOption struct {
	Value, Name, Text string
	Action            string
	Current           bool
	Allowed           bool
	Why               string // it is not allowed
	Strong            bool   // the one that most want next
}

// proofNote is how near the connection is to being required.
type proofNote struct {
	People, Owners         int64
	EnoughPeople, AnyOwner bool
}

func (p activatePage) frame() frame {
	return frame{file: "setup-activate", title: "Activate", signedIn: !p.Walk.Outside, here: "setup", script: "copy.js", leaves: p.Walk.Stale}
}

func (c *Console) askActivation(ctx echo.Context, v viewer) error {
	j, err := c.journeyOf(ctx, v)
	if err != nil {
		return err
	}
	return c.drawActivation(ctx, v, j, nil)
}

func (c *Console) activate(ctx echo.Context, v viewer) error {
	form, err := formOf(ctx)
	if err != nil {
		return err
	}
	j, err := c.journeyOf(ctx, v)
	if err != nil {
		return err
	}
	if err := c.move(ctx, v, j.connection.ID, sso.Status(form.Get("to"))); err != nil {
		return c.drawActivation(ctx, v, j, err)
	}
	return c.redirect(ctx, setupRoot+j.path(atActivate))
}

// move takes a connection to a state; sso says whether it may go there.
func (c *Console) move(ctx echo.Context, v viewer, which id.Connection, to sso.Status) error {
	r := ctx.Request().Context()
	return c.db.Tenant(r, v.principal.Tenant, func(tx *db.TenantTx) error {
		_, err := c.signIn.Move(r, tx, which, to)
		return err
	})
}

func (c *Console) drawActivation(ctx echo.Context, v viewer, j journey, refusal error) error {
	status, wrong := http.StatusOK, problems{}
	if refusal != nil {
		var ok bool
		if wrong, status, ok = problemsOf(refusal, func(string) string { return "" }); !ok {
			return refusal
		}
		wrong.Heading = "Nothing was changed"
	}
	r := ctx.Request().Context()
	w := c.walkOf(v, j, atActivate)
	w.Stale = w.Stale || asksAgain(refusal)
	var proof sso.Proof
	proven := false
	err := c.db.Tenant(r, v.principal.Tenant, func(tx *db.TenantTx) error {
		domains, err := tenants.Domains(r, tx)
		if err != nil {
			return err
		}
		for _, d := range domains {
			proven = proven || d.Status == tenants.DomainVerified
		}
		proof, err = sso.ProofOf(r, tx, j.connection)
		return err
	})
	if err != nil {
		return err
	}
	p := activatePageOf(v, j, proof, proven, w, wrong)
	p.SignIn = copyValue{"sign-in", "The organization's own sign-in page", c.base + "/login/" + v.slug}
	return c.render(ctx, status, p)
}

func activatePageOf(v viewer, j journey, proof sso.Proof, proven bool, w walk, wrong problems) activatePage {
	return activatePage{
		Walk: w, Problems: wrong, States: statesOf(v, j.connection, proof), Done: j.connection.Status.Everybody(),
		Checklist: []checkItem{
			{j.connection.TestedAt != nil, "A test came back with an answer that is accepted", w.Root + j.path(atTest)},
			{proven, "A domain is proven, so that its addresses lead here", w.Root + j.path(atDomains)},
		},
		Proof: proofNote{proof.People, proof.Owners, proof.People >= sso.ProofPeople, proof.Owners >= 1},
	}
}

// statesOf lists the states with what each means for people, and why one cannot be chosen.
func statesOf(v viewer, c sso.Connection, proof sso.Proof) []stateOption {
	list := []stateOption{
		{Value: string(sso.Testing), Name: "In testing", Action: "Open to the testers", Text: "Only the testers whom you have named sign in through it."},
		{Value: string(sso.Optional), Name: "Optional", Action: "Open to everybody", Text: "Everybody can sign in through it. The other ways stay open."},
		{Value: string(sso.Required), Name: "Required", Action: "Require it", Text: "It is the only way in. Owners keep a way for emergencies, of which all owners are told."},
		{Value: string(sso.Disabled), Name: "Disabled", Action: "Disable it", Text: "Nobody signs in through it, and its sessions end at once."},
	}
	kept := list[:0]
	for _, s := range list {
		to := sso.Status(s.Value)
		if to == sso.Disabled && (c.Status == sso.Drafted || v.outside()) {
			continue
		}
		s.Current = c.Status == to
		s.Strong = to == sso.Optional && !c.Status.Everybody() || to == sso.Required && c.Status == sso.Optional
		s.Why = whyNot(v, c.Status, to, proof)
		s.Allowed = !s.Current && s.Why == ""
		if c.Status == sso.Required && to == sso.Optional {
			s.Action = "Require it no more"
		}
		kept = append(kept, s)
	}
	return kept
}

func whyNot(v viewer, from, to sso.Status, proof sso.Proof) string {
	switch {
	case from == to:
		return ""
	case (from == sso.Required || to == sso.Required) && !v.decides():
		return "Only an owner of the organization can change this."
	case to == sso.Required && from != sso.Optional:
		return "Make it optional first."
	case to == sso.Required && !proof.Enough():
		return "Two people have to sign in through it first, one of them an owner."
	case to == sso.Testing && from == sso.Required:
		return "Make it optional first."
	case v.outside() && (to == sso.Testing && from != sso.Drafted || to == sso.Optional && from != sso.Drafted && from != sso.Testing):
		return "Only an administrator of the organization can take this back."
	default:
		return ""
	}
}
