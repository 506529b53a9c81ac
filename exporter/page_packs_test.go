package exporter

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

// byID is the text of the element with that id, blanks folded; empty if there is none.
func (d document) byID(id string) string {
	for n := range d.root.Descendants() {
		for _, a := range n.Attr {
			if a.Key == "id" && a.Val == id {
				return strings.Join(strings.Fields(textOf(n)), " ")
			}
		}
	}
	return ""
}

// ids are those of all elements.
func (d document) ids() map[string]bool {
	ids := map[string]bool{}
	for n := range d.root.Descendants() {
		for _, a := range n.Attr {
			if a.Key == "id" {
				ids[a.Val] = true
			}
		}
	}
	return ids
}

func TestPacksPage(t *testing.T) {
	r := newRig(t, func(r *rig, _ *Options) {
		r.fleet.Packs = append(r.fleet.Packs, packOf("deep", "web", 1), packOf("alone", "", 0))
	})
	d := r.open(t, "/packs", 200)
	assert.Equal(t, []string{
		"alone 0 0 no machine carries it",
		"Base Pack base What every machine has 12 4 +1 disabled 1 drifted 1 unknown 2 never checked 1 disabled",
		"Web servers web extends base nginx and its certificates 20 9 own 1 1 unknown 1 compliant",
		"deep extends web 1 1 own 0 no machine carries it",
	}, append(d.rows()[3:], d.rows()[:3]...))
	assert.Equal(t, []string{"/?pack=base"}, d.links("4 +1 disabled"))
	assert.Equal(t, []string{"/packs/base"}, d.links("base"), "what web extends")
	assert.Equal(t, []string{"/?pack=base&status=drifted"}, d.links("1 drifted"))
	assert.Equal(t, []string{"/?pack=base&status=never"}, d.links("2 never checked"))
	assert.Equal(t, []string{"/api/v1/packs"}, d.links("JSON"))
	assert.Contains(t, newRig(t, func(r *rig, _ *Options) { r.fleet = nil }).open(t, "/packs", 200).text, "There are no packs")
}

// The counts are those of the fleet page that they lead to.
func TestCountsOfPacksAreRowsOfTheFleetPage(t *testing.T) {
	r := newRig(t, nil)
	for _, id := range []string{"base", "web"} {
		d := r.open(t, "/packs/"+id, 200)
		for n := range d.root.Descendants() {
			if n.Data != "a" || n.Parent.Data != "li" || n.Parent.Parent.Attr == nil || n.Parent.Parent.Attr[0].Val != "tiles" {
				continue
			}
			counted := 0
			_, err := fmt.Sscan(textOf(n), &counted)
			require.NoError(t, err)
			rows := 0
			if counted > 0 {
				rows = len(r.open(t, hrefOf(n), 200).rows())
			}
			assert.Equal(t, counted, rows, hrefOf(n))
		}
	}
}

func hrefOf(n *html.Node) string {
	for _, a := range n.Attr {
		if a.Key == "href" {
			return a.Val
		}
	}
	return ""
}

func TestPackPage(t *testing.T) {
	r := newRig(t, nil)
	d := r.open(t, "/packs/base", 200)
	t.Run("says what the pack is", func(t *testing.T) {
		assert.Equal(t, []string{"Base Pack"}, d.tags("h1"))
		assert.Contains(t, d.text, "What every machine has")
		assert.Contains(t, d.text, "File packs/base.yaml Extends nothing Extended by Web servers Items 12")
		assert.Equal(t, []string{"/packs/web"}, d.links("Web servers"))
		assert.Equal(t, []string{"/api/v1/packs/base"}, d.links("JSON"))
	})
	t.Run("says how its machines stand", func(t *testing.T) {
		assert.Equal(t, []string{
			"Web 1 web1 drifted alert 3 +1 waived 3 hours ago", "db1 unknown – 3 hours ago", "back1 never checked – –", "new1 never checked – –", "off1 disabled – –",
		}, d.rows())
		assert.Equal(t, []string{"/machines/web1/packs/base"}, d.links("Web 1"))
		assert.Equal(t, []string{"/?pack=base"}, d.links("These machines on the fleet page"))
	})
	t.Run("shows the items by kind, with their lines", func(t *testing.T) {
		assert.Equal(t, []string{"file", "package", "service"}, d.tags("h3"))
		assert.Equal(t, `/etc/ssh/sshd_config sensitive lines 9–13 path: /etc/ssh/sshd_config mode: "0600" owner: root contains: (not shown) sensitive: true`, d.byID("L9"))
		assert.Equal(t, "curl where os debian or ubuntu, vars.role web line 21 {name: curl, min_version: 8.0.0, when: {os: [debian, ubuntu], vars: {role: web}}}", d.byID("L21"))
		assert.Equal(t, []string{"/packs/base#L9"}, d.links("lines 9–13"))
		assert.Equal(t, []string{"/packs/base#kind-package"}, d.links("package"))
		assert.NotEmpty(t, d.byID("kind-package"))
		assert.Contains(t, d.text, "Values that may be secret are (not shown)")
	})
	t.Run("leads to what is inherited and what is replaced", func(t *testing.T) {
		d := r.open(t, "/packs/web", 200)
		assert.Contains(t, d.text, "Extends Base Pack Extended by no pack Items 20, 9 of them its own")
		assert.Equal(t, "/etc/motd line 6, replaces packs/base.yaml:17 {path: /etc/motd, state: absent}", d.byID("L6"))
		assert.Equal(t, []string{"/packs/base#L17"}, d.links("packs/base.yaml:17"))
		assert.Contains(t, d.text, "/etc/issue inherited from base, lines 14–16")
		assert.Equal(t, []string{"/packs/base#L14"}, d.links("lines 14–16"))
		assert.Empty(t, d.byID("L23"), "what is inherited is not defined here")
		assert.NotContains(t, d.text, "Values that may be secret", "none of its own are")
	})
	t.Run("shows both of a verdict and of an attempt that gave none", func(t *testing.T) {
		assert.Equal(t, []string{"Web 1 web1 unknown before compliant 0 3 hours ago"}, r.open(t, "/packs/web", 200).rows())
	})
}

