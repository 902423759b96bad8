package samlforge_test

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

func TestScenarioNames(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	valid := regexp.MustCompile(`^SAML-[0-9]{3}(-[a-z0-9.-]+)?$`)
	for _, s := range samlforge.Scenarios() {
		if seen[s.ID] || !valid.MatchString(s.ID) || s.Title == "" || s.Outcome == "" || len(s.Modes) == 0 {
			t.Errorf("scenario %+v is incomplete or its ID is taken", s)
		}
		seen[s.ID] = true
	}
}

// TestEveryScenarioDiffersFromTheHonestDocument fixes all that is random but the signature and the ciphertext.
func TestEveryScenarioDiffersFromTheHonestDocument(t *testing.T) {
	t.Parallel()
	shared := must(t, tools)
	for _, s := range samlforge.Scenarios() {
		for _, mode := range s.Modes {
			t.Run(s.ID+"/"+string(mode), func(t *testing.T) {
				t.Parallel()
				o := options(t)
				o.Mode, o.ResponseID, o.AssertionID, o.SessionIndex = mode, "_r", "_a", "_s"
				doc, err := s.Build(o, mode, shared)
				if err != nil {
					t.Fatalf("Build() = %v", err)
				}
				if s.Setting != "" && s.Outcome == samlforge.Refuse {
					return // an honest document may be what is refused
				}
				if bytes.Equal(doc, build(t, o)) {
					t.Errorf("scenario %s (%s) is the honest document", s.ID, s.Title)
				}
			})
		}
	}
}

// fooling are the forgeries that a service provider of others accepts, in one mode or another.
const fooling = `
	003 007 010 010-response 011 012 019 020 020-signature 021 024 024-inclusive 024-signedinfo 024-transform 025 025-11
	027 027-first 028-empty 028-missing 032-digest 033-digest 033-value 037 041-decoy 041-id-case 041-prefixed-id 042
	042-assertion 050 051 052 053-all 054 054-attribute 054-audience 054-issuer 055-empty 057 058 058-bare 058-system
	060-parameter 062 062-comment 062-text 062-twice 063-text 064 065-latin1 065-utf16 065-utf7 072 073
	083-tail 083-two 084 085 087 087-signed 087-twice 088 089 100-empty 100-nameid 100-space 100-subjects 100-twice
	101-twice 103 104-holder 104-missing 104-sender 107 107-empty 109 111 111-first 114 114-foreign 117-missing
	118-format 121-1.1 121-2.1 121-missing 121-response 122 122-response 126 126-past 129-local 129-local-confirmation
	129-offset 129-offset-confirmation 130-past 130-statement 131 131-missing 132 132-missing
`

// refusedByOthers are honest documents that it refuses.
const refusedByOthers = `036 112 113 142`

// TestWhatOthersAccept proves that a forgery is only what its title says: one that is broken by mistake would be refused for
// the wrong reason.
func TestWhatOthersAccept(t *testing.T) {
	t.Parallel()
	shared := must(t, tools)
	for _, s := range samlforge.Scenarios() {
		if huge := regexp.MustCompile(`^SAML-(068|069|071)`); huge.MatchString(s.ID) {
			continue // others take minutes
		}
		t.Run(s.ID, func(t *testing.T) {
			t.Parallel()
			name := strings.TrimPrefix(s.ID, "SAML-")
			want := slices.Contains(strings.Fields(fooling), name)
			if s.Outcome == samlforge.Accept {
				want = !slices.Contains(strings.Fields(refusedByOthers), name)
			}
			got := false
			for _, mode := range s.Modes {
				doc, err := s.Build(options(t), mode, shared)
				if err != nil {
					t.Fatalf("Build(%s) = %v", mode, err)
				}
				var trusted []*samlforge.Key
				if s.Trust != nil {
					trusted = append(trusted, s.Trust(shared))
				}
				got = accept(t, doc, trusted...) != nil || got
			}
			if got != want && s.Outcome != samlforge.Limit {
				t.Errorf("%s (%s) is accepted: %t, want %t", s.ID, s.Title, got, want)
			}
		})
	}
}
