package wire

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// maxBody bounds what is read of one request.
const maxBody = 10 << 20

// Args are the arguments of one call, sent as a query, a form or JSON.
type Args struct {
	Token   string // of the Authorization header, or of a form
	Warning string // about how the arguments were sent

	values map[string]any
}

// Parse reads the arguments of a request. The second result is Slack's name of what is wrong with the request, or empty.
func Parse(r *http.Request) (Args, string) {
	a := Args{values: map[string]any{}}
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		a.Token = strings.TrimSpace(token)
	}
	a.add(r.URL.Query())
	if r.Method != http.MethodPost {
		return a, ""
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		return a, "request_timeout" // the caller went away in the middle of its request
	}
	if len(body) == 0 {
		return a, ""
	}
	sent := r.Header.Get("Content-Type")
	kind, params, err := mime.ParseMediaType(sent)
	switch {
	case sent == "":
		return a, "missing_post_type"
	case err != nil:
		return a, "invalid_post_type"
	case kind == "application/json":
		if params["charset"] == "" {
			a.Warning = "missing_charset"
		}
		return a, a.addJSON(body)
	case kind == "application/x-www-form-urlencoded":
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return a, "invalid_form_data"
		}
		a.addForm(form)
	case kind == "multipart/form-data":
		r.Body = io.NopCloser(bytes.NewReader(body))
		if err := r.ParseMultipartForm(maxBody); err != nil {
			return a, "invalid_form_data"
		}
		a.addForm(r.MultipartForm.Value)
	default:
		return a, "invalid_post_type"
	}
	return a, ""
}

func (a *Args) add(from url.Values) {
	for name, v := range from {
		if len(v) > 0 && name != "token" { // a token in a URL ends up in logs; Slack refuses it
			a.values[name] = v[0]
		}
	}
}

func (a *Args) addForm(from url.Values) {
	if token := from.Get("token"); token != "" && a.Token == "" {
		a.Token = token
	}
	a.add(from)
}

func (a *Args) addJSON(body []byte) string {
	v, err := decode(body)
	if err != nil {
		return "invalid_json"
	}
	object, ok := v.(map[string]any)
	if !ok {
		return "json_not_object"
	}
	for name, v := range object {
		a.values[name] = v
	}
	return ""
}

// decode keeps numbers as they were written, so that what comes back is what was sent.
func decode(text []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, io.ErrUnexpectedEOF
	}
	return v, nil
}

// Has reports whether an argument was sent at all.
func (a Args) Has(name string) bool {
	_, ok := a.values[name]
	return ok
}

// Str is an argument as text; empty when it was not sent or is not a scalar.
func (a Args) Str(name string) string {
	switch v := a.values[name].(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

// Bool is an argument as truth: true or 1, as JSON or as text.
func (a Args) Bool(name string) bool {
	s := a.Str(name)
	return s == "1" || strings.EqualFold(s, "true")
}

// Int is an argument as a whole number, or otherwise when it was not sent. False when it is no number.
func (a Args) Int(name string, otherwise int) (int, bool) {
	s := a.Str(name)
	if s == "" {
		return otherwise, true
	}
	n, err := strconv.Atoi(s)
	return n, err == nil
}

// JSON is an argument as a JSON value: itself, or the JSON that it holds as text. Sent is false when it is missing or empty, ok when
// it is no JSON.
func (a Args) JSON(name string) (v any, sent, ok bool) {
	v, sent = a.values[name]
	text, isText := v.(string)
	if !sent || v == nil || isText && text == "" {
		return nil, false, true
	}
	if !isText {
		return v, true, true
	}
	v, err := decode([]byte(text))
	return v, true, err == nil
}
