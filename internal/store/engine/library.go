package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"muster/internal/access"
)

// libraryName is the file that npm's package @chdb/lib-<platform> carries.
const libraryName = "libchdb.so"

// packaged is where `npm ci --prefix deploy/engine` puts the library, below the repository's folder.
const packaged = "deploy/engine/node_modules/@chdb"

// findLibrary gives the absolute path of the engine's library.
func findLibrary(given string) (string, error) {
	if given == "" {
		given = os.Getenv("MUSTER_ENGINE_LIB")
	}
	if given != "" {
		if err := checkLibrary(given); err != nil {
			return "", missingLibrary(err)
		}
		return filepath.Abs(given)
	}
	for _, place := range libraryPlaces() {
		matches, err := filepath.Glob(place)
		if err != nil {
			continue // a folder's name that is itself a bad pattern holds no library of ours
		}
		for _, path := range matches {
			if checkLibrary(path) == nil {
				return path, nil
			}
		}
	}
	return "", missingLibrary(fmt.Errorf("%s is in none of the usual places", libraryName))
}

// libraryPlaces lists the patterns in the order of the search: beside the program, in the repository that the program or
// the working directory is in, then where a distribution would put it.
func libraryPlaces() []string {
	npm := filepath.Join(packaged, "lib-"+runtime.GOOS+"-"+npmArch()+"-*", libraryName)
	var places []string
	if exe, err := os.Executable(); err == nil {
		if real, err := filepath.EvalSymlinks(exe); err == nil {
			exe = real
		}
		dir := filepath.Dir(exe)
		places = append(places, filepath.Join(dir, "..", npm), filepath.Join(dir, "..", "lib", "muster", libraryName))
	}
	if dir, err := os.Getwd(); err == nil {
		for {
			places = append(places, filepath.Join(dir, npm))
			_, err := os.Stat(filepath.Join(dir, "go.mod"))
			if err == nil || dir == filepath.Dir(dir) {
				break
			}
			dir = filepath.Dir(dir)
		}
	}
	return append(places, filepath.Join("/usr/lib/muster", libraryName), filepath.Join("/usr/local/lib/muster", libraryName))
}

// npmArch is the architecture in npm's words.
func npmArch() string {
	if runtime.GOARCH == "amd64" {
		return "x64"
	}
	return runtime.GOARCH
}

func checkLibrary(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s does not exist", path)
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is not a file", path)
	}
	return nil
}

func missingLibrary(err error) error {
	return &access.Error{
		System: "engine", Op: "find library", Kind: access.NotFound, Err: err,
		Hint: "run `npm ci --prefix deploy/engine` (or `make setup`), name the file in MUSTER_ENGINE_LIB, or set clickhouse.dsn to use a server",
	}
}
