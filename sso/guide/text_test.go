package guide_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/sso/guide"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want guide.Text
	}{
		{"", nil},
		{"Open it.", guide.Text{{Text: "Open it."}}},
		{"**Apps** > **Add app**.", guide.Text{{Text: "Apps", Bold: true}, {Text: " > "}, {Text: "Add app", Bold: true}, {Text: "."}}},
		{"filter `.*`", guide.Text{{Text: "filter "}, {Text: ".*", Code: true}}},
		{"a * b ** c **", guide.Text{{Text: "a * b "}, {Text: " c ", Bold: true}}},
		{
			"Set `^{{acs_url}}$`, {{entity_id}}",
			guide.Text{
				{Text: "Set "},
				{Text: "^", Code: true},
				{Text: "{{acs_url}}", Code: true, Placeholder: guide.ACSURL},
				{Text: "$", Code: true},
				{Text: ", "},
				{Text: "{{entity_id}}", Placeholder: guide.EntityID},
			},
		},
		{"`{\"a\": {\"b\": \"c\"}}`", guide.Text{{Text: `{"a": {"b": "c"}}`, Code: true}}},
	} {
		got, err := guide.Parse(c.text)
		if err != nil {
			t.Errorf("Parse(%q): %v", c.text, err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("Parse(%q) (-want +got):\n%s", c.text, diff)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"**open", "`open", "****", "``", "{{acs_url", "{{secret}}", "`{{ acs_url }}`", "a <b>c</b>", "&lt;<"} {
		if got, err := guide.Parse(text); err == nil {
			t.Errorf("Parse(%q) = %+v, want an error", text, got)
		}
	}
}

func TestFillLeavesWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	text, err := guide.Parse("{{acs_url}} and {{slo_url}}")
	if err != nil {
		t.Fatal(err)
	}
	filled := text.Fill(map[string]string{guide.ACSURL: "https://a.example", "": "never"})
	if got, want := filled.String(), "https://a.example and {{slo_url}}"; got != want {
		t.Errorf("Fill() = %q, want %q", got, want)
	}
	if filled[0].Placeholder != guide.ACSURL {
		t.Errorf("Fill() lost the name of the value: %+v", filled[0])
	}
}

func TestDecodeIsStrict(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"unknown field":        "provider: a\nmenu: b\n",
		"unknown inner field":  "steps:\n  - title: a\n    html: b\n",
		"field twice":          "provider: a\nprovider: b\n",
		"unknown placeholder":  "steps:\n  - text: 'use {{password}}'\n",
		"markup":               "steps:\n  - text: '<b>no</b>'\n",
		"second document":      "provider: a\n---\nprovider: b\n",
		"nothing":              "",
		"text that is no text": "steps:\n  - text: [a]\n",
	} {
		if g, err := guide.Decode([]byte(text)); err == nil {
			t.Errorf("Decode(%s) = %+v, want an error", name, g)
		}
	}
}
