package testidp

import (
	"fmt"
	"slices"

	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

// SAMLScenarios lists every named fault of a SAML response: those of [samlforge.Scenarios]. They are apart from Scenarios
// because a sign-in has one protocol or the other. A scenario that does not exist in the mode of the service provider is
// played in one in which it does.
func SAMLScenarios() []Scenario {
	var list []Scenario
	for _, forgery := range samlforge.Scenarios() {
		list = append(list, Scenario{
			ID: forgery.ID, Title: forgery.Title, Stage: InResponse, Outcome: Outcome(forgery.Outcome),
			Fault: func(p *Provider) Fault { return Fault{SAML: p.play(forgery)} },
		})
	}
	return list
}

func (p *Provider) play(forgery samlforge.Scenario) func(samlforge.Options) ([]byte, error) {
	return func(o samlforge.Options) ([]byte, error) {
		tools, err := p.server.tools()
		if err != nil {
			return nil, fmt.Errorf("play %s: %w", forgery.ID, err)
		}
		mode := o.Mode
		if !slices.Contains(forgery.Modes, mode) {
			mode = forgery.Modes[0]
		}
		return forgery.Build(o, mode, tools)
	}
}
