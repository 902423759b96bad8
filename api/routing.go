package api

import (
	"context"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/sso"
)

// ruleOut is a routing rule, in both directions.
type ruleOut struct {
	Emails     []string      `json:"emails,omitzero" doc:"The rule is for these addresses, which come before all domains. Where they lead can be seen by who types them"`
	Domain     string        `json:"domain,omitzero" doc:"The rule is for this domain. With neither it is for all that nothing else speaks of"`
	Connection id.Connection `json:"connection_id" doc:"While it is not open, the rule is passed over"`
}

type rulesOut struct {
	Rules []ruleOut `json:"rules" doc:"In order: of several that fit, the first counts"`
}

func rulesOf(rules []sso.Rule) rulesOut {
	out := rulesOut{Rules: make([]ruleOut, 0, len(rules))}
	for _, r := range rules {
		out.Rules = append(out.Rules, ruleOut{r.Emails, r.Domain, r.ConnectionID})
	}
	return out
}

func (a *API) routingRules(ctx context.Context, tx *db.TenantTx, _ web.None) (rulesOut, error) {
	rules, err := sso.Rules(ctx, tx)
	return rulesOf(rules), err
}

type setRulesIn struct {
	Rules []ruleOut `json:"rules" doc:"All of them, at most 100: they replace the list that is there"`
}

func (a *API) setRoutingRules(ctx context.Context, tx *db.TenantTx, in setRulesIn) (rulesOut, error) {
	rules := make([]sso.Rule, 0, len(in.Rules))
	for _, r := range in.Rules {
		rules = append(rules, sso.Rule{Emails: r.Emails, Domain: r.Domain, ConnectionID: r.Connection})
	}
	rules, err := sso.ReplaceRules(ctx, tx, rules)
	return rulesOf(rules), err
}
