//go:build !linux

package chaos_test

import (
	"context"
	"errors"
	"testing"
)

func fillDisk(context.Context, testing.TB, *tally, uint64) error {
	return errors.New("a small disk can only be mounted on Linux")
}
