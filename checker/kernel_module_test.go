package checker

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

func TestKernelModuleProblems(t *testing.T) {
	name := "name must be the name of a kernel module, such as br_netfilter"
	decodeCases{
		{"name alone", "{name: br_netfilter}", nil},
		{"absent", "{name: usb-storage, state: absent}", nil},
		{"digits", "{name: 8250}", nil},
		{"parameters", "{name: loop, parameters: {max_loop: 8, x-y: ''}}", nil},
		{"no name", "{state: absent}", []string{"name is required"}},
		{"path", "{name: ../loop}", []string{name}},
		{"file", "{name: drivers/loop.ko}", []string{name}},
		{"pattern", "{name: 'usb*'}", []string{name}},
		{"upwards", "{name: ..}", []string{name}},
		{"newline", `{name: "a\nb"}`, []string{"name must not contain a newline or a NUL"}},
		{"another state", "{name: loop, state: loaded}", []string{`state must be present or absent, not "loaded"`}},
		{"absent with parameters", "{name: loop, state: absent, parameters: {a: 1}}", []string{"state absent excludes parameters"}},
		{"parameter that is a path", "{name: loop, parameters: {../x: 1}}", []string{`"../x" is not the name of a module's parameter`}},
		{"parameter twice", "{name: loop, parameters: {a-b: 1, a_b: 2}}", []string{"parameter a_b is given twice"}},
		{"parameter without a value", "{name: loop, parameters: {a: }}", []string{"parameter a has no value"}},
	}.run(t, kernelModuleKind{})
}

func TestKernelModuleHasOneIdentity(t *testing.T) {
	for _, name := range []string{"usb-storage", "usb_storage"} {
		item, problems := decode(t, kernelModuleKind{}, "{name: "+name+"}")
		require.Empty(t, problems)
		assert.Equal(t, "usb_storage", item.Identity())
	}
}

// release is that of the kernel.
func release(t testing.TB) string {
	return strings.TrimSpace(readText(t, "/proc/sys/kernel/osrelease"))
}

// modules is a kernel with these modules.
func modules(t testing.TB) map[string]string {
	return map[string]string{
		"/proc/modules": "usb_storage 81920 1 uas, Live 0x0000000000000000\nuas 32768 0 - Live 0x0000000000000000\n" +
			"slow 16384 1 - Loading 0x0000000000000000\ngoing 16384 0 - Unloading 0x0000000000000000 (O)\nodd 1\n",
		"/sys/module/usb_storage/initstate":               "live\n",
		"/sys/module/usb_storage/parameters/delay_use":    "1\n",
		"/sys/module/usb_storage/parameters/swi_tru":      "a\tb  c\n",
		"/sys/module/usb_storage/parameters/quirks":       "\n",
		"/sys/module/printk/parameters/time":              "Y\n",
		"/sys/module/hidden/initstate":                    "live\n",
		"/lib/modules/" + release(t) + "/modules.builtin": "kernel/fs/ext4/ext4.ko\nkernel/lib/crc-t10dif.ko\n",
	}
}

func underModules(sh Transport, root string) Transport {
	return rooted(sh, root, "/proc/modules", "/sys/module", "/lib/modules")
}

var moduleCases = []struct{ item, want string }{
	{"{name: usb-storage}", ""},
	{"{name: usb_storage, parameters: {delay-use: 1, swi_tru: a b c, quirks: ''}}", ""},
	{"{name: usb_storage, parameters: {delay_use: 2, swi_tru: x, nope: 1, quirks: ''}}",
		"wrong_module usb_storage: delay_use=2, nope=1, swi_tru=x → delay_use=1, nope=(absent), swi_tru=a b c"},
	{"{name: usb_storage, state: absent}", "unexpected_module usb_storage: absent → loaded"},
	{"{name: uas}", ""},
	{"{name: slow}", "missing_module slow: loaded → loading"},
	{"{name: slow, state: absent}", "unexpected_module slow: absent → loading"},
	{"{name: going, state: absent}", "unexpected_module going: absent → unloading"},
	{"{name: printk, parameters: {time: Y}}", ""},
	{"{name: printk, parameters: {time: N}}", "wrong_module printk: time=N → time=Y"},
	{"{name: printk, state: absent}", "unexpected_module printk: absent → built in"},
	{"{name: ext4}", ""},
	{"{name: ext4, parameters: {x: 1}}", "wrong_module ext4: x=1 → x=(absent)"},
	{"{name: ext}", "missing_module ext: loaded → absent"},
	{"{name: crc_t10dif}", ""},
	{"{name: crc-t10dif, state: absent}", "unexpected_module crc_t10dif: absent → built in"},
	{"{name: t10dif, state: absent}", ""},
	{"{name: storage, state: absent}", ""},
	{"{name: x.t4, state: absent}", ""},
	{"{name: absent}", "missing_module absent: loaded → absent"},
	{"{name: absent, parameters: {x: 1}}", "missing_module absent: loaded → absent"},
	{"{name: absent, state: absent}", ""},
}

