package main_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type changed struct {
	Role           string   `json:"role"`
	Plan           string   `json:"plan"`
	Gained         []string `json:"gained"`
	Lost           []string `json:"lost"`
	GainedFeatures []string `json:"gained_features"`
	LostFeatures   []string `json:"lost_features"`
}

type limitShift struct {
	Limit string `json:"limit"`
	From  string `json:"from"`
	To    string `json:"to"`
	Lost  bool   `json:"lost"`
}

type difference struct {
	Changes []changed `json:"changes"`
	Numbers []struct {
		Plan    string `json:"plan"`
		Feature string `json:"feature"`
		From    any    `json:"from"`
		To      any    `json:"to"`
	} `json:"numbers"`
	Meters []any `json:"meters"`
	Limits []struct {
		Plan string `json:"plan"`
		limitShift
	} `json:"limits"`
	Versions []struct {
		Version   string    `json:"version"`
		Tenants   int       `json:"tenants"`
		Slugs     []string  `json:"slugs"`
		AtOnce    []changed `json:"at_once"`
		WhenMoved []changed `json:"when_moved"`
		Limits    struct {
			AtOnce    []limitShift `json:"at_once"`
			WhenMoved []limitShift `json:"when_moved"`
		} `json:"limits"`
	} `json:"versions"`
}

func TestCatalogDiffSaysWhoGainsAndLoses(t *testing.T) {
	t.Parallel()
	before, after := catalogFile(t, plainCatalog), catalogFile(t, openCatalog)
	const want = `ROLE    PLAN        PERMISSIONS  FEATURES
viewer  pro         =            +export
member  pro         =            +export
admin   free        +x:see       =
admin   pro         +x:see       +export
admin   team        +x:see       =
admin   enterprise  +x:see       =
owner   pro         +x:export    +export
`
	if diff := cmp.Diff(want, succeed(t, nil, "catalog", "diff", before, after)); diff != "" {
		t.Errorf("catalog diff (-want +got):\n%s", diff)
	}
	got := decode[difference](t, succeed(t, nil, "catalog", "diff", after, before, "--json"))
	last := changed{"owner", "pro", []string{}, []string{"x:export"}, []string{}, []string{"export"}}
	if len(got.Changes) != 7 || got.Versions != nil || !cmp.Equal(got.Changes[6], last) {
		t.Errorf("catalog diff --json = %+v, want 7 changes, the last %+v, and no versions", got, last)
	}
	if got, want := succeed(t, nil, "catalog", "diff", before, before), "no role gains or loses anything\n"; got != want {
		t.Errorf("catalog diff of a file with itself printed %q, want %q", got, want)
	}
	if got := fail(t, nil, "catalog", "diff", before); !strings.HasPrefix(got, "want two arguments: gatehouse catalog diff OLD NEW") {
		t.Errorf("catalog diff of one file said %q", got)
	}
	if got := fail(t, nil, "catalog", "diff", catalogFile(t, "version: 2\n"), catalogFile(t, "version: 3\n")); strings.Count(got, "version must be 1") != 2 {
		t.Errorf("catalog diff of bad files said %q, want the mistakes of both", got)
	}
}

func TestCatalogDiffSaysWhatTheTenantsOfEachVersionGainAndLose(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := catalogFile(t, plainCatalog)
	if got := fail(t, nil, "catalog", "diff", "--tenants", before, before); !strings.HasPrefix(got, "no database: ") {
		t.Errorf("catalog diff --tenants without a database said %q", got)
	}
	succeed(t, w.env, "catalog", "apply", before)
	w.tenant(t, "acme", "pro")
	w.tenant(t, "beta", "pro")
	w.tenant(t, "globex", "team")
	// The feature is sold from a lower plan: who has a version keeps it, and gains by a move.
	lower := catalogFile(t, strings.Replace(plainCatalog, "team", "pro", 1))
	got := decode[difference](t, succeed(t, w.env, "catalog", "diff", before, lower, "--json"))
	if len(got.Versions) != 1 || got.Versions[0].Version != "pro@1" || got.Versions[0].Tenants != 2 ||
		!cmp.Equal(got.Versions[0].Slugs, []string{"acme", "beta"}) || len(got.Versions[0].AtOnce) != 0 || len(got.Versions[0].WhenMoved) != 4 {
		t.Errorf("catalog diff = %+v, want pro@1 alone, with two tenants whose four roles gain when moved", got.Versions)
	}
	// What a role holds changes for all at once.
	open := catalogFile(t, openCatalog)
	text := succeed(t, w.env, "catalog", "diff", before, open)
	if !regexp.MustCompile(`\n\nVERSION +WHEN +ROLE +PERMISSIONS +FEATURES\npro@1 +at once +admin +\+x:see +=\n(pro@1 +when moved .*\n){4}team@1 +at once +admin +\+x:see +=\n`).MatchString(text) ||
		!strings.HasSuffix(text, "\nVERSION  TENANTS  SLUGS\npro@1    2        acme beta\nteam@1   1        globex\n") {
		t.Errorf("catalog diff printed\n%s", text)
	}
	// Once applied, there is nothing more that comes at once; and the version that nobody has is not listed.
	succeed(t, w.env, "catalog", "apply", lower)
	succeed(t, w.env, args("tenant plan acme --plan pro")...)
	got = decode[difference](t, succeed(t, w.env, "catalog", "diff", lower, before, "--json"))
	if len(got.Versions) != 1 || got.Versions[0].Version != "pro@2" || got.Versions[0].Tenants != 1 {
		t.Errorf("catalog diff = %+v, want pro@2 alone, which acme has", got.Versions)
	}
	if got := succeed(t, w.env, "catalog", "diff", lower, lower); !strings.HasPrefix(got, "no role gains or loses anything\n") {
		t.Errorf("catalog diff of a file with itself printed %q", got)
	}
}

