package exporter

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"time"
)

//go:embed assets templates
var embedded embed.FS

// stylesheet is what the files of assets/css are served as, one after the other in the order of their names.
const stylesheet = "style.css"

// asset is a file of the pages that browsers fetch.
type asset struct {
	name    string
	content []byte
	version string // of the content
}

func loadAssets() (map[string]asset, error) {
	all := map[string]asset{}
	err := fs.WalkDir(embedded, "assets", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(embedded, file)
		if err != nil {
			return err
		}
		name := path.Base(file)
		if path.Ext(name) == ".css" {
			name = stylesheet
			content = append(all[name].content, content...)
		}
		sum := sha256.Sum256(content)
		all[name] = asset{name, content, hex.EncodeToString(sum[:6])}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("exporter: assets: %w", err)
	}
	return all, nil
}

// assetURL names the version, so that browsers may keep the file for good and still see the next one.
func (e *Exporter) assetURL(name string) (string, error) {
	a, ok := e.assets[name]
	if !ok {
		return "", fmt.Errorf("no asset %q", name)
	}
	return e.links.Path("/assets/"+name) + "?v=" + a.version, nil
}

func (e *Exporter) asset(w http.ResponseWriter, r *http.Request) {
	a, ok := e.assets[r.PathValue("name")]
	if !ok {
		e.refusePlain(w, r, notFound("no such asset"))
		return
	}
	cache := "no-cache" // to be asked for again, by its ETag
	if r.URL.Query().Get("v") == a.version {
		cache = "public, max-age=31536000, immutable"
	}
	w.Header().Set("Cache-Control", cache)
	w.Header().Set("ETag", `"`+a.version+`"`)
	http.ServeContent(w, r, a.name, time.Time{}, bytes.NewReader(a.content))
}
