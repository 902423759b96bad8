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
		page, body, err := visit(ctx, browser, d)
		if err != nil {
			return Delivery{}, err
		}
		if location := page.Header.Get("Location"); location != "" {
			at, err := page.Request.URL.Parse(location)
			if err != nil {
				return Delivery{}, err
			}
			d = Redirect(at.String())
		} else {
			if page.StatusCode/100 != 2 {
				return Delivery{}, fmt.Errorf("%s answered %s: %.500s", page.Request.URL.Path, page.Status, plain(body))
			}
			target, form, err := fill(page.Request.URL, body, login)
			if errors.Is(err, errNoForm) {
				return Delivery{}, nil
			}
			if err != nil {
				return Delivery{}, err
			}
			d = Post(target, form)
		}
		if !strings.HasPrefix(d.URL, base+"/") {
			return d, nil
		}
	}
	return Delivery{}, fmt.Errorf("still at the provider after %d steps", maxSteps)
}

func visit(ctx context.Context, browser *http.Client, d Delivery) (*http.Response, string, error) {
	req, err := d.request(ctx)
	if err != nil {
		return nil, "", err
	}
	resp, err := browser.Do(req)
	if err != nil {
		return nil, "", err
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, 4<<20))
	return resp, string(body), errors.Join(err, resp.Body.Close())
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
func fill(page *url.URL, body, login string) (string, url.Values, error) {
	action := formTag.FindStringSubmatch(body)
	if action == nil {
		return "", nil, fmt.Errorf("%w at %s", errNoForm, page.Path)
	}
	target, err := page.Parse(html.UnescapeString(action[1]))
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
