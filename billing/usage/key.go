package usage

import (
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/google/uuid"
)

// longestKey is how long a key may be, in bytes.
const longestKey = 255

// key is an event's key as it is stored.
type key struct {
	idem uuid.UUID
	made time.Time // of a UUIDv7; zero for any other text, which does not say
}

// opaque says that the key does not tell its day.
func (k key) opaque() bool { return k.made.IsZero() }

// parseKey takes a UUIDv7 as it is and hashes everything else into a UUIDv8, so that no text stands for a UUIDv7.
func parseKey(text string) key {
	if len(text) == 36 {
		if u, err := uuid.Parse(text); err == nil && u.Version() == 7 && u.Variant() == uuid.RFC4122 {
			ms := int64(binary.BigEndian.Uint64(u[:8]) >> 16)
			return key{u, time.UnixMilli(ms).UTC()}
		}
	}
	sum := sha256.Sum256([]byte(text))
	u := uuid.UUID(sum[:16])
	u[6], u[8] = u[6]&0x0f|0x80, u[8]&0x3f|0x80
	return key{idem: u}
}

// day is a date as Postgres counts: days since 2000-01-01.
type day int32

var epoch = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)

const dayLength = 24 * time.Hour

func dayOf(t time.Time) day {
	seconds := t.Unix() - epoch.Unix()
	if seconds < 0 {
		seconds -= int64(dayLength/time.Second) - 1
	}
	return day(seconds / int64(dayLength/time.Second))
}

func (d day) time() time.Time { return epoch.AddDate(0, 0, int(d)) }
