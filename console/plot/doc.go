// Package plot draws usage as SVG: a [Series] is what was used step by step, with what it comes to and its limit, and a [Ranking] is who
// used most.
//
// A plot is made on the server from its data alone, without a script, and has no style of its own: its classes are those of [Style], which
// the page's stylesheet has, so that it follows the colors that people ask their system for. A [Picture] brings them along.
//
// Names may be anything that people call themselves. Nothing that is drawn sticks out, at whatever values. A plot says in its title and
// description what it shows; the same in numbers is up to a table beside it.
package plot
