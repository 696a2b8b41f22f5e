package stand

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// orders is a folder of orders, by day.
type orders struct {
	system, dir, ext, listing string
	before, after             string // what stands around an id in the listing

	seen map[string]file // by path
}

// file is which file stands at a path: another one when it was written again.
type file struct {
	inode   uint64
	changed time.Time
}

// each yields the orders that are on file.
func (o *orders) each(yield func(day, path string, d fs.DirEntry) error) error {
	days, err := os.ReadDir(o.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, day := range days {
		files, err := os.ReadDir(filepath.Join(o.dir, day.Name()))
		if err != nil {
			return err
		}
		for _, f := range files {
			if strings.HasPrefix(f.Name(), "A-") && strings.HasSuffix(f.Name(), o.ext) {
				if err := yield(day.Name(), filepath.Join(o.dir, day.Name(), f.Name()), f); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// look notes the files that are new or were written again since the last look.
func (o *orders) look(note func(Write)) error {
	if o.seen == nil {
		o.seen = map[string]file{}
	}
	return o.each(func(_, path string, d fs.DirEntry) error {
		info, err := d.Info()
		if err != nil {
			return err
		}
		now := file{inode: info.Sys().(*syscall.Stat_t).Ino, changed: info.ModTime()}
		if o.seen[path] == now {
			return nil
		}
		o.seen[path] = now
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		note(Write{System: o.system, Name: name.FindString(string(text)), At: now.changed.UTC(), What: "write " + filepath.Base(path)})
		return nil
	})
}

// facts say of each order how often it is listed on its day.
func (o *orders) facts() ([]string, error) {
	var out []string
	listings := map[string]string{}
	err := o.each(func(day, path string, _ fs.DirEntry) error {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if _, ok := listings[day]; !ok {
			listing, err := os.ReadFile(filepath.Join(o.dir, day, o.listing))
			if err != nil {
				return err
			}
			listings[day] = string(listing)
		}
		id := strings.TrimSuffix(filepath.Base(path), o.ext)
		out = append(out, fmt.Sprintf("%s: an order of %s, listed %d times", o.system, name.FindString(string(text)), strings.Count(listings[day], o.before+id+o.after)))
		return nil
	})
	return out, err
}
