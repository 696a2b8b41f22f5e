// Package front stands in front of an HTTP server for tests and misbehaves as told: it answers in the server's place, or changes or breaks off
// what the server answered.
//
// A Handler is safe for concurrent use. It keeps whole answers in memory. The package does not import testing.
package front

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
)

// Request is one request that came.
type Request struct {
	Method string
	URL    string // path and query
}

// Answer is what the server answered.
type Answer struct {
	Code   int
	Header http.Header
	Body   []byte
}

// Handler passes requests on. It answers 401 to those without Token.
type Handler struct {
	To    string // scheme and host of the server
	Token string // bearer token that is expected
	Back  string // bearer token that the server expects

	// Before sees each request with its number, from 1, and may answer it; true ends it there.
	Before func(w http.ResponseWriter, r *http.Request, n int) bool
	// After sees what the server answered, may change it, and says how the answer ends.
	After func(r *http.Request, a *Answer) Ending

	once   sync.Once
	client *http.Client
	mu     sync.Mutex
	asked  []Request
}

// Ending is how an answer ends.
type Ending int

// The endings.
const (
	Whole Ending = iota
	Cut          // after two thirds of the body the connection breaks
	Lost         // the connection breaks before anything came
)

// Start serves h on a free port of loopback. stop ends it.
func Start(h *Handler) (base string, stop func()) {
	s := httptest.NewServer(h)
	return s.URL, func() {
		s.Close()
		h.backend().CloseIdleConnections()
	}
}

// Asked lists the requests so far.
func (h *Handler) Asked() []Request {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]Request(nil), h.asked...)
}

func (h *Handler) backend() *http.Client {
	h.once.Do(func() { h.client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}} })
	return h.client
}

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	h.asked = append(h.asked, Request{r.Method, r.URL.String()})
	n := len(h.asked)
	h.mu.Unlock()
	if r.Header.Get("Authorization") != "Bearer "+h.Token {
		http.Error(w, "wrong token", http.StatusUnauthorized)
		return
	}
	if h.Before != nil && h.Before(w, r, n) {
		return
	}
	a, err := h.pass(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	end := Whole
	if h.After != nil {
		end = h.After(r, a)
	}
	if end == Lost {
		panic(http.ErrAbortHandler)
	}
	for k, v := range a.Header {
		if k != "Content-Length" && k != "Connection" && k != "Transfer-Encoding" {
			w.Header()[k] = v
		}
	}
	w.WriteHeader(a.Code)
	if end == Cut {
		_, _ = w.Write(a.Body[:len(a.Body)*2/3])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(a.Body)
}

// pass asks the server, over a connection of its own: some servers close one after an error without saying so. The request goes on although the asker hangs up: what a server has begun it ends.
func (h *Handler) pass(r *http.Request) (*Answer, error) {
	req, err := http.NewRequest(r.Method, strings.TrimRight(h.To, "/")+r.URL.RequestURI(), r.Body)
	if err != nil {
		return nil, err
	}
	req.ContentLength = r.ContentLength
	req.Header = r.Header.Clone()
	req.Header.Set("Authorization", "Bearer "+h.Back)
	res, err := h.backend().Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	return &Answer{Code: res.StatusCode, Header: res.Header, Body: body}, nil
}
