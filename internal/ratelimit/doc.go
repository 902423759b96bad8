// Package ratelimit says how often something may happen.
//
// It is GCRA, the leaky bucket as a meter: one time per key, no timers. [Memory] keeps the keys of one process and is
// bounded; a store that several instances share has the same interface, [Limiter]. A key that stands for an address is
// made by [AddressKey], so that one host cannot be a million.
package ratelimit
