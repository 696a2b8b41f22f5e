package slack

import (
	"context"
	"errors"
	"net/url"

	slackgo "github.com/slack-go/slack"

	"muster/internal/access"
	"muster/internal/retry"
)

// system is what errors call Slack.
const system = "slack"

// failed says what a failure of a request means. What is not certain to have been refused is Transient: nobody knows whether it was done.
func failed(op string, err error) error {
	if err == nil {
		return nil
	}
	out := &access.Error{System: system, Op: op, Kind: access.Transient, Err: bare(err)}
	if limited, ok := errors.AsType[*slackgo.RateLimitedError](err); ok {
		out.Kind = access.Throttled
		return retry.After(out, limited.RetryAfter)
	}
	if status, ok := errors.AsType[slackgo.StatusCodeError](err); ok {
		out.Kind = retry.KindOfStatus(status.Code)
		return out
	}
	if answer, ok := errors.AsType[slackgo.SlackErrorResponse](err); ok {
		out.Kind, out.Hint = meaning(answer.Err)
		if messages := answer.ResponseMetadata.Messages; len(messages) > 0 && answer.Err != "missing_scope" {
			out.Err = errors.New(answer.Err + ": " + messages[0])
		}
	}
	return out
}

// bare takes the address off: those of Slack can carry secrets. A cancellation stays visible.
func bare(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	for _, end := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, end) {
			return end
		}
	}
	return errors.New(err.Error())
}

// meaning reads Slack's names of errors (reference/methods/chat.postMessage, Errors).
func meaning(name string) (access.Kind, string) {
	switch name {
	case "ratelimited", "rate_limited", "message_limit_exceeded":
		return access.Throttled, ""
	case "internal_error", "fatal_error", "service_unavailable", "request_timeout":
		// The documentation of fatal_error: some aspect of the operation may have succeeded.
		return access.Transient, ""
	case "message_not_found", "thread_not_found", "edit_window_closed", "user_not_found", "users_not_found", "view_not_found", "not_found":
		return access.NotFound, ""
	case "channel_not_found", "not_in_channel", "is_archived":
		return access.Denied, "check slack.channel, and invite the app to it: /invite @muster"
	case "missing_scope", "no_permission":
		return access.Denied, "install the app again with the scopes of deploy/slack/manifest.yaml"
	case "invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "not_allowed_token_type", "org_login_required", "ekm_access_denied",
		"team_access_not_granted", "access_denied", "two_factor_setup_required", "cant_update_message", "user_not_visible", "user_disabled", "cannot_dm_bot":
		return access.Denied, "check the tokens of the slack section; install the app again if it was removed"
	}
	return access.Invalid, ""
}