func TestPackPageNamesTheWholeChain(t *testing.T) {
	r := newRig(t, func(r *rig, _ *Options) {
		r.fleet.Packs = append(r.fleet.Packs, packOf("deep", "web", 1), packOf("alone", "", 0))
	})
	assert.Contains(t, r.open(t, "/packs/deep", 200).text, "Extends Web servers which extends Base Pack Extended by no pack")
	d := r.open(t, "/packs/alone", 200)
	assert.Contains(t, d.text, "No machine carries this pack.")
	assert.Contains(t, d.text, "This pack demands nothing.")
	assert.Contains(t, r.open(t, "/packs/nowhere", 404).links("All packs"), "/packs")
}

// Every item is on one of the pages, and every page is small.
func TestLargePacksArePaged(t *testing.T) {
	large := packOf("large", "", 2000)
	evil := packOf("evil", "", 300)
	for i, item := range evil.Entries {
		item.YAML, item.Kind = strings.Repeat(`<"&\x1b`+"\x1b", 500), []string{"file", "package"}[i%2]
	}
	r := newRig(t, func(r *rig, _ *Options) { r.fleet.Packs = []PackInfo{evil, large} })
	for _, p := range []PackInfo{evil, large} {
		seen := map[string]bool{}
		url := "/packs/" + p.ID
		for url != "" {
			_, body := r.get(t, url)
			assert.Less(t, len(body), 1<<20, url)
			d := r.open(t, url, 200)
			ids := d.ids()
			for _, item := range p.Entries {
				if ids[fmt.Sprintf("L%d", item.Line)] {
					assert.False(t, seen[item.Source], "twice: %s", item.Source)
					seen[item.Source] = true
					page, _, _ := strings.Cut(r.exporter.links.Source(item.Source), "#")
					assert.Equal(t, url, page, item.Source)
				}
			}
			next := d.links("Next")
			if url = ""; len(next) > 0 {
				url = next[0]
			}
		}
		assert.Len(t, seen, len(p.Entries), p.ID)
	}
	assert.Contains(t, r.open(t, "/packs/large?page=99", 200).text, "Page 8 of 8")
	assert.Contains(t, r.open(t, "/packs/large?page=x", 200).text, "Page 1 of 8")
	assert.NotContains(t, r.open(t, "/packs/large?page=2", 200).tags("h2"), "Machines")
}

func TestManyPacksArePaged(t *testing.T) {
	r := newRig(t, func(r *rig, _ *Options) {
		r.fleet.Packs = nil
		for i := range 1000 {
			r.fleet.Packs = append(r.fleet.Packs, packOf(fmt.Sprintf("p%03d", i), "", 1))
		}
	})
	d := r.open(t, "/packs", 200)
	assert.Len(t, d.rows(), packsPerPage)
	assert.Equal(t, []string{"/packs?page=2"}, d.links("Next"))
	assert.Contains(t, r.open(t, "/packs?page=5", 200).text, "p999")
}

func TestHostilePacksAreShownLiterally(t *testing.T) {
	for _, said := range []string{
		`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `</pre></li></ol><h1>fine</h1>`, `{{.Machine}}`, `javascript:alert(1)`,
	} {
		r := newRig(t, func(r *rig, _ *Options) {
			p := packOf("evil", "base", 2)
			p.Name, p.Description, p.File = said, said, said+".yaml"
			for _, item := range p.Entries {
				item.Identity, item.Description, item.YAML = said, said, said
				item.When = []PackCondition{{said, []string{said}}}
			}
			p.Entries[1].Pack, p.Entries[1].Source, p.Entries[1].Replaces = said, said, said
			r.fleet.Packs = append(r.fleet.Packs, p)
		})
		assert.GreaterOrEqual(t, strings.Count(r.open(t, "/packs", 200).text, said), 2, said)
		assert.GreaterOrEqual(t, strings.Count(r.open(t, "/packs/evil", 200).text, said), 10, said)
		assert.Contains(t, r.open(t, "/packs/base", 200).text, said)
	}
	r := newRig(t, func(r *rig, _ *Options) {
		p := packOf("evil", "", 1)
		p.Entries[0].YAML = "a\x1b[31m\u202eb"
		r.fleet.Packs = append(r.fleet.Packs, p)
	})
	assert.Contains(t, r.open(t, "/packs/evil", 200).text, `a\x1b[31m\u{202e}b`)
	r.open(t, "/packs/%3Cscript%3E%00%FF", 404)
	r.open(t, "/packs?page=%3Cb%3E", 200)
	r.open(t, "/packs/base?page=%zz", 400)
}
