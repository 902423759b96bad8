package usage

import (
	"encoding/binary"

	"github.com/google/uuid"
)

// columns are those that a recorder writes, in the order of [row.append] and of the arrays of [mergeSQL].
const columns = `at, quantity, input_tokens, output_tokens, cached_tokens, cost, idem, tenant_id, user_id, key_id, lease, day,
	meter, subject, feature, role, plan, route, model, currency`

const columnCount = 20

// row is an event on its way into the table.
type row struct {
	Event

	key    key
	tenant uuid.UUID
	day    day
	status Status
}

// compare is the one order in which all batches lock keys, so that no two of them wait for each other.
func compare(a, b *row) int {
	if c := compareUUID(a.key.idem, b.key.idem); c != 0 {
		return c
	}
	return compareUUID(a.tenant, b.tenant)
}

func compareUUID(a, b uuid.UUID) int {
	for i := 0; i < 16; i += 8 {
		x, y := binary.BigEndian.Uint64(a[i:]), binary.BigEndian.Uint64(b[i:])
		if x != y {
			if x < y {
				return -1
			}
			return 1
		}
	}
	return 0
}

// append adds the row in the binary format of COPY.
func (r *row) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint16(b, columnCount)
	b = appendInt(b, r.At.UnixMicro()-epoch.UnixMicro())
	for _, n := range [...]int64{r.Quantity, r.InputTokens, r.OutputTokens, r.CachedTokens, r.Cost} {
		b = appendInt(b, n)
	}
	b = appendUUID(b, r.key.idem)
	b = appendUUID(b, r.tenant)
	b = appendUUID(b, r.User.UUID())
	b = appendUUID(b, r.APIKey.UUID())
	b = appendUUID(b, r.Lease)
	b = binary.BigEndian.AppendUint32(b, 4)
	b = binary.BigEndian.AppendUint32(b, uint32(r.day))
	for _, s := range [...]string{r.Meter, r.Subject, r.Feature, r.Role, r.Plan, r.Route, r.Model, r.Currency} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(s)))
		b = append(b, s...)
	}
	return b
}

func appendInt(b []byte, n int64) []byte {
	b = binary.BigEndian.AppendUint32(b, 8)
	return binary.BigEndian.AppendUint64(b, uint64(n))
}

func appendUUID(b []byte, u uuid.UUID) []byte {
	if u == uuid.Nil {
		return append(b, 0xff, 0xff, 0xff, 0xff) // NULL
	}
	b = binary.BigEndian.AppendUint32(b, 16)
	return append(b, u[:]...)
}
