// Package socket is the serving side of Socket Mode: single-use addresses, up to ten connections of one app, envelopes that go to one of
// them, acknowledgements, refreshes.
//
//	→ {"type":"hello","num_connections":1,"connection_info":{"app_id":..},"debug_info":{..}}
//	→ {"type":"interactive","envelope_id":..,"accepts_response_payload":true,"payload":{..}}
//	← {"envelope_id":..,"payload":{..}}
//	→ {"type":"disconnect","reason":"warning" | "refresh_requested" | "link_disabled"}
//
// An envelope that is not acknowledged in time, or whose connection breaks, is sent again, with retry_attempt and retry_reason, to any
// connection. Slack documents that for events; for interactions it documents nothing, and a client has to bear both, so the fake does
// it for all. The eleventh connection is turned away with too_many_websockets, which is seen in practice and not documented. Source:
// docs.slack.dev/apis/events-api/using-socket-mode. Times are those of the wall clock, in UTC. A Hub is safe for concurrent use.
package socket
