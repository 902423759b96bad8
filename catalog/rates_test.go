package catalog_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/ratelimit"
)

const limited = `version: 1
limits:
  free: {requests: 60/min burst 20, each: 10/min, concurrent: 5, groups: {check: 600/min}}
  team:
    requests: 100/s
    concurrent: unlimited
    groups:
      check: {each: unlimited}
      assistant: {requests: 100/s, each: 10/min}
  enterprise: {each: unlimited}
`

func TestRatesOfPlans(t *testing.T) {
	t.Parallel()
	c := parse(t, limited)
	var got []string
	for _, plan := range billing.Plans() {
		rates := c.Rates(plan)
		most, needs := rates.Concurrent()
		got = append(got, fmt.Sprintf("%s concurrent %d>%s", plan, most, needs))
		for _, r := range rates.Groups() {
			got = append(got, fmt.Sprintf("%s %s>%s each %s>%s", r.Group, r.Tenant, r.TenantNeeds, r.Caller, r.CallerNeeds))
		}
	}
	want := []string{
		"free concurrent 5>team", "api 60/min burst 20>team each 10/min>enterprise", "check 600/min> each unlimited>",
		"pro concurrent 5>team", "api 60/min burst 20>team each 10/min>enterprise", "check 600/min> each unlimited>",
		"team concurrent 0>", "api 100/s> each 10/min>enterprise", "assistant 100/s> each 10/min>", "check 600/min> each unlimited>",
		"enterprise concurrent 0>", "api 100/s> each unlimited>", "assistant 100/s> each 10/min>", "check 600/min> each unlimited>",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rates (-want +got):\n%s", diff)
	}
	if got := c.Rates(billing.Free).Of("assistant").Group; got != catalog.API {
		t.Errorf("Of(a group that the plan does not name) counts as %q, want api", got)
	}
	if got := c.Rates("gold"); got != nil {
		t.Errorf("Rates(gold) = %+v, want none", got)
	}
}

func TestWithoutLimitsNothingIsLimited(t *testing.T) {
	t.Parallel()
	rates := parse(t, "version: 1\n").Rates(billing.Free)
	if rate := rates.Of(catalog.API); rate != nil {
		t.Errorf("Of(api) = %+v, want no limit", rate)
	}
	if most, _ := rates.Concurrent(); most != 0 || !rates.Allows(ratelimit.PerSecond(1_000_000)) || len(rates.Groups()) != 1 {
		t.Errorf("rates = %+v, want none of anything", rates)
	}
}

func TestAKeyMayHaveWhatOneCallerCanReach(t *testing.T) {
	t.Parallel()
	rates := parse(t, limited[:strings.Index(limited, "  team:")]).Rates(billing.Free)
	for text, want := range map[string]bool{
		"10/min": true, "60/min burst 20": true, "600/min": true, "601/min": false, "600/min burst 601": false, "10/s": true, "1/h": true,
	} {
		limit, err := ratelimit.ParseLimit(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := rates.Allows(limit); got != want {
			t.Errorf("Allows(%s) = %v, want %v", text, got, want)
		}
	}
}

func TestMistakesInLimits(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]string{
		"limits: 60/min":                                                                        `limits: must be a mapping`,
		"limits: {gold: {requests: 1/s}}":                                                       `limits: unknown plan "gold"`,
		"limits: {pro: {requests: 1/s}}":                                                        `limits: pro allows less of api (1/s) than the plan below (unlimited)`,
		"limits: {free: {request: 1/s}}":                                                        `limits: free: unknown key "request"; did you mean "requests"?`,
		"limits: {free: {requests: 60}}":                                                        `limits: free: requests: must be a limit such as 600/min`,
		"limits: {free: {requests: 60/day}}":                                                    `limits: free: requests: must be a limit`,
		"limits: {free: {requests: }}":                                                          `limits: free: requests: must be a limit`,
		"limits: {free: {each: 2000000/s}}":                                                     `limits: free: each: must be a limit`,
		"limits: {free: {concurrent: 0}}":                                                       `limits: free: concurrent must be 1 to 100000, or unlimited`,
		"limits: {free: {concurrent: 0x10}}":                                                    `limits: free: concurrent must be 1 to 100000`,
		"limits: {free: {concurrent: \"5\"}}":                                                   `limits: free: concurrent must be 1 to 100000`,
		"limits: {free: {groups: {api: 1/s}}}":                                                  `limits: free: groups: api is what is in no other group`,
		"limits: {free: {groups: {Check: 1/s}}}":                                                `limits: free: groups: group name "Check"`,
		"limits: {free: {groups: {check: {}}}}":                                                 `limits: free: groups: check: must be a limit`,
		"limits: {free: {groups: {check: }}}":                                                   `limits: free: groups: check: must be a limit`,
		"limits: {free: {groups: {check: {e: 1/s}}}}":                                           `limits: free: groups: check: unknown key "e"`,
		"limits: {free: {requests: 2/s}, pro: {requests: 2/s burst 1}}":                         `limits: pro allows less`,
		"limits: {free: {concurrent: 2}, team: {concurrent: 1}}":                                `limits: team allows less`,
		"limits: {free: {requests: 2/s}, team: {groups: {check: 1/s}}}":                         `limits: team allows less`,
		"limits: {free: {groups: {check: {each: 1/s}}}, pro: {groups: {check: {each: 1/min}}}}": `limits: pro allows less`,
	} {
		_, err := catalog.Parse("c.yaml", []byte("version: 1\n"+src+"\n"))
		if got := fmt.Sprint(err); !strings.Contains(got, want) || !strings.HasPrefix(got, "c.yaml:2:") {
			t.Errorf("Parse(%q) = %v, want %q in line 2", src, err, want)
		}
	}
}
