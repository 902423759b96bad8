package testidp

import (
	"fmt"
	"slices"

	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

// SAMLScenarios lists every named fault of a SAML response: those of [samlforge.Scenarios]. They are apart from Scenarios
// because a sign-in has one protocol or the other. A scenario that does not exist in the mode of the service provider is
// played in one in which it does. Where the service provider has to trust another key, the metadata publishes it.
func SAMLScenarios() []Scenario {
	var list []Scenario
	for _, forgery := range samlforge.Scenarios() {
		title := forgery.Title
		if forgery.Setting != "" {
			title += fmt.Sprintf(" (where %s)", forgery.Setting)
		}
		list = append(list, Scenario{
			ID: forgery.ID, Title: title, Stage: InResponse, Outcome: Outcome(forgery.Outcome),
			Fault: func(p *Provider) Fault {
				f := Fault{SAML: p.play(forgery)}
				if forgery.Trust != nil {
					cert := forgery.Trust(made(p.server.tools())).Cert
					f.Metadata = func(o *samlforge.MetadataOptions) { o.Signing = append(o.Signing, cert) }
				}
				return f
			},
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
