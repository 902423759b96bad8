package console

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/sso"
)

// versionOf is the version of the connection that a form was drawn from; 0, which no connection has, where it does not say.
func versionOf(form url.Values) int64 {
	version, err := strconv.ParseInt(form.Get("version"), 10, 64)
	if err != nil {
		return 0
	}
	return version
}

// draft is the connection to type a form onto that was drawn from a version. A form replaces all that stands in it, so that one drawn before
// somebody else's change would take that back.
func (j journey) draft(version int64) (sso.Draft, error) {
	d := j.connection.Draft()
	if d.Version = version; version != j.connection.Version {
		return sso.Draft{}, sso.ErrTwoChanges
	}
	return d, nil
}

// outdated says that a form was refused since its connection has moved on.
func outdated(err error) bool { return err != nil && errs.CodeOf(err) == sso.ErrTwoChanges.Code }

// outdatedForm is told above the form as it would be now.
func outdatedForm() (status int, p problems) {
	return http.StatusConflict, problems{
		Heading: "Nothing was saved",
		General: "Somebody has changed this connection since you opened the form. Here is what is stored now: change it again, and save.",
	}
}
