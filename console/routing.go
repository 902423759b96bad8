package console

import (
	"context"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// routingPage says over which connection who signs in, in the order in which the rules are asked.
type routingPage struct {
	Again    again
	Problems problems
	Mayact   bool
	Rows     []ruleRow

	Whom        string // of the rule to add: a domain, addresses or everybody else
	Domains     []option
	Emails      field
	Connections []option
}

func (routingPage) frame() frame {
	return frame{file: "routing", title: "Routing", signedIn: true, here: "sso"}
}

// ruleRow is a rule in its place.
type ruleRow struct {
	ID, Whom, Kind          string
	Number                  int
	Emails                  []string // where there are too many to name
	Connection, ConnectedTo string   // its name and id
	State                   badge
	Skipped                 bool // while the connection lets not everybody in
	First, Last             bool
}

// The kinds of rules, as forms name them.
const (
	forDomain    = "domain"
	forAddresses = "emails"
	forEverybody = "everybody"
)

// maxRule bounds the form with the addresses of a rule: 500 of them, as long as they may be.
const maxRule = 256 << 10

// typedRule is the form as somebody filled it in.
type typedRule struct{ whom, domain, emails, connection string }

func (c *Console) showRouting(ctx echo.Context) error {
	return c.drawRouting(ctx, typedRule{whom: forDomain}, nil)
}

func (c *Console) addRule(ctx echo.Context) error {
	form, err := formOf(ctx)
	if err != nil {
		return err
	}
	typed := typedRule{form.Get("whom"), form.Get("domain"), form.Get("emails"), form.Get("connection")}
	rule := sso.Rule{}
	if err := rule.ConnectionID.UnmarshalText([]byte(typed.connection)); err != nil {
		return errForm
	}
	switch typed.whom {
	case forDomain:
		if rule.Domain = typed.domain; rule.Domain == "" {
			return errForm // it would speak of everybody
		}
	case forAddresses:
		rule.Emails = strings.FieldsFunc(typed.emails, func(r rune) bool { return strings.ContainsRune(" \t\r\n,;", r) })
		if len(rule.Emails) == 0 {
			return c.drawRouting(ctx, typed, errs.InvalidField(forAddresses, "Name at least one address."))
		}
	case forEverybody:
	default:
		return errForm
	}
	r := ctx.Request().Context()
	err = c.db.Tenant(r, authn.From(r).Tenant, func(tx *db.TenantTx) error { return sso.AddRule(r, tx, rule) })
	if err != nil {
		return c.drawRouting(ctx, typed, err)
	}
	return c.redirect(ctx, "/sso/routing")
}

func (c *Console) moveRule(ctx echo.Context) error {
	return c.changeRule(ctx, map[string]func(context.Context, *db.TenantTx, id.RoutingRule) error{"up": sso.RaiseRule, "down": sso.LowerRule})
}

func (c *Console) removeRule(ctx echo.Context) error {
	return c.changeRule(ctx, map[string]func(context.Context, *db.TenantTx, id.RoutingRule) error{"": sso.RemoveRule})
}

// changeRule does to one rule what the field to of the form says.
func (c *Console) changeRule(ctx echo.Context, ways map[string]func(context.Context, *db.TenantTx, id.RoutingRule) error) error {
	form, err := formOf(ctx)
	if err != nil {
		return err
	}
	var which id.RoutingRule
	do := ways[form.Get("to")]
	if err := which.UnmarshalText([]byte(form.Get("rule"))); err != nil || do == nil {
		return errForm
	}
	r := ctx.Request().Context()
	err = c.db.Tenant(r, authn.From(r).Tenant, func(tx *db.TenantTx) error { return do(r, tx, which) })
	if err != nil {
		return c.drawRouting(ctx, typedRule{whom: forDomain}, err)
	}
	return c.redirect(ctx, "/sso/routing")
}

func (c *Console) drawRouting(ctx echo.Context, typed typedRule, refusal error) error {
	status, wrong := http.StatusOK, problems{}
	switch e := errs.As(refusal); {
	case refusal == nil:
	case asksAgain(refusal):
		return refusal
	case e.Kind == errs.Missing:
		status, wrong = http.StatusNotFound, problems{Heading: "Nothing was changed", General: "Somebody has taken this rule away meanwhile. This is the list as it is now."}
	default:
		var ok bool
		if wrong, status, ok = problemsOf(refusal, typed.fieldOf); !ok {
			return refusal
		}
		wrong.Heading = "Nothing was changed"
	}
	r := ctx.Request().Context()
	p := authn.From(r)
	page := routingPage{
		Again: c.againUnlessOwner(p, "/sso/routing"), Problems: wrong, Mayact: c.may(p, rbac.ConnectionsWrite), Whom: typed.whom,
		Emails: field{
			ID: forAddresses, Label: "Addresses", Value: typed.emails, Problem: wrong.of(forAddresses),
			Hint: "One a line, at most 500, at your own domains. Whoever types one of them can see where it leads.",
		},
	}
	err := c.db.Tenant(r, p.Tenant, func(tx *db.TenantTx) error {
		list, err := sso.Connections(r, tx, id.Connection{}, maxConnections)
		if err != nil {
			return err
		}
		rules, err := sso.Rules(r, tx)
		if err != nil {
			return err
		}
		page.Rows = ruleRowsOf(rules, list)
		domains, err := tenants.Domains(r, tx)
		for _, d := range domains {
			page.Domains = append(page.Domains, option{Value: d.Domain, Label: d.Domain, Chosen: d.Domain == typed.domain})
		}
		for _, one := range list {
			page.Connections = append(page.Connections, option{Value: one.ID.String(), Label: one.Name, Chosen: one.ID.String() == typed.connection})
		}
		return err
	})
	if err != nil {
		return err
	}
	return c.render(ctx, status, page)
}

// fieldOf is the field that is to blame for a rule that cannot be used.
func (t typedRule) fieldOf(name string) string {
	if t.whom == forEverybody || name != forAddresses && !strings.HasPrefix(name, "rules[") {
		return ""
	}
	return t.whom
}

// fewAddresses are named one by one.
const fewAddresses = 3

func ruleRowsOf(rules []sso.Rule, list []sso.Connection) []ruleRow {
	byID := map[id.Connection]sso.Connection{}
	for _, c := range list {
		byID[c.ID] = c
	}
	var rows []ruleRow
	for i, one := range rules {
		c := byID[one.ConnectionID]
		row := ruleRow{
			ID: one.ID.String(), Number: i + 1, First: i == 0, Last: i == len(rules)-1, Connection: c.Name, ConnectedTo: c.ID.String(), State: stateBadge(c.Status),
			Skipped: !c.Status.Everybody(),
		}
		switch {
		case len(one.Emails) > fewAddresses:
			row.Kind, row.Whom, row.Emails = "Addresses", count(int64(len(one.Emails)), "address", "addresses"), one.Emails
		case len(one.Emails) > 0:
			row.Kind, row.Whom = "Addresses", strings.Join(one.Emails, ", ")
		case one.Domain != "":
			row.Kind, row.Whom = "Domain", one.Domain
		default:
			row.Kind, row.Whom = "Default", "Everybody else"
		}
		rows = append(rows, row)
	}
	return rows
}
