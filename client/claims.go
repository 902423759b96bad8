package client

import (
	"errors"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Claims is what an access token says of the moment it was made. Role and Plan are good to show, not to decide by.
type Claims struct {
	Tenant, User, Member, Session string // ids with their prefix
	Role, Plan                    string

	Method   string // how the person signed in: oidc, saml, google or link
	AMR      []string
	AuthTime time.Time

	Actor, ActingFor string // who really acts, when acting for another

	ID       string // of this one token
	IssuedAt time.Time
	Expires  time.Time
}

// payload is the second segment of a token.
type payload struct {
	jwt.RegisteredClaims
	Tenant   string           `json:"tid"`
	Member   string           `json:"mid"`
	Session  string           `json:"sid"`
	Role     string           `json:"role"`
	Plan     string           `json:"plan"`
	Method   string           `json:"method"`
	AMR      []string         `json:"amr"`
	AuthTime *jwt.NumericDate `json:"auth_time"`
	Act      struct {
		Subject string `json:"sub"`
	} `json:"act"`
	ActingFor string `json:"acting_for"`
}

// Validate implements jwt.ClaimsValidator: it is called when the signature and the registered claims are good.
func (p *payload) Validate() error {
	for prefix, id := range map[string]string{"usr_": p.Subject, "tnt_": p.Tenant, "mem_": p.Member, "ses_": p.Session} {
		if !strings.HasPrefix(id, prefix) || len(id) == len(prefix) {
			return errors.New("an id is missing or of another kind")
		}
	}
	if p.ID == "" || p.IssuedAt == nil || p.AuthTime == nil {
		return errors.New("a claim is missing")
	}
	return nil
}

func (p *payload) claims() Claims {
	return Claims{
		Tenant: p.Tenant, User: p.Subject, Member: p.Member, Session: p.Session, Role: p.Role, Plan: p.Plan, Method: p.Method, AMR: p.AMR,
		AuthTime: p.AuthTime.Time, Actor: p.Act.Subject, ActingFor: p.ActingFor, ID: p.ID, IssuedAt: p.IssuedAt.Time, Expires: p.ExpiresAt.Time,
	}
}
