package console

import (
	"fmt"

	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/sso/guide"
)

// copyValues are all values of a connection at once, for who needs no guide.
func (c *Console) copyValues(of sso.Connection) []copyValue {
	if of.Protocol == sso.ProtocolSAML {
		return []copyValue{
			{"value-entity", "Entity ID, also the address of our metadata", c.signIn.EntityID(of.ID)},
			{"value-acs", "Assertion consumer service (ACS URL)", c.signIn.CallbackURL(of)},
			{"value-slo", "Single logout (SLO URL), optional", c.signIn.LogoutURL(of.ID)},
		}
	}
	return []copyValue{
		{"value-redirect", "Redirect URI", c.signIn.CallbackURL(of)},
		{"value-backchannel", "Back-channel logout URI, optional", c.signIn.BackChannelURL(of.ID)},
	}
}

// guideFieldOf offers to copy what is a value to the letter and nothing else.
func guideFieldOf(step, field int, f guide.Field) guideField {
	out := guideField{Label: f.Label, Value: f.Value}
	if len(f.Value) == 1 && (f.Value[0].Placeholder != "" || f.Value[0].Code) {
		out.Copy = copyValue{fmt.Sprintf("field-%d-%d", step+1, field+1), f.Label, f.Value[0].Text}
	}
	return out
}

func bringName(what string) string {
	switch what {
	case guide.BringMetadataURL:
		return "Metadata address"
	case guide.BringMetadataFile:
		return "Metadata file"
	case guide.BringIssuer:
		return "Issuer"
	case guide.BringClientID:
		return "Client ID"
	case guide.BringClientSecret:
		return "Client secret"
	default:
		return what
	}
}
