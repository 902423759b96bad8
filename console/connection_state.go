package console

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// stateStep is one of the four steps of a connection. State is done, current or ahead.
type stateStep struct{ Word, Text, State string }

// stateMove is a way to another state, with what it means for people.
type stateMove struct {
	To           string
	Label        string
	Consequences []string
	Blocked      string // why it cannot be done yet, or by who asks
	Danger       bool
}

// proofItem is one thing that has to be shown before a connection can be required.
type proofItem struct {
	Text string
	Done bool
}

// watchNotice tells until when changes take themselves back, and what they were.
type watchNotice struct {
	Until   moment
	Changes []sso.Change
}

func stepsOf(s sso.Status) []stateStep {
	steps := []stateStep{
		{"Draft", "Nobody can use it", ""},
		{"Testing", "Named testers only", ""},
		{"Optional", "Everybody may use it", ""},
		{"Required", "The only way in", ""},
	}
	now := slices.Index([]sso.Status{sso.Drafted, sso.Testing, sso.Optional, sso.Required}, s)
	for i := range steps {
		switch {
		case i < now:
			steps[i].State = "done"
		case i == now:
			steps[i].State = "current"
		default:
			steps[i].State = "ahead"
		}
	}
	return steps
}

// shownWitnesses is more than the proof needs, so that who signed in can see that they count.
const shownWitnesses = 5

// standing says where the connection is, where it can go, and what that would mean.
func (r connectionReader) standing(p *connectionPage) error {
	c := r.connection
	proof, err := sso.ProofOf(r.ctx, r.tx, c)
	if err != nil {
		return err
	}
	witnesses, err := sso.Witnesses(r.ctx, r.tx, c, shownWitnesses)
	if err != nil {
		return err
	}
	reach, err := sso.ReachOf(r.ctx, r.tx, c.ID, r.tx.Now.Add(-30*24*time.Hour))
	if err != nil {
		return err
	}
	if c.Status != sso.Required {
		p.Proof = proofOf(proof, witnesses)
	}
	for _, to := range c.Status.Next() {
		m := stateMove{To: string(to), Label: moveLabel(c.Status, to), Consequences: r.consequences(to, reach), Danger: to == sso.Disabled || to == sso.Required}
		m.Blocked = r.blocked(to, proof)
		if rank(to) > rank(c.Status) && to != sso.Disabled {
			p.Forward = append(p.Forward, m)
		} else {
			p.Back = append(p.Back, m)
		}
	}
	return nil
}

func rank(s sso.Status) int {
	return slices.Index([]sso.Status{sso.Disabled, sso.Drafted, sso.Testing, sso.Optional, sso.Required}, s)
}

func moveLabel(from, to sso.Status) string {
	switch to {
	case sso.Testing:
		if rank(from) > rank(to) {
			return "Back to testers only"
		}
		return "Let the testers in"
	case sso.Optional:
		if from == sso.Required {
			return "Make it optional again"
		}
		return "Offer it to everybody"
	case sso.Required:
		return "Make it the only way in"
	case sso.Disabled:
		return "Switch it off"
	case sso.Drafted:
		return "Back to draft"
	default:
		return string(to)
	}
}

// proofOf is what a required connection asks for: two people, one of them an owner.
func proofOf(p sso.Proof, witnesses []sso.Witness) []proofItem {
	owner := proofItem{"An owner signs in through it", false}
	second := proofItem{"A second person signs in through it", false}
	if p.Owners > 0 {
		owner = proofItem{"An owner has signed in" + named(witnesses, 0), true}
	}
	if p.Enough() {
		second = proofItem{"A second person has signed in" + named(witnesses, 1), true}
	} else if p.Owners == 0 && p.People > 0 {
		second = proofItem{"One person has signed in" + named(witnesses, 0), true}
	}
	return []proofItem{owner, second}
}

func named(list []sso.Witness, i int) string {
	if i >= len(list) {
		return ""
	}
	return ": " + or(list[i].Name, list[i].Email) + ", " + momentOf(list[i].At).Text
}

// blocked says why a move cannot be made now. The move itself asks again.
func (r connectionReader) blocked(to sso.Status, proof sso.Proof) string {
	c := r.connection
	switch {
	case (to == sso.Required || c.Status == sso.Required) && !decides(r.viewer):
		return "Only an owner can do this."
	case to != sso.Disabled && c.TokenAuth != "none" && !c.SecretSet():
		return "The client secret is missing."
	case to == sso.Required && !proof.Enough():
		return fmt.Sprintf("%d of %d people have signed in so far, and one of them has to be an owner.", min(proof.People, sso.ProofPeople), sso.ProofPeople)
	default:
		return ""
	}
}

