package realidp

import (
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// Delivery is a message that the browser carries from one side to the other: a redirect to follow or a form to post.
type Delivery struct {
	// Method is GET for a redirect and POST for a form.
	Method string
	// URL is the action of the form, or the whole redirect as it was sent: its signature is over those octets.
	URL string
	// Values are the fields of the form, or the decoded query of the redirect.
	Values url.Values
}

// Redirect is the delivery of a message by the HTTP-Redirect binding.
func Redirect(address string) Delivery {
	d := Delivery{Method: http.MethodGet, URL: address}
	if u, err := url.Parse(address); err == nil {
		d.Values = u.Query()
	}
	return d
}

// Post is the delivery of a message by the HTTP-POST binding.
func Post(action string, values url.Values) Delivery {
	return Delivery{Method: http.MethodPost, URL: action, Values: values}
}

func (d Delivery) request(ctx context.Context) (*http.Request, error) {
	if d.Method != http.MethodPost {
		return http.NewRequestWithContext(ctx, http.MethodGet, d.URL, nil)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.URL, strings.NewReader(d.Values.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return req, nil
}

// maxSteps bounds a walk: redirect, login form, redirects, consent form, redirects.
const maxSteps = 16

// walk carries d to the provider at base, follows its redirects and fills in its forms, and returns what leaves it. A
// last page that leads nowhere is the zero Delivery; one that says so with an error status is an error.
func walk(ctx context.Context, browser *http.Client, base string, d Delivery, login string) (Delivery, error) {
	for range maxSteps {
		at, err := visit(ctx, browser, d)
		if err != nil {
			return Delivery{}, err
		}
		d, err = at.next(login)
		if errors.Is(err, errNoForm) {
			return Delivery{}, nil
		}
		if err != nil {
			return Delivery{}, err
		}
		if !strings.HasPrefix(d.URL, base+"/") {
			return d, nil
		}
	}
	return Delivery{}, fmt.Errorf("still at the provider after %d steps", maxSteps)
}

// page is what the browser got.
type page struct {
	url      *url.URL
	status   int
	location *url.URL // where it redirects to, nil if it does not
	body     string
}

// next is where the page leads a person who fills in its form.
func (p page) next(login string) (Delivery, error) {
	if p.location != nil {
		return Redirect(p.location.String()), nil
	}
	if p.status/100 != 2 {
		return Delivery{}, fmt.Errorf("%s answered %d: %.500s", p.url.Path, p.status, plain(p.body))
	}
	target, form, err := fill(p.url, p.body, login)
	if err != nil {
		return Delivery{}, err
	}
	return Post(target, form), nil
}

func visit(ctx context.Context, browser *http.Client, d Delivery) (page, error) {
	req, err := d.request(ctx)
	if err != nil {
		return page{}, err
	}
	resp, err := browser.Do(req)
	if err != nil {
		return page{}, err
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, 4<<20))
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return page{}, err
	}
	location, err := resp.Location()
	if err != nil && !errors.Is(err, http.ErrNoLocation) {
		return page{}, err
	}
	return page{url: req.URL, status: resp.StatusCode, location: location, body: string(body)}, nil
}

var (
	formTag  = regexp.MustCompile(`(?s)<form[^>]*\saction="([^"]*)"`)
	inputTag = regexp.MustCompile(`(?s)<input[^>]*>`)
	nameAttr = regexp.MustCompile(`\sname="([^"]*)"`)
	valAttr  = regexp.MustCompile(`\svalue="([^"]*)"`)
	markup   = regexp.MustCompile(`(?s)<(script|style|head).*?</(script|style|head)>|<[^>]*>|\s+`)
)

// plain is what a person reads on a page.
func plain(body string) string {
	return strings.Join(strings.Fields(html.UnescapeString(markup.ReplaceAllString(body, " "))), " ")
}

var errNoForm = errors.New("a page without a form")

// fill completes the first form of a page.
func fill(at *url.URL, body, login string) (string, url.Values, error) {
	action := formTag.FindStringSubmatch(body)
	if action == nil {
		return "", nil, fmt.Errorf("%w at %s", errNoForm, at.Path)
	}
	target, err := at.Parse(html.UnescapeString(action[1]))
	if err != nil {
		return "", nil, err
	}
	form := url.Values{}
	for _, input := range inputTag.FindAllString(body, -1) {
		name := nameAttr.FindStringSubmatch(input)
		if name == nil {
			continue
		}
		switch name[1] {
		case "login", "username":
			form.Set(name[1], login)
		case "password":
			form.Set("password", password)
		default:
			value := ""
			if v := valAttr.FindStringSubmatch(input); v != nil {
				value = html.UnescapeString(v[1])
			}
			form.Set(name[1], value)
		}
	}
	return target.String(), form, nil
}
