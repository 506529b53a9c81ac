package checker

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What a check does on our side, part by part. Of all together, with SSH, tells `make bench`.

// BenchmarkScript makes the script for a pack of files, packages and parameters of the kernel, and the whole one.
func BenchmarkScript(b *testing.B) {
	some := []string{"file", "sum", "package_dpkg", "sysctl"}
	require.Subset(b, AllOps(), some)
	for name, ops := range map[string][]string{"some": some, "all": AllOps()} {
		b.Run("ops="+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Script(ops...)
			}
		})
	}
}

// BenchmarkFrames takes answers out of what a machine prints: each by itself, or of a hundred in one piece.
func BenchmarkFrames(b *testing.B) {
	hash := strings.Repeat("0123456789abcdef", 4)
	for _, n := range []int{20, 500} {
		var single, batched strings.Builder
		for i := range n {
			fmt.Fprintf(&single, "\n%s %d val %s", testNonce, i+1, hash)
		}
		for numbers := range slices.Chunk(numbersTo(n), 100) {
			fmt.Fprintf(&batched, "\n%s batch %s\n", testNonce, strings.Join(numbers, " "))
			for _, number := range numbers {
				fmt.Fprintf(&batched, "%s  /etc/file%s\n", hash, number)
			}
			fmt.Fprintf(&batched, "\n%s batched 0", testNonce)
		}
		for name, output := range map[string]string{"single": single.String(), "batched": batched.String()} {
			output += fmt.Sprintf("\n%s stage %d\n", testNonce, n)
			b.Run(fmt.Sprintf("%s/items=%d", name, n), func(b *testing.B) {
				b.SetBytes(int64(len(output)))
				b.ReportAllocs()
				for b.Loop() {
					frames := newFrameReader(strings.NewReader(output), testNonce)
					last, err := frame{}, error(nil)
					for last.verb != "stage" && err == nil {
						last, err = frames.next()
					}
					require.NoError(b, err)
					frames.close()
				}
			})
		}
	}
}

// numbersTo are the numbers from 1 to n.
func numbersTo(n int) []string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprint(i+1))
	}
	return all
}

// BenchmarkCompare judges a machine whose answers are there: it makes what it asks, compares and sums up.
func BenchmarkCompare(b *testing.B) {
	for _, n := range []int{20, 500} {
		b.Run(fmt.Sprintf("items=%d", n), func(b *testing.B) {
			dir := b.TempDir()
			var items strings.Builder
			items.WriteString("  files:\n")
			for i := range n {
				name := filepath.Join(dir, fmt.Sprintf("file%d", i))
				require.NoError(b, os.WriteFile(name, []byte("content\n"), 0o600))
				fmt.Fprintf(&items, "    - {path: %s, mode: 600, content: \"content\\n\"}\n", name)
			}
			f := onePack(b, items.String(), nil)
			m, _ := f.Machine("m1")
			d, err := startDialogue(b.Context(), shells(b)[0], m, allOps(), testNonce)
			require.NoError(b, err)
			defer d.close()
			said, err := d.facts(m)
			require.NoError(b, err)
			judged := func() Outcome {
				observed, failure := gather(f, m)
				require.Nil(b, failure)
				observed["p"] = applicable(observed["p"], &said)
				require.NoError(b, d.observe(observed["p"]))
				out := Outcome{Machine: m.Name}
				judge(&out, f, m, observed)
				return out
			}
			require.Empty(b, judged().Results[0].Mismatches) // asks the machine; from now on nothing is
			asked := len(d.asked)
			b.ReportAllocs()
			for b.Loop() {
				judged()
			}
			require.Len(b, d.asked, asked)
		})
	}
}

// BenchmarkLoadFleet reads the configuration of a large fleet.
func BenchmarkLoadFleet(b *testing.B) {
	const machines = 50_000
	dir := b.TempDir()
	var c strings.Builder
	c.WriteString("ssh: {user: drift}\nmachines:\n")
	for i := range machines {
		fmt.Fprintf(&c, "  - {name: m%05d, address: 10.%d.%d.%d, packs: [p], labels: {env: prod}}\n", i, i>>16, i>>8&255, i&255)
	}
	var p strings.Builder
	p.WriteString("items:\n  files:\n")
	for i := range 20 {
		fmt.Fprintf(&p, "    - {path: /etc/file%d, mode: 644}\n", i)
	}
	require.NoError(b, os.Mkdir(filepath.Join(dir, "packs"), 0o755))
	require.NoError(b, os.WriteFile(filepath.Join(dir, "packs", "p.yaml"), []byte(p.String()), 0o600))
	config := filepath.Join(dir, "config.yaml")
	require.NoError(b, os.WriteFile(config, []byte(c.String()), 0o600))
	b.Run(fmt.Sprintf("machines=%d", machines), func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			f, problems := LoadFleet(config, dir)
			require.Empty(b, problems)
			require.Len(b, f.Config.Machines, machines)
		}
	})
}