func TestCatalogDiffShowsWhatMetersAreSoldFor(t *testing.T) {
	t.Parallel()
	const metered = "version: 1\nfeatures:\n  ai: {meter: {cost: 5, currency: USD}, numbers: {team: 20}}\n"
	before, after := catalogFile(t, metered), catalogFile(t, strings.Replace(metered, "cost: 5, currency: USD", "limit: soft", 1))
	const want = `PLAN        METER  FROM                       TO
team        ai     hard by month, 5 pico-USD  soft by month
enterprise  ai     hard by month, 5 pico-USD  soft by month
`
	if diff := cmp.Diff(want, succeed(t, nil, "catalog", "diff", before, after)); diff != "" {
		t.Errorf("catalog diff (-want +got):\n%s", diff)
	}
}

func TestCatalogDiffShowsNumbers(t *testing.T) {
	t.Parallel()
	before, after := catalogFile(t, soldCatalog), catalogFile(t, strings.Replace(soldCatalog, "pro: 5, team: 20", "pro: 6, team: unlimited", 1))
	const want = `PLAN        NUMBER  FROM  TO
pro         seats   5     6
team        seats   20    unlimited
enterprise  seats   20    unlimited
`
	if diff := cmp.Diff(want, succeed(t, nil, "catalog", "diff", before, after)); diff != "" {
		t.Errorf("catalog diff (-want +got):\n%s", diff)
	}
}

const limitedCatalog = "version: 1\nlimits:\n  free: {requests: 60/min, concurrent: 5, groups: {check: {each: 5/s}}}\n  pro: {requests: 600/min}\n"

func TestCatalogDiffSaysWhichLimitsTheTenantsOfEachVersionGainAndLose(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	file := catalogFile(t, limitedCatalog)
	succeed(t, w.env, "catalog", "apply", file)
	w.tenant(t, "acme", "free")
	w.tenant(t, "globex", "pro")
	changed := catalogFile(t, strings.NewReplacer("60/min", "30/min", "concurrent: 5", "concurrent: 8").Replace(limitedCatalog))
	const want = `PLAN        LIMIT        FROM    TO
free        +concurrent  5       8
free        -requests    60/min  30/min
pro         +concurrent  5       8
team        +concurrent  5       8
enterprise  +concurrent  5       8

VERSION  WHEN        LIMIT        FROM    TO
free@1   when moved  +concurrent  5       8
free@1   when moved  -requests    60/min  30/min
pro@1    when moved  +concurrent  5       8

VERSION  TENANTS  SLUGS
free@1   1        acme
pro@1    1        globex
`
	if diff := cmp.Diff(want, succeed(t, w.env, "catalog", "diff", file, changed)); diff != "" {
		t.Errorf("catalog diff (-want +got):\n%s", diff)
	}
	// A version of before limits were a part of it follows the catalog.
	w.exec(t, "ALTER TABLE plan_versions DISABLE TRIGGER ALL; UPDATE plan_versions SET terms = terms - 'limits'")
	got := decode[difference](t, succeed(t, w.env, "catalog", "diff", file, changed, "--json"))
	lost := limitShift{"requests", "60/min", "30/min", true}
	if len(got.Versions) != 2 || len(got.Versions[0].Limits.AtOnce) != 2 || got.Versions[0].Limits.AtOnce[1] != lost || len(got.Limits) != 5 || !got.Limits[1].Lost {
		t.Errorf("catalog diff --json = %+v, want that free@1 loses %+v at once", got, lost)
	}
}
