package usage

import (
	"crypto/sha256"
	"math/bits"
)

// hash is one of SHA-256.
type hash = [sha256.Size]byte

// What is hashed begins with what it is (RFC 6962, 2.1), so that no node passes for a leaf, and no head for either.
const (
	leafPrefix = 0
	nodePrefix = 1
	headPrefix = 2
)

func leafHash(entry []byte) hash { return prefixed(leafPrefix, entry) }

func nodeHash(left, right hash) hash { return prefixed(nodePrefix, append(left[:], right[:]...)) }

func prefixed(prefix byte, content []byte) hash {
	return sha256.Sum256(append([]byte{prefix}, content...))
}

// merkle grows a tree from left to right and keeps one hash for each full subtree: a day of any size fits.
type merkle struct {
	size  uint64
	peaks []hash // of the full subtrees, largest first: one for each bit of size
}

func (m *merkle) add(leaf hash) {
	h := leaf
	for n := m.size; n&1 == 1; n >>= 1 {
		h = nodeHash(m.peaks[len(m.peaks)-1], h)
		m.peaks = m.peaks[:len(m.peaks)-1]
	}
	m.peaks = append(m.peaks, h)
	m.size++
}

func (m *merkle) root() hash {
	if m.size == 0 {
		return sha256.Sum256(nil)
	}
	h := m.peaks[len(m.peaks)-1]
	for i := len(m.peaks) - 2; i >= 0; i-- {
		h = nodeHash(m.peaks[i], h)
	}
	return h
}

func rootOf(leaves []hash) hash {
	var m merkle
	for _, l := range leaves {
		m.add(l)
	}
	return m.root()
}

// pathTo is the audit path of a leaf (RFC 6962, 2.1.1).
func pathTo(index int, leaves []hash) []hash {
	if len(leaves) == 1 {
		return nil
	}
	k := 1 << (bits.Len(uint(len(leaves)-1)) - 1) // the largest power of two below the number of leaves
	if index < k {
		return append(pathTo(index, leaves[:k]), rootOf(leaves[k:]))
	}
	return append(pathTo(index-k, leaves[k:]), rootOf(leaves[:k]))
}

// rootAlong is the root that an audit path leads to (RFC 9162, 2.1.3.2), or false where it is none of a tree of this size.
func rootAlong(path []hash, leaf hash, index, size uint64) (hash, bool) {
	if index >= size {
		return hash{}, false
	}
	h, at, last := leaf, index, size-1
	for _, p := range path {
		if last == 0 {
			return hash{}, false
		}
		if at&1 == 1 || at == last {
			h = nodeHash(p, h)
			for at&1 == 0 && at != 0 {
				at, last = at>>1, last>>1
			}
		} else {
			h = nodeHash(h, p)
		}
		at, last = at>>1, last>>1
	}
	return h, last == 0
}
