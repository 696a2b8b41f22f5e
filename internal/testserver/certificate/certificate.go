// Package certificate makes certificates for the test servers: an authority and a server certificate signed by it (RFC 5280), new keys every
// time, valid around now. Times are UTC.
package certificate

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Options say what the server certificate is like. The zero value is a good one for 127.0.0.1 and localhost.
type Options struct {
	Host    string // the only name in it; default 127.0.0.1 and localhost
	Expired bool   // it ended the day before
}

// Files are the PEM files of a certificate.
type Files struct {
	Authority string // the certificate of the authority
	Server    string // the server's certificate
	Key       string // its private key, PKCS #8
}

// Write makes the files ca.pem, server.pem and server.key in a folder.
func Write(dir string, o Options, now time.Time) (Files, error) {
	files := Files{Authority: filepath.Join(dir, "ca.pem"), Server: filepath.Join(dir, "server.pem"), Key: filepath.Join(dir, "server.key")}
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Acme test authority"},
		NotBefore: now.Add(-48 * time.Hour), NotAfter: now.Add(240 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "localhost"},
		NotBefore: now.Add(-48 * time.Hour), NotAfter: now.Add(120 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if o.Expired {
		leaf.NotAfter = now.Add(-24 * time.Hour)
	}
	if o.Host != "" {
		leaf.DNSNames = []string{o.Host}
	} else {
		leaf.DNSNames, leaf.IPAddresses = []string{"localhost"}, []net.IP{net.IPv4(127, 0, 0, 1)}
	}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return files, fmt.Errorf("make authority key: %w", err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return files, fmt.Errorf("make server key: %w", err)
	}
	caDER, err := x509.CreateCertificate(rand.Reader, authority, authority, &caKey.PublicKey, caKey)
	if err != nil {
		return files, fmt.Errorf("make authority certificate: %w", err)
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, authority, &key.PublicKey, caKey)
	if err != nil {
		return files, fmt.Errorf("make server certificate: %w", err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return files, fmt.Errorf("encode server key: %w", err)
	}
	for name, block := range map[string]*pem.Block{
		files.Authority: {Type: "CERTIFICATE", Bytes: caDER},
		files.Server:    {Type: "CERTIFICATE", Bytes: der},
		files.Key:       {Type: "PRIVATE KEY", Bytes: keyDER},
	} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			return files, fmt.Errorf("write certificate: %w", err)
		}
	}
	return files, nil
}
