package slackfake

import (
	"net/http"
	"path"

	"muster/remediate/slack/slackfake/state"
	"muster/remediate/slack/slackfake/wire"
)

// serveAnswer takes what an app posts to a response_url. Its words for a used or expired address are seen in practice, not documented.
func (s *Server) serveAnswer(w http.ResponseWriter, r *http.Request) {
	name := "response_url"
	s.mu.Lock()
	s.calls[name]++
	s.mu.Unlock()
	fault := s.faults.Take(name)
	kind, committed := fault.Kind.Committed()
	if kind != wire.NoFault && !committed {
		s.fail(w, r, kind, fault.RetryAfter)
		return
	}
	answer := s.answer(r, fault)
	if kind != wire.NoFault {
		s.fail(w, r, kind, fault.RetryAfter)
		return
	}
	s.write(w, answer)
}

func (s *Server) answer(r *http.Request, fault wire.Fault) reply {
	no := func(status int, name string) reply {
		answer := refuse(name)
		answer.status = status
		return answer
	}
	if r.Method != http.MethodPost {
		return no(http.StatusMethodNotAllowed, "invalid_post_type")
	}
	args, problem := wire.Parse(r)
	if problem != "" {
		return no(http.StatusBadRequest, "invalid_payload")
	}
	c := &call{Args: args, s: s, fault: fault}
	p, refused := c.content()
	if refused.body != nil {
		refused.status = http.StatusBadRequest
		return refused
	}
	if p.empty() && !c.Bool("delete_original") {
		return no(http.StatusBadRequest, "no_text")
	}
	to, problem := s.work.UseAnswer(path.Base(r.URL.Path))
	if problem != "" {
		return no(http.StatusNotFound, problem)
	}
	m := state.Message{Channel: to.Channel, Target: to.User, ThreadTS: c.Str("thread_ts")}
	p.put(&m)
	switch {
	case c.Bool("delete_original"):
		if !s.work.Delete(to.Channel, to.TS) {
			problem = "message_not_found"
		}
	case c.Bool("replace_original"):
		if p.blocks == nil {
			p.blocks = &[]any{}
		}
		_, problem = s.work.Update(to.Channel, to.TS, state.Change{Text: p.text, Blocks: p.blocks, Attached: p.attached, Metadata: p.metadata})
	case c.Str("response_type") == "in_channel":
		m.Target = ""
		if m, problem = s.work.Post(m); problem == "" {
			s.log(m, fault.Kind)
		}
	default:
		_, problem = s.work.Whisper(m)
	}
	if problem != "" {
		return no(http.StatusNotFound, problem)
	}
	return ok(map[string]any{})
}
