package api

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/web"
)

// plainEvent reads an event of ours. What it does not know is refused: a member that seems to say who used something must not be ignored.
func plainEvent(raw jsontext.Value) (in usageEventIn, err error) {
	if err := json.Unmarshal(raw, &in, json.RejectUnknownMembers(true)); err != nil {
		return in, web.BodyError(err)
	}
	if in.ID == "" {
		return in, errs.InvalidField("id", "is missing: it makes the event count once")
	}
	return in, nil
}

// cloudEventIn is an event by CloudEvents 1.0. Extensions may be there and say nothing to us.
type cloudEventIn struct {
	SpecVersion string         `json:"specversion"`
	ID          string         `json:"id"`
	Source      string         `json:"source"`
	Type        string         `json:"type"`
	Time        time.Time      `json:"time"`
	Subject     string         `json:"subject"`
	ContentType string         `json:"datacontenttype"`
	Data        cloudUsage     `json:"data"`
	Others      jsontext.Value `json:",unknown"`
}

// cloudUsage is the data of a CloudEvent: the rest of a [usageEventIn].
type cloudUsage struct {
	Meter    string `json:"meter"` // the event's type if it is left out
	Quantity *int64 `json:"quantity"`
	Feature  string `json:"feature"`
	Route    string `json:"route"`
	Model    string `json:"model"`

	InputTokens  int64 `json:"input_tokens"`
	OutputTokens int64 `json:"output_tokens"`
	CachedTokens int64 `json:"cached_tokens"`

	Cost     int64  `json:"cost"`
	Currency string `json:"currency"`
}

// cloudEvent maps a CloudEvent. Source and id together name it, unless the id is unique by itself.
func cloudEvent(raw jsontext.Value) (usageEventIn, error) {
	var in cloudEventIn
	if err := json.Unmarshal(raw, &in); err != nil {
		return usageEventIn{ID: in.ID}, web.BodyError(err)
	}
	out := usageEventIn{ID: in.ID}
	switch {
	case in.SpecVersion != "1.0":
		return out, errs.InvalidField("specversion", "is 1.0")
	case in.ID == "" || in.Source == "" || in.Type == "":
		return out, errs.InvalidField("id", "A CloudEvent has an id, a source and a type.")
	case in.ContentType != "" && in.ContentType != "application/json":
		return out, errs.InvalidField("datacontenttype", "Data is application/json.")
	}
	d := in.Data
	out = usageEventIn{
		ID: in.ID, Meter: cmp.Or(d.Meter, in.Type), Quantity: d.Quantity, At: in.Time, Subject: in.Subject, Feature: d.Feature, Route: d.Route,
		Model: d.Model, InputTokens: d.InputTokens, OutputTokens: d.OutputTokens, CachedTokens: d.CachedTokens, Cost: d.Cost, Currency: d.Currency,
		key: cloudKey(in.Source, in.ID),
	}
	return out, nil
}

// cloudKey is what makes a CloudEvent count once.
func cloudKey(source, id string) string {
	if u, err := uuid.Parse(id); err == nil && u.Version() == 7 {
		return id
	}
	sum := sha256.Sum256([]byte(source + "\x00" + id))
	return "cloudevent " + hex.EncodeToString(sum[:])
}
