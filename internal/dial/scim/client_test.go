package scim_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/dial/scim"
	"muster/internal/dial/scim/resource"
)

const secret = "t0ken/of+the test"

func dial(t *testing.T, h http.HandlerFunc) *scim.Client {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	c, err := scim.New(scim.Options{System: "crm", URL: server.URL + "/scim", Secret: secret, Timeout: 5 * time.Second, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func TestWriteSaysWhatItIsTold(t *testing.T) {
	c := dial(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("ETag", `W/"2"`)
		w.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(w).Encode(map[string]string{"got": strings.Join([]string{r.Method, r.RequestURI, r.Header.Get("Content-Type"), r.Header.Get("If-Match"),
			r.Header.Get("Authorization"), string(body)}, "|")})
	})
	a, err := c.Write(context.Background(), "patch user", http.MethodPatch, "/Users/a%2Fb%3F", map[string]bool{"active": false}, `W/"1"`)
	var got map[string]string
	if err != nil || a.String() != "201 Created" || a.ETag != `W/"2"` || json.Unmarshal(a.Body, &got) != nil {
		t.Fatalf("%v, %+v", err, a)
	}
	if want := `PATCH|/scim/Users/a%2Fb%3F|application/scim+json|W/"1"|Bearer ` + secret + `|{"active":false}`; got["got"] != want {
		t.Errorf("sent %s\nwant %s", got["got"], want)
	}
}

// TestWriteIsSentOnce breaks the connection under writes, also under those on a connection that was used before.
func TestWriteIsSentOnce(t *testing.T) {
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		var n atomic.Int32
		c := dial(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet {
				fmt.Fprint(w, "{}")
				return
			}
			n.Add(1)
			panic(http.ErrAbortHandler)
		})
		if _, err := c.Read(context.Background(), "read user", "/Users/1", nil); err != nil {
			t.Fatal(err)
		}
		_, err := c.Write(context.Background(), "write user", method, "/Users/1", nil, "")
		if access.KindOf(err) != access.Transient || n.Load() != 1 {
			t.Errorf("%s: sent %d times, %v", method, n.Load(), err)
		}
	}
}

// TestWriteDoesNotMeetAnOldConnection lets the server close connections without a word after it answered, as some do after errors.
func TestWriteDoesNotMeetAnOldConnection(t *testing.T) {
	c := dial(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = rw.WriteString("HTTP/1.1 501 Not Implemented\r\nContent-Length: 2\r\n\r\n{}")
		_ = rw.Flush()
		go func() { time.Sleep(time.Millisecond); conn.Close() }()
	})
	for range 20 {
		if _, err := c.Read(context.Background(), "ask", "/Me", nil); err == nil {
			t.Fatal("no refusal")
		}
		if _, err := c.Write(context.Background(), "write user", http.MethodPatch, "/Users/1", struct{}{}, ""); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRedirects(t *testing.T) {
	for _, c := range []struct {
		name, method string
		code         int
		to           string
		ok           bool
	}{
		{"a read, same host", http.MethodGet, 302, "/scim/there", true},
		{"a write that stays one", http.MethodPost, 308, "/scim/there", true},
		{"a write that would become a read", http.MethodPost, 302, "/scim/there", false},
		{"a removal that would become a read", http.MethodDelete, 303, "/scim/there", false},
		{"a write elsewhere", http.MethodPost, 307, "http://localhost:1/scim/there", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := dial(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/scim/there" {
					fmt.Fprint(w, "{}")
					return
				}
				http.Redirect(w, r, c.to, c.code)
			})
			var err error
			if c.method == http.MethodGet {
				_, err = client.Read(context.Background(), "read", "/here", nil)
			} else {
				_, err = client.Write(context.Background(), "write", c.method, "/here", map[string]string{}, "")
			}
			if c.ok != (err == nil) || !c.ok && access.KindOf(err) != access.Denied {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestRefusalHasNoSecret(t *testing.T) {
	c := dial(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		_ = json.NewEncoder(w).Encode(map[string]string{"detail": "not with " + r.Header.Get("Authorization"), "scimType": "sensitive"})
	})
	_, err := c.Write(context.Background(), "write user", http.MethodPut, "/Users/1", nil, "")
	s, ok := errors.AsType[*scim.Status](err)
	if !ok || s.Code != 403 || s.ScimType != "sensitive" || access.KindOf(err) != access.Denied || strings.Contains(err.Error(), secret) ||
		!strings.Contains(access.HintOf(err), "write") {
		t.Errorf("got %v (%s)", err, access.HintOf(err))
	}
}

// TestWhatFollowsAWriteDoesNotUndoIt lets the server answer a write with what is no JSON.
func TestWhatFollowsAWriteDoesNotUndoIt(t *testing.T) {
	c := dial(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") })
	if a, err := c.Write(context.Background(), "write user", http.MethodPut, "/Users/1", nil, ""); err != nil || a.Code != 200 || a.Body != nil {
		t.Errorf("%+v, %v", a, err)
	}
	if _, err := c.Read(context.Background(), "read user", "/Users/1", nil); access.KindOf(err) != access.Invalid {
		t.Errorf("read gave %v", err)
	}
}

func TestSearch(t *testing.T) {
	var mu sync.Mutex
	var asked []string
	answer := func(total int, way string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			q := r.URL.Query()
			mu.Lock()
			asked = append(asked, q.Get("filter"))
			mu.Unlock()
			if way == "refuses filters" && q.Has("filter") {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			start, _ := strconv.Atoi(q.Get("startIndex"))
			if way == "cursor" {
				start, _ = strconv.Atoi(q.Get("cursor"))
				start++
			}
			var page []map[string]string
			for i := start; i <= min(start+1, total) && (way != "ends early" || i < 3); i++ {
				page = append(page, map[string]string{"id": strconv.Itoa(i), "userName": "user" + strconv.Itoa(i)})
			}
			body := map[string]any{"totalResults": total, "Resources": page}
			if way == "cursor" && start+1 < total {
				body["nextCursor"] = strconv.Itoa(start + 1)
			}
			_ = json.NewEncoder(w).Encode(body)
		}
	}
	for _, c := range []struct {
		way  string
		p    string
		kind access.Kind
		want []string
	}{
		{"ignores filters", `{}`, "", []string{"5"}},
		{"refuses filters", `{}`, "", []string{"5"}},
		{"has none", `{"filter":{"supported":false}}`, "", []string{"5"}},
		{"cursor", `{"pagination":{"cursor":true}}`, "", []string{"5"}},
		{"ends early", `{"filter":true}`, access.Incomplete, nil},
	} {
		t.Run(c.way, func(t *testing.T) {
			asked = nil
			var p scim.Provider
			if err := json.Unmarshal([]byte(c.p), &p); err != nil {
				t.Fatal(err)
			}
			found, err := dial(t, answer(5, c.way)).Search(context.Background(), p, "find user", "/Users", "userName eq "+scim.Quote(`us"er<5`),
				func(o resource.Object) bool { return resource.String(o.Get("username")) == "user5" })
			var ids []string
			for _, o := range found {
				ids = append(ids, resource.String(o.Get("id")))
			}
			if access.KindOf(err) != c.kind || !slices.Equal(ids, c.want) {
				t.Errorf("%v, %v", ids, err)
			}
			mu.Lock()
			defer mu.Unlock()
			if c.way == "has none" && asked[0] != "" || c.way == "ignores filters" && asked[0] != `userName eq "us\"er<5"` {
				t.Errorf("asked %q", asked)
			}
		})
	}
}
