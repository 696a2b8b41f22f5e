// Package signing holds the keys that evidence packs are signed with, and the rotation of them.
//
// There are two uses. Pack keys are Ed25519 (RFC 8032); they sign SHA256SUMS and the attestation of a pack. Seal keys are ECDSA P-256
// or RSA with an X.509 certificate, which is what viewers of PDF understand; they sign the CMS of a report's seal.
//
// A private key is a file (PKCS #8 PEM, mode 0600, made on first use) or belongs to an external program that is handed what is to be
// signed on standard input and answers with the raw signature, which is how any KMS or HSM with a command line is attached. Nothing
// else of Muster sees a private key.
//
// A folder of keys:
//
//	keyring.json        the public keys with their times and rotation statements, see Ring
//	<use>-<id>.pem      a private key; id is the first 16 digits of the key id
//	seal-<id>.crt       the certificate of a seal key that was made here
//
// A key id is the hex SHA-256 of the DER of the SubjectPublicKeyInfo (RFC 5280 §4.1), so that OpenSSL computes it too. Signatures are
// raw Ed25519, ASN.1 ECDSA over SHA-256 (FIPS 186-5, deterministic by RFC 6979) or RSA PKCS #1 v1.5 over SHA-256: the same input and
// key file give the same bytes. Times are UTC with second precision. Values are safe for concurrent use once opened. Errors are
// *access.Error; none of them quotes a private key or what a program wrote.
package signing
