package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"

	"github.com/seed-2a059015/gatehouse/internal/errs"
)

// conflicts maps constraint names to what a caller is told. The texts are neutral: they never say whose row is in the way.
var conflicts = map[string]*errs.Error{
	"tenants_slug_key":      errs.New(errs.Conflict, "slug_taken", "This slug cannot be used."),
	"domain_directory_pkey": errs.New(errs.Conflict, "domain_unavailable", "This domain cannot be used."),
	"domains_domain_key":    errs.New(errs.Conflict, "domain_exists", "This domain is already listed."),
	"custom_roles_name_key": errs.New(errs.Conflict, "role_exists", "Another role has this name."),
	"memberships_user_key":  errs.New(errs.Conflict, "member_exists", "This person is already a member."),
	"memberships_email_key": errs.New(errs.Conflict, "email_in_use", "Another member has this address."),
	"identities_triple_key": errs.New(errs.Conflict, "identity_in_use", "This identity is already linked."),
	"attempts_state_key":    errs.New(errs.Conflict, "attempt_exists", "This sign-in was already started."),
	"idempotency_keys_pkey": errs.New(errs.Conflict, "idempotency_in_progress", "A request with this Idempotency-Key is under way."),
	"sign_in_links_pkey":    errs.New(errs.Conflict, "link_exists", "This link exists."),
	"refresh_tokens_pkey":   errs.New(errs.Conflict, "refresh_raced", "Another request has refreshed this session."),
}

// roleMoved answers whoever gives a custom role while it is deleted, and whoever deletes it while it is given.
var roleMoved = errs.New(errs.Conflict, "role_moved", "This role was given or deleted at the same time. Nothing was changed; look again.")

var tryAgain = errs.New(errs.Unavailable, "try_again", "Two changes met. Nothing was changed; try again.")

// Constraint is the name of the constraint that err broke, or "".
func Constraint(err error) string {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.ConstraintName
	}
	return ""
}

// IsMissing says that a query for one row found none.
func IsMissing(err error) bool { return errors.Is(err, gorm.ErrRecordNotFound) }

// lost says that the connection went away under a statement. That somebody stopped waiting for the answer is something else. Scopes make
// no other connections, so an error of the network is one of the database.
func lost(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || errors.As(err, new(*net.OpError)) ||
		errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) || errors.As(err, new(*pgconn.ConnectError)) ||
		pgconn.SafeToRetry(err)
}

// mapped turns what Postgres refuses into the errors of this program; a domain error passes unchanged.
func mapped(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*errs.Error](err); ok {
		return err
	}
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		if lost(err) {
			return unavailable(err)
		}
		return err
	}
	if e, ok := conflicts[pg.ConstraintName]; ok && pg.Code == "23505" {
		return e.Because(err)
	}
	if pg.Code == "23503" && strings.HasSuffix(pg.ConstraintName, "_custom_role_fkey") {
		return roleMoved.Because(err)
	}
	switch pg.Code[:2] {
	case "08", "53", "57":
		return unavailable(err)
	case "40": // serialization failure, deadlock
		return tryAgain.Because(err)
	}
	switch pg.Code {
	case "25006": // read-only transaction: a full disk or a standby
		return unavailable(err)
	case "55P03": // lock_timeout
		return tryAgain.Because(err)
	case "22021", "22P05": // a character that text cannot hold
		return errs.New(errs.Invalid, "invalid_input", "The request has a character that cannot be stored.").Because(err)
	}
	return err
}
