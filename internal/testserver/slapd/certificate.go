package slapd

import (
	"time"

	"muster/internal/testserver/certificate"
)

// writeCertificates makes an authority and a server certificate signed by it, valid around now.
func (s *Server) writeCertificates(host string, expired bool, now time.Time) error {
	files, err := certificate.Write(s.Dir, certificate.Options{Host: host, Expired: expired}, now)
	s.CAFile = files.Authority
	return err
}
