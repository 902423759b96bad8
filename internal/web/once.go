package web

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/secret"
)

const onceLifetime = 24 * time.Hour

var (
	errOnceKey      = errs.New(errs.BadRequest, "idempotency_key_invalid", "Idempotency-Key is 1 to 128 printable characters, once.")
	errOnceMismatch = errs.New(errs.Invalid, "idempotency_mismatch", "This Idempotency-Key was used for another request.")
	errOnceRaced    = errs.New(errs.Conflict, "idempotency_in_progress", "A request with this Idempotency-Key is under way.")
)

// once makes a POST with an Idempotency-Key happen once. The row of the key is inserted in the transaction of the change,
// before it: a second request waits in Postgres for the first, and then finds its answer, or makes the change itself if
// the first was rolled back. A nil once does nothing.
type once struct {
	server    *Server
	principal string
	key       []byte // hash
	request   []byte // hash
	aad       secret.AAD
	waiting   bool // for another request with the same key
}

// stored is an answer that was given before.
type stored struct {
	body    []byte
	status  int
	version int64 // of the tenant now, which is not before that of the change
}

// told marks the answer of an exchange as a repetition, and returns its body. Who repeats a request may have lost the first answer, and with
// it the version that the change has made: this one has one too.
func (s *stored) told(ex *exchange) []byte {
	ex.Response().Header().Set("Idempotency-Replayed", "true")
	ex.tellVersion(ex.principal.Tenant, s.version)
	return s.body
}

// onceFor returns nil for a row or a request without the wish.
func (s *Server) onceFor(ex *exchange, r Route) (*once, error) {
	given := ex.Request().Header["Idempotency-Key"]
	if !r.idempotent || len(given) == 0 {
		return nil, nil //nolint:nilnil // nothing to do is not an error
	}
	if len(given) > 1 || given[0] == "" || len(given[0]) > 128 || strings.ContainsFunc(given[0], func(c rune) bool { return c < ' ' || c > '~' }) {
		return nil, errOnceKey
	}
	key := sha256.Sum256([]byte(given[0]))
	request := sha256.New()
	fmt.Fprintf(request, "%s\n%s\n%s\n", r.label(), ex.Request().URL.RequestURI(), ex.body)
	p := ex.principal
	return &once{
		server: s, principal: p.Subject(), key: key[:], request: request.Sum(nil),
		// A session is not part of the place: the same person repeats a request after a refresh or another sign-in.
		aad: secret.AAD{Table: "idempotency_keys", Row: p.Subject() + "/" + hex.EncodeToString(key[:]), Tenant: p.Tenant.String()},
	}, nil
}

type onceRow struct {
	RequestHash []byte
	Status      int
	Response    []byte
	Version     int64
}

// replay answers from an earlier request, before anything is prepared.
func (o *once) replay(ex *exchange) (done bool, err error) {
	if o == nil {
		return false, nil
	}
	var row *onceRow
	err = o.server.db.Tenant(ex.ctx, ex.principal.Tenant, func(tx *db.TenantTx) error {
		row, err = o.read(tx)
		return err
	})
	if err != nil || row == nil {
		return false, err
	}
	answer, err := o.open(row)
	if err != nil {
		return false, err
	}
	ex.reply(answer.status, answer.told(ex))
	return true, nil
}

const onceInsert = `INSERT INTO idempotency_keys (tenant_id, principal, key_hash, request_hash, status, response, created_at, expires_at)
VALUES (?, ?, ?, ?, 0, '', ?, ?) ON CONFLICT (tenant_id, principal, key_hash) DO NOTHING`

// claim takes the key for this transaction, waiting for another that holds it. It returns that one's answer, if there is
// one.
func (o *once) claim(tx *db.TenantTx) (*stored, error) {
	if o == nil {
		return nil, nil //nolint:nilnil // nothing stored is not an error
	}
	if err := o.forget(tx, "expires_at <= ?", tx.Now); err != nil {
		return nil, err
	}
	o.waiting = true
	r := tx.DB.Exec(onceInsert, tx.Tenant, o.principal, o.key, o.request, tx.Now, tx.Now.Add(onceLifetime))
	if r.Error != nil {
		return nil, fmt.Errorf("claim an idempotency key: %w", r.Error)
	}
	o.waiting = false
	if r.RowsAffected == 1 {
		return nil, nil //nolint:nilnil // ours
	}
	row, err := o.read(tx)
	if err != nil {
		return nil, err
	}
	if row == nil { // it went between the two statements
		return nil, errOnceRaced
	}
	return o.open(row)
}

func (o *once) read(tx *db.TenantTx) (*onceRow, error) {
	var rows []onceRow
	err := tx.DB.Raw(`SELECT k.request_hash, k.status, k.response, p.version
FROM idempotency_keys k JOIN tenant_state p ON p.tenant_id = k.tenant_id
WHERE k.tenant_id = ? AND k.principal = ? AND k.key_hash = ? AND k.expires_at > ?`, tx.Tenant, o.principal, o.key, tx.Now).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read an idempotency key: %w", err)
	}
	if len(rows) == 0 {
		return nil, nil //nolint:nilnil // not there is not an error
	}
	return &rows[0], nil
}

// open checks that the row answers this request, and unseals it.
func (o *once) open(row *onceRow) (*stored, error) {
	if !secret.Equal(row.RequestHash, o.request) {
		return nil, errOnceMismatch
	}
	body, err := o.server.keyring.Open(row.Response, o.aad)
	if err != nil {
		return nil, fmt.Errorf("open a stored answer: %w", err)
	}
	return &stored{body, row.Status, row.Version}, nil
}

// keep stores the answer. It is sealed: it may hold a secret that is shown once.
func (o *once) keep(tx *db.TenantTx, status int, body []byte) error {
	if o == nil {
		return nil
	}
	sealed, err := o.server.keyring.Seal(body, o.aad)
	if err != nil {
		return fmt.Errorf("seal an answer: %w", err)
	}
	err = tx.DB.Exec(`UPDATE idempotency_keys SET status = ?, response = ? WHERE tenant_id = ? AND principal = ? AND key_hash = ?`,
		status, sealed, tx.Tenant, o.principal, o.key).Error
	if err != nil {
		return fmt.Errorf("store an answer: %w", err)
	}
	return nil
}

// release gives the key back after a refusal, which may commit (db.Keep). After a failed statement it can do nothing, and
// need not: that transaction rolls back.
func (o *once) release(tx *db.TenantTx) {
	if o != nil {
		_ = o.forget(tx, "status = ?", 0)
	}
}

func (o *once) forget(tx *db.TenantTx, when string, value any) error {
	err := tx.DB.Exec("DELETE FROM idempotency_keys WHERE tenant_id = ? AND principal = ? AND key_hash = ? AND "+when,
		tx.Tenant, o.principal, o.key, value).Error
	if err != nil {
		return fmt.Errorf("forget an idempotency key: %w", err)
	}
	return nil
}

// ForgetAnswers removes the stored answers of all tenants that have expired, for a periodic job.
func ForgetAnswers(ctx context.Context, sys *db.SystemTx) error {
	if err := sys.DB.WithContext(ctx).Exec("DELETE FROM idempotency_keys WHERE expires_at <= ?", sys.Now).Error; err != nil {
		return fmt.Errorf("forget stored answers: %w", err)
	}
	return nil
}

// explain tells a wait that took too long from an outage.
func (o *once) explain(err error) error {
	const lockTimeout = "55P03"
	var pg *pgconn.PgError
	if o != nil && o.waiting && errors.As(err, &pg) && pg.Code == lockTimeout {
		return errOnceRaced.Because(err)
	}
	return err
}
