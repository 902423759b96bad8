package rbac

// bitset is a set of small numbers.
type bitset []uint64

func newBitset(size int) bitset { return make(bitset, (size+63)/64) }

func (b bitset) add(n int) { b[n/64] |= 1 << (n % 64) }

func (b bitset) has(n int) bool { return b[n/64]&(1<<(n%64)) != 0 }

// includes reports whether b has all that other has; both must be of the same size.
func (b bitset) includes(other bitset) bool {
	for i, word := range other {
		if word&^b[i] != 0 {
			return false
		}
	}
	return true
}
