package main_test

import (
	"crypto/rand"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// args splits a command line of these tests, whose arguments hold no spaces.
func args(line string) []string { return strings.Fields(line) }

func TestARefusalSaysWhyAndChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	acme := w.tenant(t, "acme", "team")
	w.tenant(t, "rival", "free")
	foreign := w.key(t, "rival", "viewer").ID
	for _, line := range []string{
		"domain add acme.example --tenant acme", "domain add rival.example --tenant rival", "domain verify rival.example --tenant rival",
		"domain add rival.example --tenant acme",
	} {
		succeed(t, w.env, args(line)...)
	}
	_, unused, _ := strings.Cut(acme.Tenant, "_") // an id, but of nothing else
	before := w.everything(t)

	t.Run("each", func(t *testing.T) {
		t.Parallel()
		for line, want := range map[string]string{
			"tenant create --slug acme --owner a@b.example":                       `create tenant "acme": This slug cannot be used.`,
			"tenant create --slug Acme! --owner a@b.example":                      `create tenant "Acme!": slug: Use 2 to 40 lower-case letters`,
			"tenant create --slug admin --owner a@b.example":                      `create tenant "admin": slug: `,
			"tenant create --slug new --owner nobody":                             `create tenant "new": email: This is not an e-mail address`,
			"tenant create --slug new --owner a@b.example,c@d.example":            `create tenant "new": email: `,
			"tenant create --slug new --owner a@b.example --plan gold":            `unknown plan "gold": it is one of`,
			"tenant create --slug new --owner a@b.example --name \x1b[31m!":       `create tenant "new": name: Use printable characters only.`,
			"tenant create --slug new":                                            `required flag(s) "owner" not set`,
			"tenant create":                                                       `required flag(s) "owner", "slug" not set`,
			"tenant create new --slug new --owner a@b.example":                    `unexpected argument "new"`,
			"tenant suspend nobody":                                               `tenant "nobody": There is no such tenant.`,
			"tenant suspend":                                                      "want one argument: gatehouse tenant suspend SLUG",
			"tenant suspend acme rival":                                           "want one argument: gatehouse tenant suspend SLUG",
			"tenant resume nobody":                                                `tenant "nobody": There is no such tenant.`,
			"tenant link --tenant acme --member nobody@acme.example":              "There is no such member.",
			"tenant link --tenant acme --member nobody":                           "email: This is not an e-mail address",
			"tenant link --tenant nobody --member owner@acme.example":             `tenant "nobody": There is no such tenant.`,
			"tenant setup-link nobody":                                            `tenant "nobody": There is no such tenant.`,
			"tenant setup-link":                                                   "want one argument: gatehouse tenant setup-link SLUG",
			"tenant setup-link acme --days 31":                                    "--days 31: want 1 to 30",
			"tenant setup-link acme --email nobody":                               "email: This is not an e-mail address",
			"tenant setup-link acme --connection con_" + unused:                   "There is no such connection.",
			"domain add nodots --tenant acme":                                     `domain "nodots": domain: This is not a domain name`,
			"domain add gmail.com --tenant acme":                                  `domain "gmail.com": domain: Everybody can have an address there`,
			"domain add acme.example --tenant acme":                               `domain "acme.example": This domain is already listed.`,
			"domain add new.example":                                              `required flag(s) "tenant" not set`,
			"domain add new.example --tenant nobody":                              `domain "new.example": tenant "nobody": There is no such tenant.`,
			"domain verify new.example --tenant acme":                             `domain "new.example": There is no such domain.`,
			"domain verify rival.example --tenant acme":                           `domain "rival.example": This domain cannot be used.`,
			"domain verify acme.example --tenant rival":                           `domain "acme.example": There is no such domain.`,
			"domain verify acme.example --tenant acme --connection x":             `domain "acme.example": --connection: invalid id: want the prefix con_`,
			"domain verify acme.example --tenant acme --connection con_" + unused: `domain "acme.example": There is no such connection.`,
			"domain list":                                     `required flag(s) "tenant" not set`,
			"domain list --tenant nobody":                     `tenant "nobody": There is no such tenant.`,
			"apikey create --role admin":                      `required flag(s) "tenant" not set`,
			"apikey create --tenant acme --role owner":        "create API key: role: Use admin, member, viewer or the id of a custom role.",
			"apikey create --tenant acme --role king":         "create API key: role: Use admin, member, viewer or the id of a custom role.",
			"apikey create --tenant acme --expires-in -1h":    "create API key: expires_at: This time has passed.",
			"apikey create --tenant acme --expires-in soon":   `invalid argument "soon" for "--expires-in" flag`,
			"apikey create --tenant nobody --role admin":      `create API key: tenant "nobody": There is no such tenant.`,
			"apikey list --tenant nobody":                     `tenant "nobody": There is no such tenant.`,
			"apikey revoke --tenant acme":                     "want one argument: gatehouse apikey revoke KEY --tenant SLUG",
			"apikey revoke key --tenant acme":                 `API key id "key": invalid id: want the prefix key_`,
			"apikey revoke " + acme.Tenant + " --tenant acme": `API key id "` + acme.Tenant + `": invalid id: want the prefix key_`,
			"apikey revoke " + foreign + " --tenant acme":     "There is no such API key.",
			"apikey revoke key_" + unused + " --tenant rival": "There is no such API key.",
			"user list":                                   `required flag(s) "tenant" not set`,
			"user list --tenant nobody":                   `tenant "nobody": There is no such tenant.`,
			"keys rotate --overlap -5m":                   "overlap: ",
			"keys rotate --overlap 1s":                    "overlap: ",
			"keys nonsense":                               `unknown command "nonsense"; see gatehouse keys --help`,
			"nonsense":                                    `unknown command "nonsense"; see gatehouse --help`,
			"tenant list --nonsense":                      "unknown flag: --nonsense",
			"tenant list nonsense":                        `unexpected argument "nonsense"; see gatehouse tenant list --help`,
			"migrate sideways":                            `unknown command "sideways"; see gatehouse migrate --help`,
			"serve --catalog nowhere.yml":                 "the configuration is not complete: read the catalog: open nowhere.yml: no such file or directory",
			"dev --catalog nowhere.yml":                   "read the catalog: open nowhere.yml: no such file or directory",
			"dev --addr nonsense":                         "listen on nonsense: ",
			"dev --idp-addr 0.0.0.0:0 --addr 127.0.0.1:0": "start the test identity providers: ",
			"dev extra":                                   `unexpected argument "extra"; see gatehouse dev --help`,
		} {
			t.Run(line, func(t *testing.T) {
				t.Parallel()
				if got := fail(t, w.env, args(line)...); !strings.HasPrefix(got, want) {
					t.Errorf("gatehouse %s said %q, want it to begin with %q", line, got, want)
				}
			})
		}
	})
	t.Cleanup(func() {
		if diff := cmp.Diff(before, w.everything(t)); diff != "" {
			t.Errorf("refused commands changed the database (-before +after):\n%s", diff)
		}
	})
}

