package usage

import "encoding/hex"

// MerkleRoot is the root of a tree of entries, in hexadecimal.
func MerkleRoot(entries ...[]byte) string {
	var m merkle
	for _, e := range entries {
		m.add(leafHash(e))
	}
	root := m.root()
	return hex.EncodeToString(root[:])
}

// AuditPathsHold says whether the audit path of each leaf leads to the root, and that of no other place does.
func AuditPathsHold(entries ...[]byte) bool {
	leaves := make([]hash, len(entries))
	for i, e := range entries {
		leaves[i] = leafHash(e)
	}
	root, size := rootOf(leaves), uint64(len(leaves))
	for i := range leaves {
		path := pathTo(i, leaves)
		for at := range size + 2 {
			got, ok := rootAlong(path, leaves[i], at, size)
			if (ok && got == root) != (at == uint64(i)) {
				return false
			}
		}
	}
	return true
}
