package arch

// Patterns are paths inside the module, as the go command writes them: "sso" is one package, "sso/..." is it and all
// below it, "." is the root.

// floors lists the packages of the product from the lowest floor to the highest.
var floors = [][]string{
	{"internal/errs", "internal/id", "internal/secret"},
	{"internal/authn", "internal/db", "internal/netguard", "internal/page", "internal/resolver", "internal/telemetry", "migrations"},
	{"internal/decisions", "internal/events", "internal/jobs", "internal/mail", "internal/ratelimit/...", "internal/webhooks"},
	{"billing/...", "rbac"},
	{"catalog"},
	{"tenants"},
	{"access", "sessions"},
	{"sso/..."},
	{"internal/metered", "why"},
	{"internal/web"},
	{"api/...", "console/..."},
	{"."},
}

// arrows are the imports allowed between features of one floor: from, to.
var arrows = [][2]string{{"internal/jobs", "internal/mail"}, {"internal/ratelimit/shared", "internal/ratelimit"}}

// peers are the servers that tests talk to; `gatehouse dev` starts some of them. Only programs, tests and other peers
// import them, and they import nothing above peerCeiling.
var peers = []string{
	"internal/devpg", "internal/testdb", "internal/testdns", "internal/testmail", "internal/testredis", "internal/teststripe", "testidp/...",
}

// peerCeiling is the highest floor that peers may import, by one of its packages.
const peerCeiling = "internal/events"

// programs import what they like, but not each other. Nothing imports them, tests included.
var programs = []string{"bench/...", "cmd/...", "examples/...", "hack/...", "internal/e2e/..."}

// harnesses start the whole product for tests, or hold tests of the whole. What is in them is held to what test files are
// held to, and only tests import them.
var harnesses = []string{"internal/apitest", "internal/attack"}

// apart are packages that import nothing of this module. Programs may import them.
var apart = []string{"client/...", "internal/arch", "internal/coverage", "internal/deploy"}

// Sets of places for the table below.
var (
	web      = []string{"internal/web", "api/...", "console/...", ".", "cmd/...", "examples/...", "bench/...", "internal/e2e/..."}
	features = []string{
		"internal/decisions", "internal/events", "internal/jobs", "internal/mail", "internal/ratelimit", "internal/webhooks",
		"billing/...", "rbac", "catalog", "tenants", "access", "sessions", "sso/...",
	}
	nowhere []string
)

// confined are the libraries that only some packages may import; a path stands for all packages below it. Test files
// may import any of them.
var confined = []struct {
	library string
	to      []string
}{
	{"github.com/labstack/echo", web},
	{"github.com/coreos/go-oidc", []string{"sso/oidc"}},
	{"golang.org/x/oauth2", []string{"sso/oidc"}},
	{"github.com/crewjam/saml", []string{"sso/saml/...", "testidp/...", "bench"}},
	{"github.com/russellhaering/goxmldsig", []string{"sso/saml/...", "testidp/..."}},
	{"github.com/beevik/etree", []string{"sso/saml/...", "testidp/..."}},
	{"github.com/mattermost/xml-roundtrip-validator", []string{"sso/saml/...", "testidp/..."}},
	{"github.com/miekg/dns", []string{"internal/resolver", "internal/testdns"}},
	{"github.com/stripe/stripe-go", []string{"billing/stripe"}},
	{"github.com/casbin", []string{"rbac"}},
	{"github.com/pressly/goose", []string{"migrations"}},
	{"gorm.io/gorm", append([]string{"internal/db"}, features...)},
	{"gorm.io/driver", []string{"internal/db"}},
	{"github.com/jackc/pgx/v5/pgxpool", []string{"internal/db", "internal/jobs", "internal/testdb"}},
	{"github.com/jackc/pgx/v5/stdlib", []string{"internal/db", "migrations", "internal/testdb"}},
	{"github.com/gomodule/redigo", []string{"internal/ratelimit/shared"}},
	{"github.com/wneessen/go-mail", []string{"internal/mail"}},
	{"github.com/fergusstrange/embedded-postgres", []string{"internal/devpg"}},
	{"github.com/caarlos0/env", []string{"cmd/..."}},
	{"github.com/spf13/cobra", []string{"cmd/..."}},
	{"github.com/swaggest/openapi-go", []string{"api/openapi"}},
	{"github.com/swaggest/jsonschema-go", []string{"api/openapi"}},
	{"github.com/swaggest/swgui", []string{"api"}},
	{"github.com/getkin/kin-openapi", nowhere},
	{"github.com/chromedp", nowhere},
	{"github.com/compose-spec/compose-go", nowhere},
	{"github.com/google/go-cmp", nowhere},
	{"github.com/c2sp/wycheproof", nowhere},
	{"go.uber.org/goleak", nowhere},
}
