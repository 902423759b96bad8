// Package problems explains every code with which Gatehouse refuses. [All] is the one list: the page /docs/problems, the file
// docs/problems.md and the enumeration in the OpenAPI document are made from it, and a test demands that it has each code that
// the program can answer with, and no other.
package problems
