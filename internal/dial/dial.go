// Package dial holds what every client of a system needs before it speaks the system's own protocol. One folder a protocol holds what
// both its collector and its remediation target need. Errors are *access.Error and hold no secret.
package dial

import (
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"muster/internal/access"
)

// Authorities reads a PEM file with the certificates to trust instead of the host's (RFC 7468 §5). A relative path is taken from dir.
func Authorities(file, dir string) (*x509.CertPool, error) {
	path := file
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, &access.Error{Op: "read ca_file", Kind: access.Invalid, Hint: "check the path of ca_file", Err: err}
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(data) {
		return nil, &access.Error{Op: "read ca_file", Kind: access.Invalid, Hint: "it must hold certificates in PEM",
			Err: fmt.Errorf("no certificate in %s", file)}
	}
	return pool, nil
}

// Loopback reports whether a host is this one, so that what is sent to it crosses no network.
func Loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
