package checker

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkCheck200Files checks 200 files, content included, and says how much longer that takes than the least that
// would do: a shell that runs stat and sha256sum once over the same names and knows nothing of who asked, of noise, of
// files that are absent or vanish, or of a machine's facts.
func BenchmarkCheck200Files(b *testing.B) {
	dir := b.TempDir()
	items, names := "  files:\n", []string{}
	for i := range 200 {
		name := filepath.Join(dir, fmt.Sprintf("file-%03d", i))
		require.NoError(b, os.WriteFile(name, []byte(strings.Repeat("x", 1000)), 0o644))
		items += "    - {path: " + name + ", mode: 644, owner: root, content_hash: " + hashOf([]byte(strings.Repeat("x", 1000))) + "}\n"
		names = append(names, name)
	}
	f := onePack(b, items, nil)
	sh := shell{argv: []string{"/bin/sh"}}
	script := "stat -L -c '%f:%u:%g:%s:%U:%G' -- \"$@\"; sha256sum -- \"$@\""
	var ours, least time.Duration
	for b.Loop() {
		start := time.Now()
		require.Nil(b, check(b, sh, f).Failure)
		ours += time.Since(start)

		start = time.Now()
		_, err := exec.CommandContext(b.Context(), "/bin/sh", append([]string{"-c", script, "sh"}, names...)...).Output()
		require.NoError(b, err)
		least += time.Since(start)
	}
	b.ReportMetric(float64(ours)/float64(b.N)/1e6, "ms/check")
	b.ReportMetric(float64(ours)/float64(least), "ratio")
}
