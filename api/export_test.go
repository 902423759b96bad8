package api

import (
	"reflect"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/internal/web"
)

// RawAnswers are the types that raw rows answer with, which their handlers do not show.
func RawAnswers() map[string]reflect.Type {
	return map[string]reflect.Type{
		"GET /v1/permissions":                    reflect.TypeFor[permissionsOut](),
		"GET /.well-known/authzen-configuration": reflect.TypeFor[authzenOut](),
		"POST /v1/usage":                         reflect.TypeFor[usageOut](),
		"POST /v1/connections/{connection}/test": reflect.TypeFor[testOut](),
		"POST /v1/connections/{connection}/link": reflect.TypeFor[departOut](),
		"POST /v1/session/reauthenticate":        reflect.TypeFor[departOut](),
	}
}

// RawReads are the types that raw rows read, one of each or a list.
func RawReads() map[string]reflect.Type {
	return map[string]reflect.Type{"POST /v1/usage": reflect.TypeFor[usageEventIn]()}
}

// EntityTag is entityTag.
var EntityTag = entityTag //nolint:gochecknoglobals // for tests alone

// PlainQuestions reads a body by the short way of POST /v1/check or, with batch, of POST /v1/check/batch; false if that way is not for it.
// Strict is a value of the same type, for the general decoder.
func PlainQuestions(body []byte, batch bool) (read, strict any, plain bool) {
	if batch {
		in := new(batchIn)
		return in, new(batchIn), in.DecodePlain(body)
	}
	in := new(checkIn)
	return in, new(checkIn), in.DecodePlain(body)
}

// Decisions is the answer to a batch.
func Decisions(list []access.Decision) web.PlainOutput { return batchOut{list} }
