package inbound

import (
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"

	"muster/remediate/approve"
)

// maxBody is the longest body that is read. An interaction carries its message, which Slack keeps far below that.
const maxBody = 512 << 10

// unsigned stands for whoever sent what Slack did not sign: nothing in it is to be believed.
const unsigned = "unsigned"

// ServeHTTP takes in an interaction at the app's Request URL.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "interactions are posted", http.StatusMethodNotAllowed)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		status := http.StatusBadRequest
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			status = http.StatusRequestEntityTooLarge
		}
		d.refuse(ctx, "", unsigned, approve.RefusedShape)
		http.Error(w, "not an interaction", status)
		return
	}
	if why := verify(d.Client.Settings().Secret, r.Header, body, d.Now()); why != "" {
		d.refuse(ctx, "", unsigned, why)
		http.Error(w, "not signed", http.StatusUnauthorized)
		return
	}
	raw, ok := form(r.Header.Get("Content-Type"), body)
	if !ok {
		d.refuse(ctx, "", unsigned, approve.RefusedShape)
		http.Error(w, "not an interaction", http.StatusBadRequest)
		return
	}
	answer, err := d.accept(ctx, raw)
	if err != nil {
		d.Log.ErrorContext(ctx, "interaction could not be kept", slog.Any("error", err))
		http.Error(w, "try again", http.StatusInternalServerError)
		return
	}
	if answer != nil {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(answer) // nobody is left to be told
}

// form takes the payload out of the form that Slack posts: exactly one.
func form(contentType string, body []byte) ([]byte, bool) {
	kind, _, err := mime.ParseMediaType(contentType)
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, false
	}
	values, err := url.ParseQuery(string(body))
	if err != nil || len(values["payload"]) != 1 {
		return nil, false
	}
	return []byte(values.Get("payload")), true
}
