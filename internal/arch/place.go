package arch

import "strings"

// kind says which of the tables in layers.go a package stands in.
type kind int

const (
	unknown kind = iota
	product
	peer
	program
	harness
	alone
)

// place is where a package stands. Packages with the same feature may import each other.
type place struct {
	kind    kind
	floor   int // of a product package
	feature string
}

// placeOf finds a package by its path inside the module.
func placeOf(rel string) place {
	for i, floor := range floors {
		if p, ok := match(floor, rel); ok {
			return place{product, i, p}
		}
	}
	if _, ok := match(peers, rel); ok {
		return place{kind: peer, feature: "peers"}
	}
	if p, ok := match(programs, rel); ok {
		return place{kind: program, feature: p}
	}
	if p, ok := match(harnesses, rel); ok {
		return place{kind: harness, feature: p}
	}
	if p, ok := match(apart, rel); ok {
		return place{kind: alone, feature: p}
	}
	return place{}
}

// match returns the pattern that covers the path.
func match(patterns []string, rel string) (string, bool) {
	for _, p := range patterns {
		if covers(p, rel) {
			return p, true
		}
	}
	return "", false
}

func covers(pattern, rel string) bool {
	if root, below := strings.CutSuffix(pattern, "/..."); below {
		return inside(root, rel)
	}
	return pattern == rel
}

// inside is true for root itself and for what is below it.
func inside(root, path string) bool {
	return path == root || strings.HasPrefix(path, root+"/")
}
