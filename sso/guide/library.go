package guide

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"go.yaml.in/yaml/v3"
)

//go:embed guides/*.yaml
var files embed.FS

// Provider is one entry of the list that somebody chooses from.
type Provider struct {
	Key       string
	Name      string
	Protocols []string
}

// Generic is the provider of the guides for whatever is not listed.
const Generic = "generic"

// order is that of the list: what most customers have comes first.
var order = []string{"okta", "entra", "google", "onelogin", "jumpcloud", "pingone", "adfs", "keycloak", "auth0", Generic}

// library reads the files once. They are part of the program, so that a file which cannot be read is a mistake of ours.
var library = sync.OnceValue(func() []Guide {
	guides, err := load()
	if err != nil {
		panic(err)
	}
	return guides
})

func load() ([]Guide, error) {
	var guides []Guide
	for _, provider := range order {
		for _, protocol := range []string{SAML, OIDC} {
			name := "guides/" + provider + "." + protocol + ".yaml"
			text, err := files.ReadFile(name)
			if err != nil {
				continue // a provider may know one of the two only
			}
			g, err := Decode(text)
			if err != nil {
				return nil, fmt.Errorf("read %s: %w", name, err)
			}
			if g.Provider != provider || g.Protocol != protocol {
				return nil, fmt.Errorf("read %s: it calls itself %s.%s", name, g.Provider, g.Protocol)
			}
			guides = append(guides, g)
		}
	}
	return guides, nil
}

// Decode reads the file of one guide. A field that no guide has, a second document and a text that [Parse] refuses are errors.
func Decode(text []byte) (Guide, error) {
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	var g Guide
	if err := d.Decode(&g); err != nil {
		return Guide{}, fmt.Errorf("decode guide: %w", err)
	}
	if err := d.Decode(new(Guide)); !errors.Is(err, io.EOF) {
		return Guide{}, errors.New("decode guide: more than one document")
	}
	return g, nil
}

// All returns all guides: providers in the order of the list, SAML before OIDC. What is in them is shared and not to be changed.
func All() []Guide { return slices.Clone(library()) }

// Providers returns the list to choose from. The generic one is its last.
func Providers() []Provider {
	var list []Provider
	for _, g := range library() {
		if n := len(list); n > 0 && list[n-1].Key == g.Provider {
			list[n-1].Protocols = append(list[n-1].Protocols, g.Protocol)
			continue
		}
		list = append(list, Provider{Key: g.Provider, Name: g.Name, Protocols: []string{g.Protocol}})
	}
	return list
}

// Find returns the guide of a provider for a protocol.
func Find(provider, protocol string) (Guide, bool) {
	for _, g := range library() {
		if g.Provider == provider && g.Protocol == protocol {
			return g, true
		}
	}
	return Guide{}, false
}

// HintFor returns where to look for a reason of a refused sign-in: at that provider, or in the words of the generic guide where the
// provider is not known ("") or has no such hint.
func HintFor(provider, protocol, reason string) (Text, bool) {
	for _, key := range []string{provider, Generic} {
		if g, ok := Find(key, protocol); ok {
			if t, ok := g.Hint(reason); ok {
				return t, true
			}
		}
	}
	return nil, false
}
