package guide

// Protocols of a guide, as connections name them.
const (
	SAML = "saml"
	OIDC = "oidc"
)

// Guide leads through one provider's screens for one protocol.
type Guide struct {
	Provider  string // the key, such as "entra"
	Name      string // of the provider, such as "Microsoft Entra ID"
	Protocol  string // SAML or OIDC
	Read      string // the day on which Sources were read, as 2006-01-02
	Sources   []Source
	Unchecked Text // what is general knowledge only; empty if everything rests on Sources
	Steps     []Step
	Bring     []Item
	Preset    Preset
	Mistakes  []Mistake
	Stops     []Stop
	Hints     []Hint
}

// Source is documentation that a guide rests on.
type Source struct {
	URL    string
	Covers string
}

// Step is one numbered thing to do on the provider's side.
type Step struct {
	Title  string
	Text   Text
	Fields []Field
}

// Field is one field of the provider's screen and what goes into it.
type Field struct {
	Label string // as it stands on the screen
	Value Text
}

// What somebody brings back from the provider.
const (
	BringMetadataURL  = "metadata_url"
	BringMetadataFile = "metadata_file"
	BringIssuer       = "issuer"
	BringClientID     = "client_id"
	BringClientSecret = "client_secret"
)

// Item is something to bring back, where the provider shows it, and what it looks like.
type Item struct {
	What  string
	Where Text
	Shape string // with {single braces} where the customer's own part stands
}

// Preset is the mapping to start with: what the provider sends after the steps of the guide. NameID is the short name of the format to
// choose, empty with OIDC. Where Name is empty, the name is FirstName and LastName.
type Preset struct {
	NameID    string `yaml:"name_id"`
	Email     string
	Name      string
	FirstName string `yaml:"first_name"`
	LastName  string `yaml:"last_name"`
	Groups    string
	Sending   Text // how to make the provider send groups
	Limits    Text // where the provider's groups end
}

// Mistake is something that often goes wrong and comes back here: with what the admin notices, the reason of the refused sign-in, and
// how to mend it.
type Mistake struct {
	Wrong   Text
	Symptom Text
	Reason  string
	Fix     Text
}

// Stop is a mistake after which nothing comes back: the person stays at the provider, and no reason is known here.
type Stop struct {
	Sees Text
	Fix  Text
}

// Hint is where to look at the provider when sign-ins are refused for a reason that is no usual mistake.
type Hint struct {
	Reason string
	Text   Text
}

// Hint returns where to look at this provider for a reason of a refused sign-in.
func (g Guide) Hint(reason string) (Text, bool) {
	for _, m := range g.Mistakes {
		if m.Reason == reason {
			return m.Fix, true
		}
	}
	for _, h := range g.Hints {
		if h.Reason == reason {
			return h.Text, true
		}
	}
	return nil, false
}

// Fill returns the guide with the values of a connection, by placeholder.
func (g Guide) Fill(values map[string]string) Guide {
	g.Unchecked = g.Unchecked.Fill(values)
	g.Preset.Sending, g.Preset.Limits = g.Preset.Sending.Fill(values), g.Preset.Limits.Fill(values)
	g.Steps = each(g.Steps, func(s *Step) {
		s.Text = s.Text.Fill(values)
		s.Fields = each(s.Fields, func(f *Field) { f.Value = f.Value.Fill(values) })
	})
	g.Bring = each(g.Bring, func(i *Item) { i.Where = i.Where.Fill(values) })
	g.Mistakes = each(g.Mistakes, func(m *Mistake) {
		m.Wrong, m.Symptom, m.Fix = m.Wrong.Fill(values), m.Symptom.Fill(values), m.Fix.Fill(values)
	})
	g.Stops = each(g.Stops, func(s *Stop) { s.Sees, s.Fix = s.Sees.Fill(values), s.Fix.Fill(values) })
	g.Hints = each(g.Hints, func(h *Hint) { h.Text = h.Text.Fill(values) })
	return g
}

// each changes a copy: guides are shared.
func each[T any](list []T, change func(*T)) []T {
	changed := make([]T, len(list))
	copy(changed, list)
	for i := range changed {
		change(&changed[i])
	}
	return changed
}
