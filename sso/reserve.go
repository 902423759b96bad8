package sso

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
)

// Reservation is the id of a connection that is still to be made, so that its addresses can be entered at the provider before there is
// anything to save. Nothing is stored for it. Only [SignIn.Reserved] makes one.
type Reservation struct {
	tenant     id.Tenant
	connection id.Connection

	Protocol, Preset string
	Until            time.Time
}

// Connection is the id that a connection will have.
func (r Reservation) Connection() id.Connection { return r.connection }

// reservationLife is how long the instructions of a guide may take: at some companies a colleague has to do it.
const reservationLife = 7 * 24 * time.Hour

// ErrReservation refuses a reservation whose time is over. A forged one, or that of another tenant, does not exist.
var ErrReservation = errs.New(errs.Gone, "setup_expired", "This set-up was begun more than seven days ago. Begin it again.")

// Reserve returns a reservation as text that can stand in an address. It is no secret: it opens nothing, and counts in its tenant only.
func (s *SignIn) Reserve(tx *db.TenantTx, protocol, preset string) string {
	until := strconv.FormatInt(tx.Now.Add(reservationLife).Unix(), 36)
	claims := strings.Join([]string{id.New[id.Connection]().String(), protocol, preset, until}, ".")
	return claims + "." + s.reservationMAC(tx.Tenant, claims)
}

// Reserved reads what Reserve wrote for the same tenant.
func (s *SignIn) Reserved(tx *db.TenantTx, text string) (Reservation, error) {
	cut := strings.LastIndexByte(text, '.')
	if cut < 0 || len(text) > 200 || !secret.Equal(text[cut+1:], s.reservationMAC(tx.Tenant, text[:cut])) {
		return Reservation{}, errs.NotFound("set-up")
	}
	parts := strings.Split(text[:cut], ".")
	r := Reservation{tenant: tx.Tenant}
	if len(parts) != 4 || r.connection.UnmarshalText([]byte(parts[0])) != nil {
		return Reservation{}, errs.NotFound("set-up")
	}
	until, err := strconv.ParseInt(parts[3], 36, 64)
	if err != nil {
		return Reservation{}, errs.NotFound("set-up")
	}
	r.Protocol, r.Preset, r.Until = parts[1], parts[2], time.Unix(until, 0).UTC()
	if !tx.Now.Before(r.Until) {
		return Reservation{}, ErrReservation
	}
	return r, nil
}

func (s *SignIn) reservationMAC(tenant id.Tenant, claims string) string {
	of := tenant.Bytes()
	mac := s.pepper.MAC("reservation", of[:], []byte(claims))
	return base64.RawURLEncoding.EncodeToString(mac[:])
}

// take is the id of a new connection: the reserved one, if there is one.
func (r Reservation) take(tx *db.TenantTx) (id.Connection, error) {
	switch {
	case r.connection.IsZero():
		return id.New[id.Connection](), nil
	case r.tenant != tx.Tenant:
		return id.Connection{}, errs.NotFound("set-up")
	default:
		return r.connection, nil
	}
}

// errReservationUsed refuses a second connection of one reservation, also when the first is gone: identities of before would be its own.
var errReservationUsed = errs.New(errs.Conflict, "connection_exists", "This connection has been made already. Change it, or begin another one.")
