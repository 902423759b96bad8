package metered

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/google/uuid"

	"github.com/seed-2a059015/gatehouse/internal/authn"
)

// OwnKey is the key of a principal's event under an id of their choice, which is nobody else's: who may not record usage takes by it no id
// that the product, or somebody else, gives to an event later. Of a UUIDv7 the time stays, which makes it cheap to look up.
func OwnKey(p *authn.Principal, id string) string {
	sum := sha256.Sum256([]byte(string(p.Kind) + "\x00" + p.Subject() + "\x00" + id))
	if u, err := uuid.Parse(id); err == nil && len(id) == 36 && u.Version() == 7 && u.Variant() == uuid.RFC4122 {
		copy(u[6:], sum[:])
		u[6], u[8] = u[6]&0x0f|0x70, u[8]&0x3f|0x80
		return u.String()
	}
	return "own " + hex.EncodeToString(sum[:])
}
