package api

import "reflect"

// RawAnswers are the types that raw rows answer with, which their handlers do not show.
func RawAnswers() map[string]reflect.Type {
	return map[string]reflect.Type{
		"GET /v1/permissions":                    reflect.TypeFor[permissionsOut](),
		"GET /.well-known/authzen-configuration": reflect.TypeFor[authzenOut](),
		"POST /v1/connections/{connection}/test": reflect.TypeFor[testOut](),
		"POST /v1/connections/{connection}/link": reflect.TypeFor[departOut](),
		"POST /v1/session/reauthenticate":        reflect.TypeFor[departOut](),
	}
}

// EntityTag is entityTag.
var EntityTag = entityTag //nolint:gochecknoglobals // for tests alone
