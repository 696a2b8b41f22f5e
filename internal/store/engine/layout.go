package engine

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"text/template"

	_ "embed"

	"muster/internal/access"
)

//go:embed config.xml.tmpl
var configTemplate string

//go:embed users.xml.tmpl
var usersTemplate string

// paths are the files of one engine below its data folder.
type paths struct {
	root, data, tmp, logs                     string // folders, 0700
	config, users, credentials, address, lock string // files, 0600
	engineLog, errorLog, output               string // what the engine and its process say
}

func layout(dir string) paths {
	root := filepath.Join(dir, "engine")
	at := func(name ...string) string { return filepath.Join(append([]string{root}, name...)...) }
	return paths{
		root: root, data: at("data"), tmp: at("tmp"), logs: at("log"),
		config: at("config.xml"), users: at("users.xml"), credentials: at("credentials"), address: at("address"), lock: at("lock"),
		engineLog: at("log", "engine.log"), errorLog: at("log", "error.log"), output: at("log", "output.log"),
	}
}

// prepare makes the folders, closed to everybody else even when an older run or a careless hand had opened them.
func (p paths) prepare() error {
	for _, dir := range []string{p.root, p.data, p.tmp, p.logs} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("make folder: %w", err)
		}
		info, err := os.Lstat(dir)
		if err != nil {
			return fmt.Errorf("look at folder: %w", err)
		}
		if owner, ok := info.Sys().(*syscall.Stat_t); !info.IsDir() || !ok || int(owner.Uid) != os.Geteuid() {
			return fmt.Errorf("%s is not a folder of this user: whoever owns it could read it, or put files there", dir)
		}
		if err := os.Chmod(dir, 0o700); err != nil {
			return fmt.Errorf("close folder: %w", err)
		}
	}
	return nil
}

// settings are what the two configuration files are made of.
type settings struct {
	Paths        map[string]string
	User         string
	PasswordHash string // SHA-256, hex: the password itself stays in the credentials file
	Memory       int64  // bytes, the cap of the whole process
	Threads      int
	Engines      []string // what the store may make tables of
	FileGrant    bool
}

// render writes config.xml and users.xml.
func (p paths) render(s settings) error {
	s.Paths = map[string]string{
		"data": p.data, "tmp": p.tmp, "users": p.users, "log": p.engineLog, "errors": p.errorLog,
	}
	for _, file := range []struct{ path, text string }{{p.config, configTemplate}, {p.users, usersTemplate}} {
		parsed, err := template.New(filepath.Base(file.path)).Funcs(template.FuncMap{"xml": escapeXML}).Parse(file.text)
		if err != nil {
			return fmt.Errorf("parse template: %w", err)
		}
		var text bytes.Buffer
		if err := parsed.Execute(&text, s); err != nil {
			return fmt.Errorf("fill template: %w", err)
		}
		if err := writeFile(file.path, text.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

func escapeXML(value any) (string, error) {
	var text bytes.Buffer
	err := xml.EscapeText(&text, []byte(fmt.Sprint(value)))
	return text.String(), err
}

// writeFile replaces path in one step, readable by its owner only: a reader sees the old text or the new one.
func writeFile(path string, text []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // CreateTemp makes it 0600
	if err != nil {
		return fmt.Errorf("write file: %w", err)
	}
	_, err = file.Write(text)
	if err := errors.Join(err, file.Close()); err != nil {
		os.Remove(file.Name())
		return fmt.Errorf("write file: %w", err)
	}
	if err := os.Rename(file.Name(), path); err != nil {
		os.Remove(file.Name())
		return fmt.Errorf("write file: %w", err)
	}
	return nil
}

// credentials open the engine's one user. They are made once per data folder and outlive every engine on it.
type credentials struct {
	User     string `json:"user"`
	Password string `json:"password"`
}

// loadCredentials reads them; the owner of the lock makes them when there are none.
func (p paths) loadCredentials(create bool) (credentials, error) {
	var c credentials
	text, err := os.ReadFile(p.credentials)
	switch {
	case err == nil:
		if err := json.Unmarshal(text, &c); err != nil || c.User == "" || c.Password == "" {
			return c, failed("read credentials", access.Invalid, fmt.Errorf("%s is damaged", p.credentials),
				"delete the file: the next start makes new ones")
		}
		return c, nil
	case !create || !errors.Is(err, fs.ErrNotExist):
		return c, failed("read credentials", access.Denied, err, "check the rights of "+p.root)
	}
	secret := make([]byte, 32)
	rand.Read(secret) // never fails: the runtime ends the process instead
	c = credentials{User: "app", Password: hex.EncodeToString(secret)}
	text, err = json.Marshal(c)
	if err != nil {
		return c, fmt.Errorf("write credentials: %w", err)
	}
	if err := writeFile(p.credentials, append(text, '\n')); err != nil {
		return c, failed("write credentials", access.Denied, err, "check the free space and the rights of "+p.root)
	}
	return c, nil
}

// address is where a running engine is, and who it is: the start time tells it from a later process with the same id.
type address struct {
	Port    int    `json:"port"`
	Pid     int    `json:"pid"`
	Started string `json:"started"` // the kernel's clock ticks at its start
	Owner   int    `json:"owner"`
}

func (a address) String() string { return "127.0.0.1:" + strconv.Itoa(a.Port) }

func (p paths) writeAddress(a address) error {
	text, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("write address: %w", err)
	}
	return writeFile(p.address, append(text, '\n'))
}

func (p paths) readAddress() (address, error) {
	var a address
	text, err := os.ReadFile(p.address)
	if err != nil {
		return a, fmt.Errorf("read address: %w", err)
	}
	if err := json.Unmarshal(text, &a); err != nil || a.Port <= 0 || a.Pid <= 0 {
		return a, fmt.Errorf("read address: %s is damaged", p.address)
	}
	return a, nil
}
