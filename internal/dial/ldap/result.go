package ldap

import "muster/internal/access"

// CodeName is the name of a result code (RFC 4511 Appendix A.2, RFC 4528 §5).
func CodeName(code int) string {
	names := []string{0: "success", 1: "operationsError", 2: "protocolError", 3: "timeLimitExceeded", 4: "sizeLimitExceeded",
		7: "authMethodNotSupported", 8: "strongerAuthRequired", 10: "referral", 11: "adminLimitExceeded",
		12: "unavailableCriticalExtension", 13: "confidentialityRequired", 14: "saslBindInProgress", 16: "noSuchAttribute",
		17: "undefinedAttributeType", 18: "inappropriateMatching", 19: "constraintViolation", 20: "attributeOrValueExists",
		21: "invalidAttributeSyntax", 32: "noSuchObject", 34: "invalidDNSyntax", 48: "inappropriateAuthentication",
		49: "invalidCredentials", 50: "insufficientAccessRights", 51: "busy", 52: "unavailable", 53: "unwillingToPerform",
		54: "loopDetect", 64: "namingViolation", 65: "objectClassViolation", 66: "notAllowedOnNonLeaf", 67: "notAllowedOnRDN",
		68: "entryAlreadyExists", 80: "other", 122: "assertionFailed"}
	if code < len(names) && code >= 0 && names[code] != "" {
		return names[code]
	}
	return "result code"
}

// ResultKind is what a result code means to the decision about another try, with the hint that fits whoever reads or writes; "" where
// that depends on what was asked.
func ResultKind(code int) (access.Kind, string) {
	switch code {
	case 49:
		return access.Denied, "check bind_dn and password"
	case 8, 13:
		return access.Denied, "the server wants TLS: use ldaps:// or start_tls: true"
	case 48, 7:
		return access.Denied, "the server does not let this entry bind with a password"
	case 50, 53:
		return access.Denied, ""
	case 51:
		return access.Throttled, "the server is busy; the next run tries again"
	case 52, 80:
		return access.Transient, "the server says that it cannot answer now; the next run tries again"
	case 3, 4, 10, 11:
		return access.Incomplete, ""
	case 32:
		return access.NotFound, ""
	case 16, 20, 66, 68, 122:
		return access.Conflict, ""
	}
	return access.Invalid, ""
}
