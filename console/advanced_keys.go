package console

import (
	"context"
	"crypto/x509"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/sso"
)

// keyRow is one key pair of ours, by its certificate.
type keyRow struct {
	ID, Subject, Fingerprint string
	Place                    badge
	Use                      string
	Made, Until              moment
	Left                     badge
	Elapsed                  int
}

// keyMove is a step that can be taken with our keys now. Number orders the steps of a rotation; zero is none of them.
type keyMove struct {
	Number        int
	To            string // the end of the path of its form
	Key           string // of which; "" where there is no choice
	Label, Button string
	Text          []string
	Confirm       string // what people tick before; "" for nothing
	Danger        bool
}

func keyRowsOf(keys []sso.ConnectionKey, now time.Time) []keyRow {
	var rows []keyRow
	for _, k := range keys {
		row := keyRow{
			ID: k.ID.String(), Fingerprint: inPairs(k.Fingerprint()), Place: placeOf(k.Slot), Use: useOf(k.Slot), Made: momentOf(k.CreatedAt),
			Until: momentOf(k.NotAfter), Left: leftBadge(k.NotAfter, now), Elapsed: elapsed(k.CreatedAt, k.NotAfter, now),
		}
		if cert, err := x509.ParseCertificate(k.Certificate); err == nil {
			row.Subject = cert.Subject.CommonName
		}
		rows = append(rows, row)
	}
	return rows
}

func placeOf(slot sso.KeySlot) badge {
	switch slot {
	case sso.ActiveKey:
		return badge{"Current", good}
	case sso.NextKey:
		return badge{"Next", careful}
	case sso.RetiredKey:
		return badge{"Old", calm}
	default:
		return badge{string(slot), calm}
	}
}

// keyMovesOf are the steps of a rotation from where it is: publish, switch, drop; and the way back.
func keyMovesOf(keys []sso.ConnectionKey) []keyMove {
	var moves []keyMove
	rotating := false
	for _, k := range keys {
		rotating = rotating || k.Slot == sso.NextKey
		moves = append(moves, movesWith(k)...)
	}
	if rotating {
		return moves
	}
	return append(moves, keyMove{
		Number: 1, To: "keys", Label: "Publish a next key", Button: "Publish a next key",
		Text: []string{
			"A new key pair is made, and its certificate stands in our metadata beside the current one.",
			"Nothing else changes: the current key goes on signing until you switch.",
		},
	})
}

func movesWith(k sso.ConnectionKey) []keyMove {
	which, short := k.ID.String(), shortPrint(k.Fingerprint())
	switch k.Slot {
	case sso.NextKey:
		return []keyMove{
			{
				Number: 2, To: "keys/activate", Key: which, Label: "Sign with the next key", Button: "Sign with " + short,
				Text: []string{
					"Our requests are signed with it from now on. A provider that does not know it yet refuses them, and nobody can sign in.",
					"The current key becomes an old one: it decrypts until you drop it, and you can go back to it.",
				},
				Confirm: "The provider has read our metadata since the next key is in it",
			},
			{
				To: "keys/drop", Key: which, Label: "Take the next key back", Button: "Drop " + short,
				Text:    []string{"It leaves our metadata. What a provider has encrypted for it cannot be read any more."},
				Confirm: "Drop the key for good", Danger: true,
			},
		}
	case sso.RetiredKey:
		return []keyMove{
			{
				Number: 3, To: "keys/drop", Key: which, Label: "Drop the old key", Button: "Drop " + short,
				Text: []string{
					"It leaves our metadata, and the rotation is finished.",
					"Assertions that a provider still encrypts for it are refused from then on.",
				},
				Confirm: "The provider encrypts for the current key", Danger: true,
			},
			{
				To: "keys/activate", Key: which, Label: "Go back to the old key", Button: "Sign with " + short,
				Text:    []string{"For a provider that does not know the current key after all. The current one becomes an old one."},
				Confirm: "The provider knows the old key",
			},
		}
	case sso.ActiveKey:
		return nil
	default:
		return nil
	}
}

// shortPrint is enough of a fingerprint to tell our keys apart.
func shortPrint(hex string) string { return inPairs(hex[:min(len(hex), 8)]) + "…" }

// makeKey publishes a next key. The pair is made outside of any transaction, since that takes a while.
func (c *Console) makeKey(ctx echo.Context) error {
	which, err := connectionParam(ctx)
	if err != nil {
		return err
	}
	key, err := c.signIn.MakeKey(ctx.Request().Context(), which)
	if err != nil {
		return c.answerAdvanced(ctx, which, err)
	}
	return c.changeKeys(ctx, func(r context.Context, tx *db.TenantTx, _ id.Connection) error {
		_, err := c.signIn.AddKey(r, tx, key)
		return err
	})
}

func (c *Console) activateKey(ctx echo.Context) error { return c.withKey(ctx, c.signIn.ActivateKey) }

func (c *Console) dropKey(ctx echo.Context) error { return c.withKey(ctx, c.signIn.DropKey) }

func (c *Console) withKey(
	ctx echo.Context, do func(context.Context, *db.TenantTx, id.Connection, id.ConnectionKey) (sso.Connection, error),
) error {
	form, err := formOf(ctx)
	if err != nil {
		return err
	}
	var key id.ConnectionKey
	if err := key.UnmarshalText([]byte(form.Get("key"))); err != nil || key.IsZero() {
		return errs.NotFound("key")
	}
	return c.changeKeys(ctx, func(r context.Context, tx *db.TenantTx, which id.Connection) error {
		if !form.Has("confirmed") {
			return errUnconfirmed
		}
		_, err := do(r, tx, which, key)
		return err
	})
}