func TestWithoutADatabaseEachCommandSaysWhatToDo(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		"tenant list", "tenant create --slug new --owner a@b.example", "tenant suspend acme", "domain list --tenant acme", "apikey list --tenant acme",
		"user list --tenant acme", "keys rotate",
	} {
		want := "no database: set GATEHOUSE_DATABASE_URL, or name the folder of a running gatehouse dev with --data"
		if got := fail(t, nil, args(line)...); got != want {
			t.Errorf("gatehouse %s said %q, want %q", line, got, want)
		}
		want = "no gatehouse dev is running on nowhere"
		if got := fail(t, nil, append(args(line), "--data", "nowhere")...); got != want {
			t.Errorf("gatehouse %s --data nowhere said %q, want %q", line, got, want)
		}
	}
	for _, line := range []string{"migrate up", "migrate down", "migrate status"} {
		want := "no database: set GATEHOUSE_DATABASE_OWNER_URL, or name the folder of a running gatehouse dev with --data"
		if got := fail(t, nil, args(line)...); got != want {
			t.Errorf("gatehouse %s said %q, want %q", line, got, want)
		}
	}
}

// A folder that is named and a database in the environment are never mixed.
func TestANamedFolderIsNotReplacedByTheEnvironment(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, line := range []string{"tenant list", "migrate down", "keys rotate"} {
		const want = "no gatehouse dev is running on nowhere"
		if got := fail(t, w.env, append(args(line), "--data", "nowhere")...); got != want {
			t.Errorf("gatehouse %s --data nowhere said %q, want %q", line, got, want)
		}
	}
}

func TestTheDatabaseRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const unsafe = "unsafe database login role: "
	for name, tt := range map[string]struct{ url, want string }{
		"a wrong password":          {strings.Replace(w.URL, "gatehouse_app:", "gatehouse_app:wrong", 1), "password authentication failed"},
		"a server that is down":     {"postgres://gatehouse_app:hunter2@127.0.0.1:1/gatehouse", "connection refused"},
		"a superuser":               {w.AdminURL, "is a superuser"},
		"the owner of the tables":   {w.OwnerURL, unsafe + "gatehouse_owner"},
		"a role that is not bound":  {w.role(t, "NOINHERIT BYPASSRLS"), "has BYPASSRLS"},
		"a role that always may":    {w.role(t, "INHERIT"), "inherits the rights of its roles"},
		"what is no address":        {"hunter2 is no address", "GATEHOUSE_DATABASE_URL is not an address of the form postgres://"},
		"an address with a mistake": {"postgres://gatehouse_app:hunter2@[::1/x", "GATEHOUSE_DATABASE_URL is not an address of the form postgres://"},
	} {
		for _, line := range []string{"tenant list", "serve", "config check"} {
			t.Run(name+" "+line, func(t *testing.T) {
				t.Parallel()
				got := fail(t, w.with("GATEHOUSE_DATABASE_URL", tt.url), args(line)...)
				if !strings.Contains(got, tt.want) || strings.Contains(got, "hunter2") || strings.HasPrefix(got, "gatehouse: ") {
					t.Errorf("gatehouse %s said %q, want it to contain %q and no password", line, got, tt.want)
				}
			})
		}
	}
}

// role makes a login role like gatehouse_app, but for its options, and returns its address.
func (w world) role(tb testing.TB, options string) string {
	tb.Helper()
	name := "gatehouse_test_" + strings.ToLower(rand.Text())
	w.exec(tb, "CREATE ROLE "+name+" LOGIN PASSWORD 'hunter2' "+options+"; GRANT gatehouse_tenant, gatehouse_system TO "+name)
	tb.Cleanup(func() { w.exec(tb, "DROP ROLE "+name) })
	u, err := url.Parse(w.URL)
	if err != nil {
		tb.Fatal(err)
	}
	u.User = url.UserPassword(name, "hunter2")
	return u.String()
}

func TestMigrateSaysWhatTheDatabaseRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for url, want := range map[string]string{
		"nonsense hunter2": "the configuration is not complete: GATEHOUSE_DATABASE_OWNER_URL is not an address of the form postgres://",
		"postgres://gatehouse_owner:hunter2@127.0.0.1:1/gatehouse": "connection refused",
		w.URL: "permission denied",
	} {
		for _, line := range []string{"migrate up", "migrate down", "migrate status"} {
			if got := fail(t, w.with("GATEHOUSE_DATABASE_OWNER_URL", url), args(line)...); !strings.Contains(got, want) || strings.Contains(got, "hunter2") {
				t.Errorf("gatehouse %s as %s said %q, want it to contain %q", line, url, got, want)
			}
		}
	}
}
