// Package resource reads SCIM users (RFC 7643 §4.1, §4.3) into accounts, forgiving towards servers that write "true" for true or
// one value for a list, and looks up attribute paths (RFC 7644 §3.10) for what the standard has no place for.
//
// Times are UTC; a text that is no time is kept as an attribute and not guessed. Texts keep their bytes, those that are not UTF-8 too. Values are plain data and nothing here fails on
// any JSON, so that one strange resource never ends a list.
package resource
