package console

import (
	"context"
	"crypto/x509"
	"fmt"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/sso"
)

// certificateRow is one certificate of the calendar, theirs or ours.
type certificateRow struct {
	Whose       string
	Use         string
	Subject     string
	Fingerprint string // as people compare it
	Key         string // as forms send it
	From, Until moment
	Left        badge
	Elapsed     int // percent of its life that has passed, for the bar
	Pending     bool
}

// leftBadge says how long something is still good for.
func leftBadge(end, now time.Time) badge {
	left := end.Sub(now)
	days := int64(left / (24 * time.Hour))
	switch {
	case left <= 0:
		return badge{"Expired", bad}
	case days < 1:
		return badge{"Ends today", bad}
	case days <= 14:
		return badge{count(days, "day left", "days left"), bad}
	case days <= 30:
		return badge{count(days, "day left", "days left"), careful}
	default:
		return badge{count(days, "day left", "days left"), good}
	}
}

func elapsed(from, until, now time.Time) int {
	whole := until.Sub(from)
	if whole <= 0 {
		return 100
	}
	return int(min(max(100*now.Sub(from)/whole, 0), 100))
}

func theirCertificates(c sso.Connection, now time.Time) []certificateRow {
	if c.SAML == nil {
		return nil
	}
	var rows []certificateRow
	for _, cert := range c.SAML.Certificates {
		row := certificateRow{
			Whose: "Theirs", Use: "signs what the provider sends", Subject: cert.Subject, Fingerprint: inPairs(cert.Fingerprint), Key: cert.Fingerprint,
			From: momentOf(cert.NotBefore), Until: momentOf(cert.NotAfter), Left: leftBadge(cert.NotAfter, now),
			Elapsed: elapsed(cert.NotBefore, cert.NotAfter, now), Pending: cert.Pending,
		}
		if cert.Pending {
			row.Use = "was found in the provider's metadata, and is not trusted yet"
		}
		rows = append(rows, row)
	}
	return rows
}

func ourCertificates(keys []sso.ConnectionKey, now time.Time) []certificateRow {
	var rows []certificateRow
	for _, k := range keys {
		row := certificateRow{
			Whose: "Ours", Use: useOf(k.Slot), Fingerprint: inPairs(k.Fingerprint()), From: momentOf(k.CreatedAt), Until: momentOf(k.NotAfter),
			Left: leftBadge(k.NotAfter, now), Elapsed: elapsed(k.CreatedAt, k.NotAfter, now),
		}
		if cert, err := x509.ParseCertificate(k.Certificate); err == nil {
			row.Subject = cert.Subject.CommonName
		}
		rows = append(rows, row)
	}
	return rows
}

func useOf(slot sso.KeySlot) string {
	switch slot {
	case sso.ActiveKey:
		return "signs our requests"
	case sso.NextKey:
		return "is published, and will sign once it is activated"
	case sso.RetiredKey:
		return "still decrypts, and signs no more"
	default:
		return string(slot)
	}
}

// inPairs writes a fingerprint as most providers do.
func inPairs(hex string) string {
	var b strings.Builder
	for i := 0; i+1 < len(hex); i += 2 {
		if i > 0 {
			b.WriteByte(':')
		}
		fmt.Fprint(&b, strings.ToUpper(hex[i:i+2]))
	}
	return b.String()
}

func (r connectionReader) certificates(p *connectionPage) error {
	keys, err := sso.KeysOf(r.ctx, r.tx, r.connection.ID)
	p.Certificates = append(theirCertificates(r.connection, r.tx.Now), ourCertificates(keys, r.tx.Now)...)
	return err
}

func (c *Console) approveCertificate(ctx echo.Context) error {
	return c.actOnCertificate(ctx, c.signIn.ApproveCertificate)
}

func (c *Console) removeCertificate(ctx echo.Context) error {
	return c.actOnCertificate(ctx, c.signIn.RemoveCertificate)
}

func (c *Console) actOnCertificate(ctx echo.Context, do func(context.Context, *db.TenantTx, id.Connection, string) (sso.Connection, error)) error {
	form, err := formOf(ctx)
	if err != nil {
		return err
	}
	return c.actOn(ctx, func(r context.Context, _ *db.SystemTx, tx *db.TenantTx, which id.Connection) error {
		_, err := do(r, tx, which, form.Get("fingerprint"))
		return err
	})
}
