// Package coverage keeps docs/security-coverage.md true. cases.tsv lists every attack that this product must refuse; each
// of them has a test that names it, or waits for a feature that is not there yet. The test of this package finds those
// tests in the tree, writes the document, and fails when a case has neither or both.
//
// A test names a case in its function name (TestOIDC_030_…, TestWEB22…, TestOIDC_100_To_110_…) or by a string such as
// "OIDC-030-none" in its body or in a table that it reads.
package coverage
