//go:build race

package api_test

// dropped is how many more allocations a warm request may make under the race detector, which drops a part of what is put into a sync.Pool.
const dropped = 8
