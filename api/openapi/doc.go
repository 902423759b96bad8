// Package openapi describes a table of routes as an OpenAPI 3.1 document. [Describe] reads from each row who may call and which
// types go in and come out; what types cannot say (names, tags, answers of raw rows) stands in the registries of names.go and raw.go,
// where a missing entry is an error. Only tests import it: the document is a golden file that the program serves as it is.
package openapi
