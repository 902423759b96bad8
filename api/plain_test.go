package api_test

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/api"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// What the short way reads, the strict decoder reads as the same.
func FuzzPlainQuestionsAreReadStrictly(f *testing.F) {
	for _, body := range []string{
		`{"permission":"chat:use","feature":"ai.agents"}`, `{ "feature" : "ai.agents" }`, `{"permission":"a","permission":"b"}`,
		`{"Permission":"a"}`, `{"permission":"a","x":"b"}`, `{"permission":"\u0061"}`, `{"permission":"a"}{}`, `{"permission":"a",}`, `{}`,
		`{"permission":null}`, "{\"permission\":\"a\xff\"}", `{"permission":"a"} `, "\n{\"permission\":\"a\"}", `{,"permission":"a"}`,
		`{"checks":[{"permission":"a"},{"feature":"b.c"}]}`, `{"checks":[]}`, `{"checks":[{"permission":"a"}],"checks":[{"permission":"b"}]}`,
		`{"checks":[{"permission":"a"},]}`, `{"checks":[{"permission":"a"}]]`, `{"checks":{"permission":"a"}}`, `{"checks":[{}]}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, batch := range []bool{false, true} {
			short, strict, plain := api.PlainQuestions(body, batch)
			if !plain {
				continue
			}
			if err := json.Unmarshal(body, strict, json.RejectUnknownMembers(true)); err != nil {
				t.Fatalf("the short way reads %q, the decoder says %v", body, err)
			}
			got, err := json.Marshal(short)
			if err != nil {
				t.Fatal(err)
			}
			want, err := json.Marshal(strict)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("%q is read differently (-decoder +short way):\n%s", body, diff)
			}
		}
	})
}

func TestCommonQuestionsTakeTheShortWay(t *testing.T) {
	t.Parallel()
	for body, batch := range map[string]bool{
		`{"permission":"chat:use","feature":"ai.agents"}`:                        false,
		`{"permission": "chat:use", "feature": "ai.agents"}`:                     false,
		`{"feature":"ai.agents"}`:                                                false,
		`{"checks":[{"permission":"chat:use"},{"feature":"ai.agents"}]}`:         true,
		`{"checks": [{"permission": "chat:use"}, {"permission": "agents:run"}]}`: true,
	} {
		if _, _, plain := api.PlainQuestions([]byte(body), batch); !plain {
			t.Errorf("PlainQuestions(%s) = false, want true", body)
		}
	}
}

// What the short way writes is what encoding writes.
func FuzzPlainDecisionsAreEncodedAlike(f *testing.F) {
	f.Add(true, "", "", "", "")
	f.Add(false, "feature_not_in_plan", "", "team", "Your organization's plan does not include this. It needs the plan team or higher.")
	f.Add(false, "a\"b", "<admin>", "\u2028", "\xff\\")
	f.Fuzz(func(t *testing.T, allowed bool, clause, role, plan, message string) {
		d := access.Decision{Allowed: allowed, ID: id.New[id.Decision](), Clause: clause, NeedsRole: role, NeedsPlan: plan, Message: message}
		got, plain := d.AppendPlain(nil)
		want, err := json.Marshal(d, json.Deterministic(true))
		if plain && (err != nil || string(got) != string(want)) {
			t.Errorf("AppendPlain = %s, want %s, %v", got, want, err)
		}
		if hard := strings.ContainsAny(clause+role+plan+message, "\"\\"); plain && hard {
			t.Errorf("AppendPlain(%+v) = %s, want it to leave the escapes to the encoder", d, got)
		}
		for _, list := range [][]access.Decision{nil, {}, {d}, {{}, d, {Allowed: true}}} {
			out := api.Decisions(list)
			got, plain := out.AppendPlain(nil)
			want, err := json.Marshal(out, json.Deterministic(true))
			if plain && (err != nil || string(got) != string(want)) {
				t.Errorf("AppendPlain = %s, want %s, %v", got, want, err)
			}
		}
	})
}