// consequences says in plain words who is affected by a move, and how.
func (r connectionReader) consequences(to sso.Status, reach sso.Reach) []string {
	c := r.connection
	switch to {
	case sso.Testing:
		said := []string{"Only the testers can sign in through it. Everybody else signs in as before."}
		if len(c.Testers) == 0 {
			said = append(said, "No testers are named yet, so nobody could use it.")
		}
		if c.Status.Everybody() {
			said = append(said, "Other people who use it today cannot use it any more.")
		}
		return said
	case sso.Optional:
		if c.Status == sso.Required {
			return []string{"People can use the organization's other ways to sign in again" + r.google(", Google among them") + "."}
		}
		return []string{"Everybody is offered this connection. All other ways to sign in stay as they are.", r.joiners()}
	case sso.Required:
		said := []string{"Everybody has to use this connection" + r.google(". People who use Google today will have to use it too") + "."}
		if away := reach.Members - reach.Came; away > 0 {
			said = append(said, fmt.Sprintf("%d of %s did not come in through it in the last 30 days.", away, count(reach.Members, "member", "members")))
		}
		return append(said,
			"Owners can always get back in by a one-time link to their own address.",
			"Owners are told when people who could sign in before cannot any more.")
	case sso.Disabled:
		return []string{"Nobody can sign in through it, and everybody who came in through it is signed out at once."}
	case sso.Drafted:
		return nil
	default:
		return nil
	}
}

// google is for a sentence that is true where Google is one of the ways in.
func (r connectionReader) google(words string) string {
	if p := r.tenant.Policy; p.GoogleEnabled {
		return words
	}
	return ""
}

func (r connectionReader) joiners() string {
	if !r.connection.JIT {
		return "Only people who are members already can sign in: joining at the first sign-in is off."
	}
	return "People of your verified domains who are not members yet join at their first sign-in, as " + r.names.of(r.connection.DefaultRole) + "."
}

// moveConnection answers the buttons of the four steps.
func (c *Console) moveConnection(ctx echo.Context) error {
	form, err := formOf(ctx)
	if err != nil {
		return err
	}
	to := sso.Status(form.Get("to"))
	if to != sso.Testing && to != sso.Optional && to != sso.Required {
		return errForm
	}
	return c.moveTo(ctx, to)
}

// disableConnection is apart from the other moves: a plan that has lost the feature can still switch it off.
func (c *Console) disableConnection(ctx echo.Context) error { return c.moveTo(ctx, sso.Disabled) }

func (c *Console) moveTo(ctx echo.Context, to sso.Status) error {
	return c.actOn(ctx, func(r context.Context, _ *db.SystemTx, tx *db.TenantTx, which id.Connection) error {
		_, err := c.signIn.Move(r, tx, which, to)
		return err
	})
}

func (c *Console) approveIdentities(ctx echo.Context) error {
	return c.actOn(ctx, func(r context.Context, sys *db.SystemTx, tx *db.TenantTx, which id.Connection) error {
		_, err := c.signIn.ApproveIdentities(r, sys, tx, which)
		return err
	})
}

// tellable is the text of a refusal that belongs on the page where the button is, with the status of that page; "" for all else.
func tellable(err error) (string, int) {
	e := errs.As(err)
	switch {
	case err == nil, e.Code == sso.ErrReauthRequired.Code:
		return "", 0
	case e.Kind == errs.Conflict, e.Kind == errs.Invalid, e.Code == tenants.ErrOwnerRequired.Code:
	default:
		return "", 0
	}
	texts := []string{e.Detail}
	for _, f := range e.Fields {
		texts = append(texts, f.Detail)
	}
	return strings.Join(texts, " "), int(e.Kind)
}

// testConnection goes through the real provider and stops before anybody is let in.
func (c *Console) testConnection(ctx echo.Context) error {
	which, err := connectionParam(ctx)
	if err != nil {
		return err
	}
	r := ctx.Request().Context()
	to, err := c.signIn.BeginTest(r, authn.From(r), which, nil)
	if err != nil {
		return err
	}
	return c.depart(ctx, to)
}
