package sso

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/jobs"
	"github.com/seed-2a059015/gatehouse/internal/mail"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

const (
	recoveryLife   = 15 * time.Minute
	recoveryWindow = time.Hour
	// In the window, for one mail address: from one network, so that nobody's mailbox is filled, and from all of them, high enough that a
	// stranger who asks does not keep the owner from asking.
	maxRecoveries    = 3
	maxAllRecoveries = 12
)

// recoveryCookie binds a request for the way back in to the browser that made it: who reads an owner's mail elsewhere gets nowhere.
const recoveryCookie = "__Host-gatehouse_recovery"

type recovery struct {
	ID           id.Link `gorm:"primaryKey"`
	EmailHash    []byte
	Source       string
	MembershipID id.Membership // zero if nobody may come in that way
	Hash         []byte
	BrowserHash  []byte
	CreatedAt    time.Time `gorm:"autoCreateTime:false"`
	ExpiresAt    time.Time
	UsedAt       *time.Time
}

func (recovery) TableName() string { return "recoveries" }

// AskRecovery mails a one-time link to an owner who cannot sign in because single sign-on is broken. For whoever asks the answer is the
// same, whether the address is an owner's, somebody else's, nobody's, or has been asked for too often; an unknown tenant is errs.NotFound.
// The cookie binds the link to the browser that asks.
func (s *SignIn) AskRecovery(ctx context.Context, r *http.Request, slug, address string) (*http.Cookie, error) {
	email, err := tenants.ParseEmail(address)
	if err != nil {
		return nil, err
	}
	var t tenants.Tenant
	err = s.db.System(ctx, func(sys *db.SystemTx) (err error) {
		t, err = tenants.BySlug(ctx, sys, slug)
		return err
	})
	if err != nil {
		return nil, err
	}
	browser := recoveryBrowser(r)
	if browser == "" {
		browser = secret.RandomText(32)
	}
	err = s.db.Tenant(ctx, t.ID, func(tx *db.TenantTx) error { return s.askRecovery(ctx, tx, t, email, browser) })
	if err != nil {
		return nil, err
	}
	return &http.Cookie{
		Name: recoveryCookie, Value: browser, Path: "/", MaxAge: int(recoveryLife.Seconds()), HttpOnly: true, Secure: true,
		SameSite: http.SameSiteLaxMode,
	}, nil
}

func (s *SignIn) askRecovery(ctx context.Context, tx *db.TenantTx, t tenants.Tenant, email tenants.Email, browser string) error {
	row := recovery{
		ID: id.New[id.Link](), EmailHash: s.recoveryHash("address", t.ID, email.Address), Source: sourceOf(authn.OriginFrom(ctx).Address),
		BrowserHash: s.recoveryHash("browser", t.ID, browser), CreatedAt: tx.Now, ExpiresAt: tx.Now.Add(recoveryLife),
	}
	few, err := fewRecoveries(ctx, tx, row)
	if err != nil {
		return err
	}
	owner, err := tenants.MemberByEmail(ctx, tx, email.Address)
	if err != nil && errs.As(err).Kind != errs.Missing {
		return err
	}
	if !few {
		return nil
	}
	if mayRecover(t, owner) {
		row.MembershipID = owner.ID
	}
	cred := secret.Issue(secret.PrefixRecovery, t.ID.Bytes(), row.ID.Bytes(), 0)
	hash := cred.Hash()
	row.Hash = hash[:]
	if err := db.Of[recovery](tx.DB).Create(ctx, &row); err != nil {
		return fmt.Errorf("create a recovery: %w", err)
	}
	if row.MembershipID.IsZero() {
		return nil
	}
	return s.mailRecovery(ctx, tx, t, owner, cred)
}

// mayRecover says who has a way back in: active owners of an active tenant.
func mayRecover(t tenants.Tenant, m tenants.Membership) bool {
	return t.Status == tenants.StatusActive && m.Status == tenants.MemberActive && m.Role == rbac.Owner
}

// fewRecoveries counts the requests for an address, one at a time, and forgets those that count no more.
func fewRecoveries(ctx context.Context, tx *db.TenantTx, row recovery) (bool, error) {
	g := tx.DB.WithContext(ctx)
	if err := g.Exec("SELECT pg_advisory_xact_lock(hashtextextended(?, 0))", fmt.Sprintf("recovery %s %x", tx.Tenant, row.EmailHash)).Error; err != nil {
		return false, fmt.Errorf("lock the recoveries of an address: %w", err)
	}
	if err := g.Exec("DELETE FROM recoveries WHERE tenant_id = ? AND created_at <= ?", tx.Tenant, tx.Now.Add(-recoveryWindow)).Error; err != nil {
		return false, fmt.Errorf("forget old recoveries: %w", err)
	}
	var n struct{ Near, All int64 }
	err := g.Raw(`SELECT count(*) FILTER (WHERE source = ?) AS near, count(*) AS "all" FROM recoveries WHERE tenant_id = ? AND email_hash = ?`,
		row.Source, tx.Tenant, row.EmailHash).Scan(&n).Error
	if err != nil {
		return false, fmt.Errorf("count recoveries: %w", err)
	}
	return n.Near < maxRecoveries && n.All < maxAllRecoveries, nil
}

func (s *SignIn) mailRecovery(ctx context.Context, tx *db.TenantTx, t tenants.Tenant, owner tenants.Membership, cred secret.Credential) error {
	o := authn.OriginFrom(ctx)
	letter := mail.Letter{
		Subject: "Sign in to " + plain(t.Name) + " without single sign-on",
		Paragraphs: []string{
			"Somebody asked for a way into " + plain(t.Name) + " for you as an owner, from " + plain(o.Address) + " with " + browserOf(o) + ".",
			"The link signs you in once, for an hour, and only in the browser in which it was asked for. You will be asked why, and every owner is told.",
		},
		Action: mail.Action{Label: "Sign in", URL: s.base + "/login/" + t.Slug + "/recover/open#" + cred.String()},
		Note:   "The link works for 15 minutes. If it was not you who asked, ignore this message: without that browser the link opens nothing.",
	}
	message, err := letter.Message(owner.Email)
	if err != nil {
		return err
	}
	if err := jobs.EnqueueMail(ctx, tx, s.keyring, "break_glass_link", message); err != nil {
		return fmt.Errorf("mail a recovery: %w", err)
	}
	return nil
}

func (s *SignIn) recoveryHash(what string, tenant id.Tenant, value string) []byte {
	of := tenant.Bytes()
	mac := s.pepper.MAC("recovery "+what, of[:], []byte(value))
	return mac[:]
}

// recoveryBrowser reads the cookie of an earlier request, so that a second one does not spoil the first; "" if there is none.
func recoveryBrowser(r *http.Request) string {
	found := r.CookiesNamed(recoveryCookie)
	if len(found) != 1 || len(found[0].Value) < 32 || len(found[0].Value) > 64 {
		return ""
	}
	return found[0].Value
}

// ForgetRecovery takes the cookie of a used recovery away from a browser.
func ForgetRecovery() *http.Cookie {
	return &http.Cookie{Name: recoveryCookie, Path: "/", MaxAge: -1, HttpOnly: true, Secure: true, SameSite: http.SameSiteLaxMode}
}

// ErrRecovery is the one answer to a link of a recovery that cannot be used, whatever the reason.
var ErrRecovery = errs.New(errs.Gone, "recovery_unusable",
	"This link has been used, has expired, or was asked for in another browser. Ask for a new one, and open it in the same browser.")
