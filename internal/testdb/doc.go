// Package testdb gives a test a Postgres database of its own, migrated and
// empty, that is gone when the test ends.
//
// Nothing has to run or be set up: the test binary takes a server that is free,
// starting it with internal/devpg. The servers lie in numbered folders in memory
// (gatehouse-testdb-<uid> in /dev/shm) or, where that is small, in the temporary
// folder. They are kept from run to run, since making one takes a second and
// starting one a tenth of it. No two processes share one: a server ends with
// the last test that uses it, and a test binary that is killed disturbs nobody.
//
// The migrations run once for each version of them, in a template database.
// New copies it, which takes some 20 ms.
//
// Set GATEHOUSE_TEST_DATABASE_URL to a superuser's URL to use another server.
// It must be one for tests: the roles of Gatehouse get a new password there.
package testdb
