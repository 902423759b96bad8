package client

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	algorithm = "ES256"
	tokenType = "gatehouse-access+jwt"
	maxToken  = 4096
	leeway    = 5 * time.Second // how far the clocks of two machines may lie apart
)

// What speaks against an access token. Of one that is not the server's nothing more is said.
var (
	ErrToken   = errors.New("gatehouse: the access token cannot be used")
	ErrExpired = errors.New("gatehouse: the access token has expired")
)

// VerifierConfig says whose tokens to read.
type VerifierConfig struct {
	Issuer   string // required: the server's base URL, as its tokens spell it
	Audience string // "" means the issuer
	KeysURL  string // "" means the issuer's /.well-known/jwks.json
	// InsecurePlainHTTP allows http to other machines too: whoever is on the way can then put keys of their own in place.
	InsecurePlainHTTP bool
	HTTP              *http.Client     // nil means one of the package's own
	Clock             func() time.Time // nil means time.Now
}

// Verifier reads access tokens by the server's public keys. Make it with [NewVerifier]; it is safe for concurrent use.
type Verifier struct {
	keys   *keys
	parser *jwt.Parser
}

// NewVerifier reports everything that is wrong with cfg at once. It sends nothing: keys are fetched when they are needed.
func NewVerifier(cfg VerifierConfig) (*Verifier, error) {
	if cfg.Audience == "" {
		cfg.Audience = cfg.Issuer
	}
	if cfg.KeysURL == "" {
		cfg.KeysURL = strings.TrimRight(cfg.Issuer, "/") + "/.well-known/jwks.json"
	}
	address, err := baseURL(cfg.KeysURL, cfg.InsecurePlainHTTP)
	if cfg.Issuer == "" {
		err = errors.Join(err, errors.New("no issuer"))
	}
	if err != nil {
		return nil, fmt.Errorf("gatehouse verifier: %w", err)
	}
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	return &Verifier{
		keys: &keys{url: address, http: sender(cfg.HTTP), clock: cfg.Clock},
		// Each of these is off by default in the library.
		parser: jwt.NewParser(
			jwt.WithValidMethods([]string{algorithm}), jwt.WithIssuer(cfg.Issuer), jwt.WithAudience(cfg.Audience), jwt.WithExpirationRequired(),
			jwt.WithIssuedAt(), jwt.WithNotBeforeRequired(), jwt.WithLeeway(leeway), jwt.WithStrictDecoding(), jwt.WithTimeFunc(cfg.Clock),
		),
	}, nil
}

// Verify reads an access token. The errors are ErrToken, ErrExpired and, when there are no keys to read it by, ErrUnavailable. It asks the
// server for nothing but its keys, so it does not notice that a session was revoked: see the package's documentation.
func (v *Verifier) Verify(ctx context.Context, token string) (Claims, error) {
	kid, err := keyID(token)
	if err != nil {
		return Claims{}, fmt.Errorf("%w: %w", ErrToken, err)
	}
	key, err := v.keys.find(ctx, kid)
	if err != nil {
		return Claims{}, err
	}
	var p payload
	_, err = v.parser.ParseWithClaims(token, &p, func(t *jwt.Token) (any, error) {
		if !canonical(t.Signature) {
			return nil, errors.New("the signature has another form than the server's")
		}
		return key, nil
	})
	if errors.Is(err, jwt.ErrTokenExpired) { // its signature was good
		return Claims{}, fmt.Errorf("%w: %w", ErrExpired, err)
	}
	if err != nil {
		return Claims{}, fmt.Errorf("%w: %w", ErrToken, err)
	}
	return p.claims(), nil
}

// keyID reads the header of a token, of which the server has only one form: it is compared as a whole, so that another alg, a crit, a jku
// or an embedded key never match.
func keyID(token string) (string, error) {
	header, _, ok := strings.Cut(token, ".")
	// The decoder of the standard library skips line ends, which would give a token many spellings.
	if !ok || len(token) > maxToken || strings.ContainsAny(token, "\r\n") {
		return "", errors.New("not three segments of base64url")
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(header)
	if err != nil {
		return "", err
	}
	var h struct {
		Kid string `json:"kid"`
	}
	if err := json.Unmarshal(raw, &h); err != nil {
		return "", err
	}
	if string(raw) != `{"alg":"`+algorithm+`","kid":"`+h.Kid+`","typ":"`+tokenType+`"}` {
		return "", errors.New("the header is not one of the server's")
	}
	return h.Kid, nil
}

// canonical says that a signature is in the one of its two forms that the server writes: of every (r, s) there is a twin (r, n-s).
func canonical(sig []byte) bool {
	return len(sig) == 2*scalarSize && new(big.Int).SetBytes(sig[scalarSize:]).Cmp(new(big.Int).Rsh(curve().Params().N, 1)) <= 0
}
