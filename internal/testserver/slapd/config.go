package slapd

import (
	"crypto/sha1" //nolint:gosec // {SSHA} is what every slapd can check without a module
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// find looks for a program on the path and in the sbin folders that a user's path often lacks.
func find(name string) (string, error) {
	if p, err := exec.LookPath(name); err == nil {
		return p, nil
	}
	for _, dir := range []string{"/usr/sbin", "/usr/local/sbin", "/usr/lib/openldap", "/usr/libexec"} {
		p := filepath.Join(dir, name)
		if st, err := os.Stat(p); err == nil && st.Mode()&0o111 != 0 {
			return p, nil
		}
	}
	return "", fmt.Errorf("find %s: %w", name, ErrMissing)
}

func moduleDir() (string, error) { return folderWith("back_mdb.so", moduleDirs) }
func schemaDir() (string, error) { return folderWith("inetorgperson.ldif", schemaDirs) }

const (
	moduleDirs = "/usr/lib/ldap:/usr/lib/openldap:/usr/lib64/openldap:/usr/local/libexec/openldap"
	schemaDirs = "/etc/ldap/schema:/etc/openldap/schema:/usr/local/etc/openldap/schema"
)

func folderWith(file, list string) (string, error) {
	for _, dir := range strings.Split(list, ":") {
		if _, err := os.Stat(filepath.Join(dir, file)); err == nil {
			return dir, nil
		}
	}
	return "", fmt.Errorf("find %s: %w", file, ErrMissing)
}

// configuration is the cn=config database as LDIF (slapd-config(5)).
func (s *Server) configuration(o Options) (string, error) {
	modules, err := moduleDir()
	if err != nil {
		return "", err
	}
	schemas, err := schemaDir()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "dn: cn=config\nobjectClass: olcGlobal\ncn: config\n")
	fmt.Fprintf(&b, "olcPidFile: %s\nolcArgsFile: %s\n", s.path("slapd.pid"), s.path("slapd.args"))
	fmt.Fprintf(&b, "olcTLSCACertificateFile: %s\n", s.CAFile)
	fmt.Fprintf(&b, "olcTLSCertificateFile: %s\nolcTLSCertificateKeyFile: %s\n", s.path("server.pem"), s.path("server.key"))
	b.WriteString("olcTLSVerifyClient: never\nolcToolThreads: 2\n")
	if o.RequireTLS {
		b.WriteString("olcSecurity: simple_bind=128\n")
	}
	fmt.Fprintf(&b, "\ndn: cn=module{0},cn=config\nobjectClass: olcModuleList\ncn: module{0}\nolcModulePath: %s\n", modules)
	for _, m := range []string{"back_mdb", "memberof", "refint", "ppolicy", "syncprov"} {
		fmt.Fprintf(&b, "olcModuleLoad: %s\n", m)
	}
	b.WriteString("\ndn: cn=schema,cn=config\nobjectClass: olcSchemaConfig\ncn: schema\n\n")
	for _, name := range []string{"core", "cosine", "nis", "inetorgperson", "ppolicy"} {
		text, err := os.ReadFile(filepath.Join(schemas, name+".ldif"))
		if os.IsNotExist(err) && name == "ppolicy" {
			continue // since 2.5 the module brings its own schema
		}
		if err != nil {
			return "", fmt.Errorf("read schema %s: %w", name, err)
		}
		b.Write(text)
		b.WriteString("\n\n")
	}
	s.database(&b, o)
	return b.String(), nil
}

