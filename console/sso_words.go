package console

import (
	"fmt"
	"strings"
	"time"

	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/sso/guide"
)

// badge is a state in a word. Kind picks its color, which never says anything alone.
type badge struct{ Word, Kind string }

// Kinds of badges.
const (
	good    = "good"
	calm    = "calm"
	careful = "warn"
	bad     = "bad"
)

func stateBadge(s sso.Status) badge {
	switch s {
	case sso.Drafted:
		return badge{"Draft", calm}
	case sso.Testing:
		return badge{"Testing", careful}
	case sso.Optional:
		return badge{"Optional", good}
	case sso.Required:
		return badge{"Required", good}
	case sso.Disabled:
		return badge{"Disabled", bad}
	default:
		return badge{string(s), calm}
	}
}

func outcomeBadge(r sso.Record, now time.Time) badge {
	switch {
	case r.Outcome == sso.Refused && r.Purpose == sso.ForTest:
		return badge{"Test refused", bad}
	case r.Outcome == sso.Refused:
		return badge{"Refused", bad}
	case r.Outcome == sso.Succeeded && r.Purpose == sso.ForTest:
		return badge{"Test passed", good}
	case r.Outcome == sso.Succeeded:
		return badge{"Signed in", good}
	case now.After(r.ExpiresAt):
		return badge{"Never came back", careful}
	default:
		return badge{"Under way", calm}
	}
}

func sourceName(s sso.Source) string {
	switch s {
	case sso.FromIdP:
		return "Started at the provider"
	case sso.FromTest:
		return "Test by an administrator"
	case sso.FromSP:
		return "Started here"
	default:
		return string(s)
	}
}

func purposeName(p sso.Purpose) string {
	switch p {
	case sso.ForSignIn:
		return "Sign-in"
	case sso.ForLink:
		return "Link of another account"
	case sso.ForReauth:
		return "Confirmation of the person"
	case sso.ForTest:
		return "Test sign-in"
	default:
		return string(p)
	}
}

func protocolName(protocol string) string {
	if protocol == sso.ProtocolSAML {
		return "SAML 2.0"
	}
	return "OpenID Connect"
}

// providerOf is the key of the guide for a connection's provider: as it was set up by, or as its issuer looks like.
func providerOf(c sso.Connection) string {
	if c.Preset != "" {
		return c.Preset
	}
	return guide.Detect(c.Issuer)
}

func providerName(c sso.Connection) string {
	key := providerOf(c)
	for _, p := range guide.Providers() {
		if p.Key == key && key != guide.Generic {
			return p.Name
		}
	}
	return anotherProvider
}

// anotherProvider is what lists call a provider that has no guide of its own, as its guide does.
const anotherProvider = "Another provider"

// yours is the name of a provider within a sentence.
func yours(name string) string {
	if name == anotherProvider {
		return "your provider"
	}
	return name
}

// labelOf makes words of a stable name, such as that of a check.
func labelOf(name string) string {
	s := strings.ReplaceAll(name, "_", " ")
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// count says how many there are of something.
func count(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func someMoment(t *time.Time) moment {
	if t == nil || t.IsZero() {
		return moment{}
	}
	return momentOf(*t)
}
