package console

import (
	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/sso"
)

// switchGroup is a part of the page with switches of one kind.
type switchGroup struct {
	ID, Heading, Text string
	Rows              []switchRow
}

// switchRow is a setting that is on or off.
type switchRow struct {
	Key, Name, Text string
	State           badge
	On              bool
	Danger          string // what it weakens; "" for nothing
	Confirm         string // what people tick before they turn it on; "" for nothing
	Legacy          bool   // with a date
	Since, Used     moment
	By              string
}

// The switches, as forms name them.
const (
	switchEncryption   = "encryption"
	switchIdPInitiated = "idp_initiated"
)

// flip is the setting of a draft that a switch of a form turns.
func flip(d *sso.SAMLDraft, name string) *bool {
	switch name {
	case switchEncryption:
		return &d.Encryption
	case switchIdPInitiated:
		return &d.IdPInitiated
	case sso.LegacySHA1:
		return &d.SHA1
	case sso.LegacyInclusive:
		return &d.InclusiveC14N
	case sso.LegacyResponseOnly:
		return &d.ResponseOnly
	default:
		return nil
	}
}

// turn answers the button of a switch. What weakens a connection is turned on only by who says that they know.
func (c *Console) turn(ctx echo.Context) error {
	form, err := formOf(ctx)
	if err != nil {
		return err
	}
	name, to := form.Get("switch"), form.Get("to")
	if flip(&sso.SAMLDraft{}, name) == nil || to != "on" && to != "off" {
		return errForm
	}
	if to == "on" && name != switchEncryption && !form.Has("confirmed") {
		return c.drawAdvanced(ctx, int(errUnconfirmed.Kind), errUnconfirmed.Detail)
	}
	return c.changeSAML(ctx, func(d *sso.SAMLDraft) { *flip(d, name) = to == "on" })
}

func (r connectionReader) switches() ([]switchGroup, error) {
	s := r.connection.SAML
	accepted := switchGroup{
		ID: "accepted", Heading: "What the provider may send", Text: "Both are off until you need them.",
		Rows: []switchRow{
			{
				Key: switchEncryption, Name: "Encrypted assertions", On: s.Encryption,
				Text: "Our metadata then has an encryption certificate, and assertions may come encrypted for it: by RSA-OAEP and AES-GCM, in responses that are signed themselves also by AES-CBC. Assertions in the clear are still accepted. Turn it on before you load our metadata at the provider; turn it off only after the provider encrypts no more.",
			},
			{
				Key: switchIdPInitiated, Name: "Sign-in that the provider starts", On: s.IdPInitiated,
				Text:    "For tiles in the provider's portal. The person confirms on a page of ours who they are going to be.",
				Danger:  "A response that nobody here asked for can be brought into somebody else's browser, to make them work in a foreign account without noticing. Only that page stands in between. A bookmark to your own sign-in page does the same without the risk.",
				Confirm: "Accept sign-ins that nobody here has asked for",
			},
		},
	}
	list, err := sso.LegacySwitches(r.ctx, r.tx, r.connection)
	if err != nil {
		return nil, err
	}
	legacy := switchGroup{
		ID: "legacy", Heading: "Legacy switches",
		Text: "Each accepts what is weak, for a provider that cannot do better yet. Use them to move, not to stay: owners are mailed of each change, and every use leaves an event.",
	}
	for _, one := range list {
		row, err := r.legacyRow(one)
		if err != nil {
			return nil, err
		}
		legacy.Rows = append(legacy.Rows, row)
	}
	groups := []switchGroup{accepted, legacy}
	for _, g := range groups {
		for i := range g.Rows {
			g.Rows[i].State = onBadge(g.Rows[i])
		}
	}
	return groups, nil
}

func onBadge(r switchRow) badge {
	switch {
	case !r.On:
		return badge{"Off", calm}
	case r.Danger != "":
		return badge{"On", careful}
	default:
		return badge{"On", good}
	}
}

func (r connectionReader) legacyRow(one sso.LegacySwitch) (switchRow, error) {
	row := switchRow{Key: one.Name, On: one.Since != nil, Legacy: true, Since: someMoment(one.Since), Used: someMoment(one.Used)}
	if row.On && one.Told {
		who, err := r.who(one.By)
		if err != nil {
			return row, err
		}
		row.By = who
	}
	switch one.Name {
	case sso.LegacySHA1:
		row.Name, row.Text = "Signatures with SHA-1", "For a provider that signs with RSA-SHA1 or digests with SHA-1."
		row.Danger = "SHA-1 can be forged by whoever pays for it. Somebody who collides two documents enters as anybody they like, owners included."
		row.Confirm = "Accept signatures that can be forged"
	case sso.LegacyInclusive:
		row.Name, row.Text = "Inclusive canonicalization", "For a provider that signs with Canonical XML 1.0 or 1.1 instead of the exclusive one."
		row.Danger = "A signature then takes in names of what surrounds it, so the same assertion can be read in two ways once it is moved. Signatures that do not fit are refused, but one line of defense is gone."
		row.Confirm = "Accept the weaker canonicalization"
	case sso.LegacyResponseOnly:
		row.Name, row.Text = "Response signed, assertion not", "For a provider that signs the response around the assertion, and not the assertion itself."
		row.Danger = "The assertion proves nothing by itself any more: everything rests on the envelope in which it came. A provider or proxy that puts foreign assertions in signed responses lets anybody in."
		row.Confirm = "Accept assertions that are not signed themselves"
	}
	return row, nil
}
