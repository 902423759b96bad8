package testidp

import (
	"fmt"
	"net/http"
	"slices"
)

// Stage is where a scenario strikes.
type Stage string

// The stages. InDiscovery scenarios are seen when a connection is configured, the others during a sign-in; InTransport
// ones are about the HTTP answer and not its content. InResponse is the stage of
// [SAMLScenarios].
const (
	InDiscovery Stage = "discovery"
	InCallback  Stage = "callback"
	InKeys      Stage = "keys"
	InToken     Stage = "token response"
	InIDToken   Stage = "id token"
	InUserInfo  Stage = "userinfo"
	InTransport Stage = "transport"
	InResponse  Stage = "saml response"
)

// Outcome is what a correct relying party does.
type Outcome string

// The outcomes. Limit means that the person may sign in, but what was said must not be believed: no linking, no
// membership by domain, no step-up.
const (
	Refuse Outcome = "refuse"
	Accept Outcome = "accept"
	Limit  Outcome = "limit"
)

// Scenario is a named fault. Its ID is that of the failure in the project's security catalog, with a suffix where one
// failure has several forms.
type Scenario struct {
	ID      string
	Title   string
	Stage   Stage
	Outcome Outcome
	// Fault makes the fault for one provider. It may generate keys.
	Fault func(*Provider) Fault
}

// Scenarios lists every named fault of OpenID Connect, those of one stage together.
func Scenarios() []Scenario {
	return slices.Concat(
		discoveryScenarios(), callbackScenarios(), keyScenarios(), tokenScenarios(), headerScenarios(),
		claimScenarios(), personScenarios(), userInfoScenarios(), transportScenarios(),
	)
}

// Play makes the provider misbehave by the ID of a scenario of either protocol until the next Play or Behave.
func (p *Provider) Play(id string) error {
	all := append(Scenarios(), SAMLScenarios()...)
	i := slices.IndexFunc(all, func(s Scenario) bool { return s.ID == id })
	if i < 0 {
		return fmt.Errorf("no scenario %q", id)
	}
	p.Misbehave(all[i].Fault(p))
	p.mu.Lock()
	defer p.mu.Unlock()
	p.scenario = all[i].ID + " " + all[i].Title
	return nil
}

// Playing names the scenario that was chosen last; empty if the provider is honest or misbehaves by a fault of its own.
func (p *Provider) Playing() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.scenario
}

// behavior is the path of the page where scenarios are chosen.
func (p *Provider) behavior() string { return p.server.prefix + "/" + p.name + "/scenario" }

func (p *Provider) serveScenario(w http.ResponseWriter, r *http.Request, _ *Fault) {
	page := scenarioPage{Title: p.name + ": behavior", Issuer: p.name, Playing: p.Playing(), Links: p.links, Scenarios: p.scenarios()}
	p.render(w, r, &Fault{}, Admin, http.StatusOK, "scenario", page)
}

// scenarios are those of the protocols that somebody speaks with the provider; all, as long as nobody does.
func (p *Provider) scenarios() []Scenario {
	p.mu.Lock()
	clients, parties := len(p.clients), len(p.parties)
	p.mu.Unlock()
	switch {
	case clients > 0 && parties == 0:
		return Scenarios()
	case parties > 0 && clients == 0:
		return SAMLScenarios()
	default:
		return append(Scenarios(), SAMLScenarios()...)
	}
}

func (p *Provider) setScenario(w http.ResponseWriter, r *http.Request, _ *Fault) {
	id := r.PostFormValue("id")
	if id == "" {
		p.Behave()
	} else if err := p.Play(id); err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	http.Redirect(w, r, p.behavior(), http.StatusSeeOther)
}

// always is a fault that does not depend on the provider.
func always(f Fault) func(*Provider) Fault { return func(*Provider) Fault { return f } }

// claim sets one claim; without removes it.
func claim(name string, value any) func(*Provider) Fault {
	return always(Fault{Claims: assign(name, value)})
}

func without(name string) func(*Provider) Fault {
	return always(Fault{Claims: func(m map[string]any) { delete(m, name) }})
}

func assign(name string, value any) func(map[string]any) {
	return func(m map[string]any) { m[name] = value }
}

// publish adds keys to the key set.
func publish(keys ...map[string]any) func(map[string]any) {
	return func(set map[string]any) {
		for _, key := range keys {
			set["keys"] = append(set["keys"].([]any), key)
		}
	}
}

// made unwraps a key generator: they fail only if the machine has no randomness.
func made[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