func (s *Server) database(b *strings.Builder, o Options) {
	b.WriteString("dn: olcDatabase={-1}frontend,cn=config\nobjectClass: olcDatabaseConfig\nobjectClass: olcFrontendConfig\n" +
		"olcDatabase: {-1}frontend\n\n")
	fmt.Fprintf(b, "dn: olcDatabase={0}config,cn=config\nobjectClass: olcDatabaseConfig\nolcDatabase: {0}config\n"+
		"olcAccess: {0}to * by * none\n\n")
	b.WriteString("dn: olcDatabase={1}mdb,cn=config\nobjectClass: olcDatabaseConfig\nobjectClass: olcMdbConfig\nolcDatabase: {1}mdb\n")
	fmt.Fprintf(b, "olcSuffix: %s\nolcDbDirectory: %s\nolcRootDN: %s\nolcRootPW: %s\n", s.Suffix, s.path("db"), s.AdminDN, s.AdminPassword)
	b.WriteString("olcDbMaxSize: 8589934592\nolcDbNoSync: TRUE\nolcDbCheckpoint: 0 0\n")
	for _, attr := range []string{"objectClass", "uid", "member", "entryUUID", "cn"} {
		fmt.Fprintf(b, "olcDbIndex: %s eq\n", attr)
	}
	if _, err := schemaFile("ppolicy.ldif"); err != nil {
		b.WriteString("olcLastBind: TRUE\n") // 2.5 and later, which are the ones without ppolicy.ldif
	}
	fmt.Fprintf(b, "olcSizeLimit: %s\nolcTimeLimit: %s\n", limit(o.SizeLimit), limit(o.TimeLimit))
	// The paged total has a limit of its own, else the size limit would end a paged search too.
	paged := limit(o.PagedTotal)
	if o.PagedTotal < 0 {
		paged = "disabled"
	}
	fmt.Fprintf(b, "olcLimits: {0}dn.exact=\"%s\" size.soft=%s size.hard=%s size.pr=none size.prtotal=%s\n",
		s.BindDN, limit(o.SizeLimit), limit(o.SizeLimit), paged)
	fmt.Fprintf(b, "olcLimits: {1}dn.exact=\"%s\" size=unlimited time=unlimited\n", s.WriterDN)
	b.WriteString("olcAccess: {0}to attrs=userPassword by anonymous auth by self =xw by * none\n")
	fmt.Fprintf(b, "olcAccess: {1}to * by dn.exact=\"%s\" read by dn.exact=\"%s\" write by anonymous auth by * none\n", s.BindDN, s.WriterDN)
	for i, overlay := range []string{"memberof", "refint", "ppolicy"} {
		class := map[string]string{"memberof": "olcMemberOf", "refint": "olcRefintConfig", "ppolicy": "olcPPolicyConfig"}[overlay]
		fmt.Fprintf(b, "\ndn: olcOverlay={%d}%s,olcDatabase={1}mdb,cn=config\nobjectClass: olcOverlayConfig\nobjectClass: %s\nolcOverlay: {%d}%s\n",
			i, overlay, class, i, overlay)
		switch overlay {
		case "refint":
			b.WriteString("olcRefintAttribute: member\nolcRefintAttribute: manager\n")
			fmt.Fprintf(b, "olcRefintNothing: %s\n", s.AdminDN)
		case "ppolicy":
			fmt.Fprintf(b, "olcPPolicyDefault: %s\n", s.policyDN())
		}
	}
}

func schemaFile(name string) (string, error) {
	dir, err := schemaDir()
	if err != nil {
		return "", err
	}
	p := filepath.Join(dir, name)
	_, err = os.Stat(p)
	return p, err
}

func limit(n int) string {
	if n <= 0 {
		return "unlimited"
	}
	return fmt.Sprint(n)
}

func (s *Server) path(name string) string { return filepath.Join(s.Dir, name) }

func (s *Server) baseEntry() string {
	attr, value, _ := strings.Cut(strings.SplitN(s.Suffix, ",", 2)[0], "=")
	class := "dcObject\nobjectClass: organization\no: " + value
	if strings.EqualFold(attr, "o") {
		class = "organization"
	}
	return fmt.Sprintf("dn: %s\nobjectClass: %s\n%s: %s\n\n", s.Suffix, class, attr, value)
}

func (s *Server) policyDN() string { return "cn=policy," + s.Suffix }

// ownEntries are the accounts that Muster binds as and the password policy. They lie above ou=people, so they are no accounts of the
// directory's own.
func (s *Server) ownEntries(o Options) string {
	var b strings.Builder
	for _, a := range []struct{ dn, password string }{{s.BindDN, s.Password}, {s.WriterDN, s.WriterPassword}} {
		sum := sha1.Sum([]byte(a.password + "salt"))
		cn, _, _ := strings.Cut(strings.TrimPrefix(a.dn, "cn="), ",")
		fmt.Fprintf(&b, "dn: %s\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: %s\nuserPassword: {SSHA}%s\n\n",
			a.dn, cn, base64.StdEncoding.EncodeToString(append(sum[:], "salt"...)))
	}
	fmt.Fprintf(&b, "dn: %s\nobjectClass: organizationalRole\nobjectClass: pwdPolicy\ncn: policy\npwdAttribute: userPassword\npwdLockout: %s\n",
		s.policyDN(), strings.ToUpper(strconv.FormatBool(!o.Unenforced)))
	return b.String()
}
