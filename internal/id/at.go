package id

import (
	"encoding/binary"
	"math/rand/v2"
	"time"
)

// At returns a fresh id as of a moment that the caller knows, in some ten nanoseconds and without asking the system. Its 74 random bits
// come from the generator of the runtime (ChaCha8, seeded by the system, a state for each thread), so that nobody who sees some of the ids
// can tell others; but they are not what a secret is made of. It is for ids that are made on every request and authorize nothing.
//
//	decision := id.At[id.Decision](now)
func At[T Of[K], K kind](now time.Time) T {
	var u [16]byte
	random := rand.Uint64()                                                         //nolint:gosec // see above
	binary.BigEndian.PutUint64(u[:8], uint64(now.UnixMilli())<<16|7<<12|random>>52) // 48 bits last until the year 10889
	binary.BigEndian.PutUint64(u[8:], 0b10<<62|rand.Uint64()>>2)                    //nolint:gosec // see above
	return T{u}
}
