package checker

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/checker/pack"
	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// leastItems are an item of each kind with what it must have.
var leastItems = map[string]map[string]string{
	"file": {"path": "/nowhere"}, "package": {"name": "nothing"}, "env_var": {"key": "NOTHING", "expected": "x", "type": "env_var"},
	"sysctl": {"key": "nothing.at_all", "expected": "x", "type": "sysctl"}, "port": {"port": "1"}, "command": {"name": "n", "argv": "[/nowhere]"},
	"config": {"path": "/etc/passwd", "key": "n", "expected": "x", "type": "config", "format": "ini"}, "user": {"name": "nobody"}, "group": {"name": "nothing"},
	"authorized_keys": {"user": "root", "keys": "[]"}, "mount": {"path": "/proc"}, "service": {"name": "nothing", "enabled": "true"},
	"kernel_module": {"name": "nothing"}, "cron": {"name": "n", "user": "root", "command": "x", "schedule": "'@daily'"},
}

// metacharacters would each make a file if a shell, an awk or an eval ever took them for more than text.
var metacharacters = []string{
	"$(touch CANARY)", "';touch CANARY;'", `";touch CANARY;"`, "x|touch CANARY&", "x>CANARY", "/x/;touch CANARY", "/x/{system(\"touch CANARY\")}",
	"x\") system(\"touch CANARY\") (\"", "/proc;touch CANARY", "/proc/`touch CANARY`", "x) touch CANARY;;", "~$(touch CANARY)/x", "a[$(touch${IFS}CANARY)]",
	"$(touch${IFS}CANARY)", "/proc/$(touch${IFS}CANARY)", ";touch${IFS}CANARY;",
}

// hostilePacks are packs of one item each, for every kind, every field of it and every text, as one value, in a list and in a
// mapping: those of them that are valid. Of each kind it counts the fields that took a text.
func hostilePacks(t *testing.T) (packs map[string]*pack.Pack, taken map[string]map[string]bool) {
	kinds, files := Kinds(), fstest.MapFS{"templates/motd": {Data: []byte("x")}}
	taken = map[string]map[string]bool{}
	where := map[string][2]string{} // kind and field of a pack
	for _, name := range kinds.Names() {
		least, known := leastItems[name]
		require.True(t, known, "no item of the kind %s", name)
		section, decoder := sectionOf(kinds, name)
		fields := reflect.TypeOf(decoder.(pack.Discloser).Fields())
		for i := range fields.NumField() {
			field, _, _ := strings.Cut(fields.Field(i).Tag.Get("yaml"), ",")
			if field == "" || field == "type" && least["type"] != "" {
				continue
			}
			for j, text := range metacharacters {
				value := yamlBytes(strings.ReplaceAll(text, "CANARY", "canary"))
				for k, shape := range []string{value, "[" + value + "]", "{x: " + value + "}", "{? " + value + " : x}"} {
					item := maps.Clone(least)
					item[field] = shape
					id := fmt.Sprintf("%s-%d-%d-%d", name, i, j, k)
					where[id] = [2]string{name, field}
					var line strings.Builder
					for _, key := range slices.Sorted(maps.Keys(item)) {
						fmt.Fprintf(&line, "%s: %s, ", key, item[key])
					}
					files[id+".yaml"] = &fstest.MapFile{Data: fmt.Appendf(nil, "items: {%s: [{%s}]}\n", section, strings.TrimSuffix(line.String(), ", "))}
				}
			}
		}
	}
	packs, _ = pack.Load(files, "packs", kinds)
	for id := range packs {
		kind, field := where[id][0], where[id][1]
		if taken[kind] == nil {
			taken[kind] = map[string]bool{}
		}
		taken[kind][field] = true
	}
	return packs, taken
}

// sectionOf is where items of a kind stand in a pack.
func sectionOf(kinds *Registry, name string) (string, pack.Decoder) {
	for _, section := range kinds.Sections() {
		for _, typ := range append(kinds.Types(section), "") {
			if kind, decoder, _ := kinds.Kind(section, typ); kind == name {
				return section, decoder
			}
		}
	}
	return "", nil
}

func TestNoTextOfAPackIsRunByAShell(t *testing.T) {
	packs, taken := hostilePacks(t)
	for _, name := range Kinds().Names() {
		// Names of services are letters, digits and a few signs.
		assert.Equal(t, name != "service", len(taken[name]) > 0, "fields of kind %s that take one of the texts: %v", name, taken[name])
	}
	m := config.Machine{Name: "m1", Transport: config.TransportSSH, Enabled: true, BecomeUser: "root", Packs: slices.Sorted(maps.Keys(packs))}
	fleet, problems := NewFleet(&config.Config{Check: config.Check{Timeout: time.Minute, AllowCommands: true}, Machines: []config.Machine{m}}, packs)
	require.False(t, problems.Fatal(), "%v", problems)
	t.Logf("%d packs, of fields %v", len(packs), taken)
	assertHarmless(t, "canary", func(sh shell) {
		out := check(t, sh, fleet)
		if out.Failure != nil { // commands that there are not, users without a home
			assert.Equal(t, state.ReasonUnreadable, out.Failure.Reason, out.Failure.Message)
		}
		assert.Len(t, out.Results, len(packs))
	})
}
