package tenants_test

import (
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

func TestDOM_01_LookAlikesOfMailProvidersAreRefused(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	admin := c.as(c.join("admin", rbac.Admin))
	for _, d := range []string{
		"gma\u0131l.com", "gmáil.com", "gmai1.com", "grnail.com", "h0tmail.com", "0utlook.com", "outl00k.com", "yah0o.com", "hotrnail.com",
		"\u0261mail.com", "gmai\u0142.com", "mail.gma\u0131l.com", "уаһоо.com", "ɢᴍaɪʟ.com", "gmai\u4e28.com",
	} {
		c.refuse(admin, "AddDomain("+d+")", errInvalid, func(tx *db.TenantTx) error {
			_, err := tenants.AddDomain(admin, tx, d)
			return err
		})
	}
}

func TestDOM_07_NamesOfMixedScriptsAreRefused(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	admin := c.as(c.join("admin", rbac.Admin))
	for _, d := range []string{
		"p\u0430ypal.com", "g\u03bfogle.com", "ab\u0441.example", "аβ.example", "日本вода.example", "한カ.example", "ᏀᏃ.example", "x.p\u0430ypal.com",
		"\u0561c\u0435.example",
	} {
		c.refuse(admin, "AddDomain("+d+")", errInvalid, func(tx *db.TenantTx) error {
			_, err := tenants.AddDomain(admin, tx, d)
			return err
		})
	}
	for _, d := range []string{
		"bücher.example", "пример.example", "παράδειγμα.example", "日本語カタかな.example", "東京tower.example", "한국漢字abc.example", "xn--bcher-kva.test",
		"ไทย.example", "עברית.example", "münchen-1.example", "пример.xn--p1ai", "straße.example", "abcไทย.example", "company.example", "1und1.example",
		"moon.example", "ernst.example",
	} {
		if err := c.in(admin, func(tx *db.TenantTx) error { _, err := tenants.AddDomain(admin, tx, d); return err }); err != nil {
			t.Errorf("AddDomain(%q) = %v, want it listed", d, err)
		}
	}
}

func TestDOM_07_SpellingsAreOneOrRefused(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	admin := c.as(c.join("admin", rbac.Admin))
	for _, d := range []string{
		"corp.example.", " corp.example", "corp.example:443", "https://corp.example", "corp.example/", "user@corp.example", "*.corp.example",
		"corp example.com", "corp..example", "127.0.0.1", "localhost", "", strings.Repeat("a.", 116) + "example",
	} {
		c.refuse(admin, "AddDomain("+d+")", errInvalid, func(tx *db.TenantTx) error {
			_, err := tenants.AddDomain(admin, tx, d)
			return err
		})
	}
	c.must(admin, "AddDomain", func(tx *db.TenantTx) error {
		d, err := tenants.AddDomain(admin, tx, "bücher.EXAMPLE")
		if d.Domain != "xn--bcher-kva.example" {
			t.Errorf("AddDomain = %q, want the A-label", d.Domain)
		}
		return err
	})
}

func TestXT_21_ALookAlikeOfAnotherTenantsDomainIsUnavailable(t *testing.T) {
	t.Parallel()
	r := newRegistry(t)
	must(t, r.claim("acme.example"))
	evil := r.at(r.world.company("evil"))
	for _, look := range []string{"\u0430\u0441\u043c\u0435.example", "acm\u1d07.example"} { // wholly Cyrillic; a small capital
		admin := evil.as(evil.owner)
		d := evil.list(admin, look)
		evil.set(d)
		_, err := evil.check(admin, d.ID)
		wantCode(t, "check of "+look, err, tenants.ErrDomainUnavailable)
	}
	// Whoever has a look-alike keeps nobody from the name itself, and a company may have both.
	cyrillic := r.list(r.as(r.owner), "\u0430\u0441\u043c\u0435.example")
	r.set(cyrillic)
	if got, err := r.check(r.as(r.owner), cyrillic.ID); err != nil || got.Status != tenants.DomainVerified {
		t.Errorf("check of a company's own look-alike = %+v, %v, want it verified", got, err)
	}
	must(t, r.remove(r.as(r.owner), r.byName("acme.example").ID))
	honest := r.at(r.world.company("honest"))
	d := honest.list(honest.as(honest.owner), "acme.example")
	honest.set(d)
	if got, err := honest.check(honest.as(honest.owner), d.ID); err != nil || got.Status != tenants.DomainVerified {
		t.Errorf("check of the name itself = %+v, %v, want it verified", got, err)
	}
}

func (r *registry) byName(name string) (d tenants.Domain) {
	r.Helper()
	r.must(r.operator(), "DomainByName", func(tx *db.TenantTx) (err error) {
		d, err = tenants.DomainByName(r.operator(), tx, name)
		return err
	})
	return d
}
