// Package packs holds the rule packs that Muster ships, as YAML, and nothing else. The order of the files is by name.
package packs

import (
	"embed"
	"io/fs"
)

//go:embed *.yaml
var files embed.FS

// File is one file of the pack; Name is what messages call it.
type File struct {
	Name string
	Data []byte
}

// Files lists the files of the built-in pack.
func Files() []File {
	var out []File
	entries, err := fs.ReadDir(files, ".")
	if err != nil {
		return nil // an embedded folder is always readable
	}
	for _, e := range entries {
		if data, err := files.ReadFile(e.Name()); err == nil {
			out = append(out, File{Name: "builtin/" + e.Name(), Data: data})
		}
	}
	return out
}
