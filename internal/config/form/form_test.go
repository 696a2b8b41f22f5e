package form

import "testing"

func TestForms(t *testing.T) {
	for text, want := range map[string]string{"https://muster.acme.example/": "", "http://127.0.0.1:8080": "", "http://[::1]:1/x": "", "http://localhost": "",
		"http://acme.example": "it is not https", "http://127.0.0.1.acme.example": "it is not https", "ftp://127.0.0.1": "it is not https",
		"https://u:p@acme.example": "it holds credentials", "acme.example": "it names no server", "https://": "it names no server", "https://:80": "it names no server", "::": "it names no server"} {
		got := ""
		if err := URL(text); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	for text, want := range map[string]bool{"jdoe@acme.example": true, "jdoe": false, "": false, "J <jdoe@acme.example>": false, "a@x.example, b@x.example": false, "a@x.example\r\nBcc: b@x.example": false} {
		if Address(text) != want {
			t.Errorf("address %q is not %v", text, want)
		}
	}
	for text, want := range map[string]bool{"smtp.acme.example:587": true, "127.0.0.1:25": true, "smtp": false, "smtp:": false, "": false} {
		if _, ok := Server(text); ok != want {
			t.Errorf("server %q is not %v", text, want)
		}
	}
	for _, x := range []struct {
		id   ID
		text string
		want bool
	}{{SlackTeam, "T0123", true}, {SlackTeam, "U0123", false}, {SlackUser, "U0123", true}, {SlackUser, "u0123", false}, {SlackUser, "U0123\n", false}, {SlackApp, "A0123", true},
		{SlackApp, "xapp-1", false}, {SlackChannel, "C0123", true}, {SlackChannel, "#general", false}, {SlackChannel, "", false}} {
		if x.id.Is(x.text) != x.want {
			t.Errorf("%s against %q is not %v", x.id, x.text, x.want)
		}
	}
}
