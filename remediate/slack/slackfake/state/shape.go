package state

import "strings"

// Shape is a message as Slack shows it. Without the payload, metadata shows its event_type alone, as in a history that was not asked
// for all of it.
func (w *Workspace) Shape(m Message, payload bool) map[string]any {
	out := map[string]any{"type": "message", "user": m.User, "text": m.Text, "ts": m.TS, "team": w.team.ID}
	if m.AppID != "" {
		out["bot_id"], out["app_id"] = m.BotID, m.AppID
		out["bot_profile"] = map[string]any{"id": m.BotID, "app_id": m.AppID, "name": w.app.Name, "team_id": w.team.ID, "deleted": false, "updated": 0}
	}
	if len(m.Blocks) > 0 {
		out["blocks"] = m.Blocks
	}
	if len(m.Attached) > 0 {
		out["attachments"] = m.Attached
	}
	if m.Metadata != nil {
		out["metadata"] = m.Metadata
		if !payload {
			out["metadata"] = map[string]any{"event_type": m.Metadata["event_type"]}
		}
	}
	if m.Edited != "" {
		out["edited"] = map[string]any{"user": m.User, "ts": m.Edited}
	}
	if m.ThreadTS != "" {
		out["thread_ts"] = m.ThreadTS
		out["parent_user_id"] = w.Thread(m.Channel, m.ThreadTS).Author
		if m.Broadcast {
			out["subtype"] = "thread_broadcast"
		}
	} else if t := w.Thread(m.Channel, m.TS); t.Count > 0 {
		out["thread_ts"], out["reply_count"], out["reply_users"] = m.TS, t.Count, t.Users
		out["reply_users_count"], out["latest_reply"] = len(t.Users), t.Latest
		out["is_locked"], out["subscribed"] = false, false
	}
	return out
}

// Permalink is the address of a message.
func (w *Workspace) Permalink(m Message) string {
	link := "https://" + w.team.Domain + ".slack.com/archives/" + m.Channel + "/p" + strings.ReplaceAll(m.TS, ".", "")
	if m.ThreadTS != "" {
		link += "?thread_ts=" + m.ThreadTS + "&cid=" + m.Channel
	}
	return link
}

// ShapeUser is a user as Slack shows it; the address only to those who may read it.
func (w *Workspace) ShapeUser(u User, email bool) map[string]any {
	profile := map[string]any{"real_name": u.RealName, "real_name_normalized": u.RealName, "display_name": u.Name, "display_name_normalized": u.Name,
		"title": "", "phone": "", "skype": "", "status_text": "", "status_emoji": "", "status_expiration": 0, "avatar_hash": "", "team": u.TeamID}
	if u.Email != "" && email {
		profile["email"] = u.Email
	}
	out := map[string]any{"id": u.ID, "team_id": u.TeamID, "name": u.Name, "deleted": u.Deleted, "profile": profile, "is_bot": u.IsBot, "is_app_user": false,
		"updated": 0}
	if u.IsStranger {
		out["is_stranger"] = true
	}
	if u.Deleted {
		return out // of a deactivated user the rest is gone
	}
	tz := u.TZ
	if tz == "" {
		tz = "Etc/UTC"
	}
	for name, v := range map[string]any{"real_name": u.RealName, "color": "9f69e7", "tz": tz, "tz_label": tz, "tz_offset": 0, "is_admin": u.IsAdmin, "is_owner": false,
		"is_primary_owner": false, "is_restricted": u.IsRestricted, "is_ultra_restricted": u.IsUltraRestricted, "is_email_confirmed": true,
		"who_can_share_contact_card": "EVERYONE"} {
		out[name] = v
	}
	if w.team.EnterpriseID != "" && !u.IsStranger {
		out["enterprise_user"] = map[string]any{"id": u.ID, "enterprise_id": w.team.EnterpriseID, "enterprise_name": w.team.EnterpriseName,
			"is_admin": u.IsAdmin, "is_owner": false, "teams": []string{u.TeamID}}
	}
	return out
}

// ShapeChannel is a conversation as Slack shows it.
func (w *Workspace) ShapeChannel(c Channel) map[string]any {
	out := map[string]any{"id": c.ID, "created": c.Created, "is_im": c.IsIM, "is_archived": c.IsArchived, "is_org_shared": false, "context_team_id": w.team.ID}
	if c.IsIM {
		out["user"], out["is_open"], out["is_user_deleted"], out["priority"] = c.User, true, false, 0
		return out
	}
	for name, v := range map[string]any{"name": c.Name, "name_normalized": c.Name, "is_channel": true, "is_group": false, "is_mpim": false,
		"is_private": c.IsPrivate, "is_general": false, "is_shared": false, "is_member": !c.WithoutBot, "num_members": len(c.Members)} {
		out[name] = v
	}
	return out
}

// ShapeView is a view as Slack shows it. State is what was entered, or nil.
func (w *Workspace) ShapeView(v View, entered map[string]any) map[string]any {
	if entered == nil {
		entered = map[string]any{}
	}
	out := map[string]any{"id": v.ID, "team_id": w.team.ID, "type": v.Str("type"), "private_metadata": v.Str("private_metadata"), "callback_id": v.Str("callback_id"),
		"external_id": v.Str("external_id"), "state": map[string]any{"values": entered}, "hash": v.Hash, "root_view_id": v.Root, "app_id": w.app.ID,
		"app_installed_team_id": w.team.ID, "bot_id": w.app.BotID, "blocks": v.Blocks(), "previous_view_id": nil}
	if v.Previous != "" {
		out["previous_view_id"] = v.Previous
	}
	for _, name := range []string{"title", "close", "submit"} {
		out[name] = v.Body[name]
	}
	for _, name := range []string{"clear_on_close", "notify_on_close"} {
		out[name], _ = v.Body[name].(bool)
	}
	return out
}
