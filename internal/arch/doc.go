// Package arch holds the import graph of this module. layers.go says where each package stands and who may use which
// library; a test compares that with what the packages really import. A package that stands nowhere fails the test, so
// that adding one is a decision and not an accident.
//
// The words: a floor is a row of packages, which import floors below them and not each other. A feature is a package
// with the packages in its folder (billing and billing/stripe); inside a feature imports are free. Peers are test
// servers, harnesses start the whole for tests, programs are what nothing imports, and a package apart imports nothing of
// this module.
package arch
