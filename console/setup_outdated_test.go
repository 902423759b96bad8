package console_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sso"
)

func TestAFormOfYesterdayTakesNothingBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.enterAs(t, rbac.Owner)
	root := "/setup/" + w.connection.ID.String()
	details := []string{"name", "Mine", "issuer", w.idp.Provider("acme").URL(), "client_id", "gatehouse"}
	mapping := []string{"email", "email", "name", "name", "first_name", "", "last_name", "", "groups", "mine", "default_role", "viewer"}
	send := map[string]func(fields ...string) answer{
		"/details": func(more ...string) answer { return owner.upload(root+"/details", append(more, details...)...) },
		"/mapping": func(more ...string) answer { return owner.post(root+"/mapping", append(more, mapping...)...) },
	}
	for form, post := range send {
		opened := owner.version(root + form)
		w.reconfigure(t, func(d *sso.Draft) { d.Name, d.Claims.Groups = "theirs"+form, "theirs" })
		before := w.stored(t, w.acme, w.connection.ID)
		for what, fields := range map[string][]string{
			"a stale save": {"version", opened}, "a stale try": {"version", opened, "try", "yes"}, "a save of no version": nil,
			"a save of version 0": {"version", "0"}, "a save of nonsense": {"version", "x"},
		} {
			a := post(fields...)
			a.shows(t, what+" at "+form, http.StatusConflict, `role="alert"`, "Nothing was saved", "Somebody has changed this connection", `value="theirs`)
			if strings.Contains(a.body, `value="mine"`) || strings.Contains(a.body, `value="Mine"`) {
				t.Errorf("%s at %s is offered for another save:\n%s", what, form, a.body)
			}
		}
		before.stays(t, "a stale form at "+form, w.stored(t, w.acme, w.connection.ID))
		if a := post("version", owner.version(root+form)); a.Code != http.StatusSeeOther {
			t.Errorf("a save of the form as it is now at %s = %d\n%s", form, a.Code, a.body)
		}
	}
}
