// Package metered has principals use meters: it holds them to their quotas before, and counts what they used after. It stands between those who
// ask (the API, the library) and the packages that decide, lend and record.
package metered
