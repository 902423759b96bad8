// Package deploy holds the tests of the files that an operator starts from: docker-compose.yml, the Dockerfile and
// hack/compose-env.sh. They need no container engine, so a mistake shows on every machine.
package deploy
