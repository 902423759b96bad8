// Package api is the JSON front door: what a product, a script or a front end calls. The table in routes.go says who may call what; a
// handler maps the request to the domain and its answer to the wire, and does nothing else.
package api
