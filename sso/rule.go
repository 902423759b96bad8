package sso

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// Rule says over which connection some people sign in: those with one of Emails, those of Domain or, with neither, all that nothing else
// speaks of.
type Rule struct {
	ID           id.RoutingRule `gorm:"primaryKey"`
	Position     int64
	Domain       string
	Emails       []string `gorm:"serializer:json"`
	ConnectionID id.Connection
	CreatedAt    time.Time `gorm:"autoCreateTime:false"`
}

// TableName implements GORM's Tabler.
func (Rule) TableName() string { return "routing_rules" }

const (
	maxRules      = 100
	maxRuleEmails = 500
)

// Rules lists the tenant's routing rules in their order.
func Rules(ctx context.Context, tx *db.TenantTx) ([]Rule, error) {
	list, err := db.Of[Rule](tx.DB).Order("position").Limit(maxRules).Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("list routing rules: %w", err)
	}
	return list, nil
}

// ReplaceRules puts a whole list in the place of the tenant's routing rules; of each rule Domain, Emails and ConnectionID count. Who routes
// people decides to whom they show their passwords, so a person who is not an owner must have signed in just now.
func ReplaceRules(ctx context.Context, tx *db.TenantTx, rules []Rule) ([]Rule, error) {
	if err := mayRoute(ctx, tx); err != nil {
		return nil, err
	}
	if err := lockRules(ctx, tx); err != nil {
		return nil, err
	}
	for i := range rules {
		rules[i].ID, rules[i].CreatedAt = id.RoutingRule{}, tx.Now
	}
	if err := checkRules(ctx, tx, rules, 0); err != nil {
		return nil, err
	}
	return writeRules(ctx, tx, rules)
}

// mayRoute says who may change rules, beside the permission, for which the routes ask. A set-up link is for one connection: rules speak of
// all of them.
func mayRoute(ctx context.Context, tx *db.TenantTx) error {
	p := authn.From(ctx)
	switch p.Kind {
	case authn.Setup, authn.Anonymous:
		return errForbidden
	case authn.Member:
		if !ownerDecides(ctx) && !seenLately(p.AuthTime, tx.Now) {
			return ErrReauthRequired
		}
	case authn.APIKey, authn.Operator, authn.System:
	}
	return nil
}

// lockRules makes two changes at once follow one another, so that they do not mix.
func lockRules(ctx context.Context, tx *db.TenantTx) error {
	if err := tx.DB.WithContext(ctx).Exec("SELECT 1 FROM tenant_state WHERE tenant_id = ? FOR UPDATE", tx.Tenant).Error; err != nil {
		return fmt.Errorf("lock routing rules: %w", err)
	}
	return nil
}

// writeRules stores a list whose rules keep the ids that they have.
func writeRules(ctx context.Context, tx *db.TenantTx, rules []Rule) ([]Rule, error) {
	if _, err := db.Of[Rule](tx.DB).Where("position >= 0").Delete(ctx); err != nil {
		return nil, fmt.Errorf("delete routing rules: %w", err)
	}
	for i := range rules {
		if rules[i].ID.IsZero() {
			rules[i].ID = id.New[id.RoutingRule]()
		}
		rules[i].Position = int64(i)
		if err := db.Of[Rule](tx.DB).Create(ctx, &rules[i]); err != nil {
			return nil, fmt.Errorf("create routing rule: %w", err)
		}
	}
	return rules, events.Record(ctx, tx, events.RoutingChanged, tx.Tenant, events.Data{"rules": len(rules), "connections": connectionsOf(rules)})
}

func connectionsOf(rules []Rule) []string {
	var list []string
	for _, r := range rules {
		list = append(list, r.ConnectionID.String())
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// checkRules brings addresses and domains into the form in which they are compared, and says all that is wrong. The first rules, as many as
// are kept, were checked when they were made: one of them whose domain has gone since then is in nobody's way.
func checkRules(ctx context.Context, tx *db.TenantTx, rules []Rule, kept int) error {
	if len(rules) > maxRules {
		return errs.InvalidField("rules", "Use at most 100 rules.")
	}
	known, err := knownPlaces(ctx, tx)
	if err != nil {
		return err
	}
	wrong := errs.New(errs.Invalid, "invalid_input", "The rules have values that cannot be used.")
	seen := map[string]bool{}
	for _, r := range rules[:kept] {
		if len(r.Emails) == 0 {
			seen[r.Domain] = true
		}
	}
	for i := kept; i < len(rules); i++ {
		if detail := rules[i].check(known, seen); detail != "" {
			wrong.Fields = append(wrong.Fields, errs.Field{Name: fmt.Sprintf("rules[%d]", i), Detail: detail})
		}
	}
	if len(wrong.Fields) > 0 {
		return wrong
	}
	return nil
}

// places are what rules of a tenant can speak of.
type places struct {
	connections map[id.Connection]bool
	domains     map[string]bool
}

func knownPlaces(ctx context.Context, tx *db.TenantTx) (places, error) {
	p := places{map[id.Connection]bool{}, map[string]bool{}}
	list, err := Connections(ctx, tx, id.Connection{}, 1000)
	if err != nil {
		return p, err
	}
	for _, c := range list {
		p.connections[c.ID] = true
	}
	domains, err := tenants.Domains(ctx, tx)
	for _, d := range domains {
		p.domains[d.Domain] = true
	}
	return p, err
}

// check says what is wrong with a rule; seen are the domains of the rules before it, and "" for one without.
func (r *Rule) check(known places, seen map[string]bool) string {
	if !known.connections[r.ConnectionID] {
		return "There is no such connection."
	}
	if len(r.Emails) > maxRuleEmails {
		return "Use at most 500 addresses."
	}
	for i, address := range r.Emails {
		email, err := tenants.ParseEmail(address)
		if err != nil || !known.domains[email.Domain] {
			return "Use addresses at the organization's domains."
		}
		r.Emails[i] = email.Address
	}
	if len(r.Emails) > 0 {
		if r.Domain != "" {
			return "Use addresses or a domain, not both."
		}
		return ""
	}
	if r.Domain != "" {
		domain, err := tenants.ParseDomain(r.Domain)
		if err != nil || !known.domains[domain] {
			return "Use one of the organization's domains."
		}
		r.Domain = domain
	}
	if seen[r.Domain] {
		return "A rule before this one speaks of the same people."
	}
	seen[r.Domain] = true
	return ""
}