func TestKernelModules(t *testing.T) {
	packs := map[string]string{}
	for i, c := range moduleCases {
		packs[fmt.Sprintf("p%02d.yaml", i)] = "items: {kernel_modules: [" + c.item + "]}"
	}
	root := tree(t, modules(t))
	eachShell(t, func(t *testing.T, sh shell) {
		out := check(t, underModules(sh, root), fleetOf(t, packs, nil))
		require.Nil(t, out.Failure, "%v", out.Failure)
		for i, r := range out.Results {
			assert.Equal(t, moduleCases[i].want, strings.Join(brief(r.Mismatches), "; "), moduleCases[i].item)
		}
	})
}

func TestParametersThatOthersMayNotReadAreHidden(t *testing.T) {
	root := tree(t, modules(t))
	require.NoError(t, os.Chmod(root+"/sys/module/usb_storage/parameters/swi_tru", 0o640))
	for _, c := range []struct{ item, want string }{
		{"{name: usb_storage, parameters: {swi_tru: x}}", "(sensitive) → (sensitive)"},
		{"{name: usb_storage, parameters: {swi_tru: x, delay_use: 2}}", "(sensitive) → (sensitive)"},
		{"{name: usb_storage, parameters: {swi_tru: x}, sensitive: false}", "swi_tru=x → swi_tru=a b c"},
		{"{name: usb_storage, parameters: {swi_tru: a b c, delay_use: 2}}", "delay_use=2 → delay_use=1"},
		{"{name: usb_storage, parameters: {delay_use: 2}, sensitive: true}", "(sensitive) → (sensitive)"},
	} {
		eachShell(t, func(t *testing.T, sh shell) {
			r := check(t, underModules(sh, root), onePack(t, "  kernel_modules: ["+c.item+"]", nil)).Results[0]
			require.Len(t, r.Mismatches, 1, "%v", r.Errors)
			assert.Equal(t, []string{"wrong_module usb_storage: " + c.want}, brief(r.Mismatches))
			assert.Equal(t, strings.HasPrefix(c.want, "(sens"), r.Mismatches[0].Sensitive)
		})
	}
}

func TestKernelModulesThatCannotBeObserved(t *testing.T) {
	without := func(prefix string) map[string]string {
		files := modules(t)
		for name := range files {
			if strings.HasPrefix(name, prefix) {
				delete(files, name)
			}
		}
		return files
	}
	cases := []struct {
		name  string
		files map[string]string
		item  string
		want  string
	}{
		{"no list of modules", without("/proc"), "{name: uas}", "/proc/modules is not there"},
		{"no list of modules, absent", without("/proc"), "{name: absent, state: absent}", "/proc/modules is not there"},
		{"no list of modules, loaded", without("/proc"), "{name: usb_storage}", "/proc/modules is not there"},
		{"no list of what is built in", without("/lib"), "{name: absent, state: absent}", "it is not loaded, and /lib/modules/RELEASE/modules.builtin, which says what is built in, cannot be read"},
		{"a list without sense", modules(t), "{name: odd}", `/proc/modules gave ""`},
		{"loaded and not listed", modules(t), "{name: hidden, state: absent}", "it is in /sys/module and not in /proc/modules"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			root := tree(t, c.files)
			eachShell(t, func(t *testing.T, sh shell) {
				r := check(t, underModules(sh, root), onePack(t, "  kernel_modules: ["+c.item+"]", nil)).Results[0]
				require.Len(t, r.Errors, 1)
				assert.Empty(t, r.Mismatches)
				got := strings.ReplaceAll(r.Errors[0].Error, root, "")
				assert.Equal(t, c.want, strings.ReplaceAll(got, "/"+release(t)+"/", "/RELEASE/"))
			})
		})
	}
	t.Run("a parameter that may not be read", func(t *testing.T) {
		need(t, "setpriv")
		root := tree(t, modules(t))
		require.NoError(t, os.Chmod(root+"/sys/module/usb_storage/parameters/quirks", 0o200))
		sh := shells(t)[0]
		sh.argv = unprivileged{sh}.argv()
		r := check(t, underModules(sh, root), onePack(t, "  kernel_modules: [{name: usb_storage, parameters: {quirks: x}}]", nil)).Results[0]
		require.Len(t, r.Errors, 1)
		assert.Contains(t, r.Errors[0].Error, "parameter quirks: permission denied (the check does not run as root there")
	})
}

// This machine's own kernel, whatever it has.
func TestRealKernelModules(t *testing.T) {
	entries, err := os.ReadDir("/sys/module/kernel")
	if err != nil || len(entries) == 0 {
		testenv.Missing(t, "/sys/module is not there")
	}
	eachShell(t, func(t *testing.T, sh shell) {
		assert.Empty(t, checkOne(t, sh, "  kernel_modules: [{name: kernel}]").Mismatches)
		assert.Len(t, checkOne(t, sh, "  kernel_modules: [{name: kernel, state: absent}]").Mismatches, 1)
	})
}
