// Package attack holds tests that come to the whole product from outside and mean harm: over HTTP, over bare TCP, through a
// pooler, or with a dump of the database in hand. What a layer refuses by itself is tested beside that layer; here stands
// what only the whole can get wrong.
package attack
