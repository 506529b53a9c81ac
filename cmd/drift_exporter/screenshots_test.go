//go:build screenshots

package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testbrowser"
)

// screenshotsVariable names the folder to write the documentation's pictures into: `make screenshots` sets it.
const screenshotsVariable = "DRIFT_SCREENSHOTS"

// TestScreenshots takes the documentation's pictures, of the fleet that the tests in the browser look at.
func TestScreenshots(t *testing.T) {
	dir := os.Getenv(screenshotsVariable)
	require.NotEmpty(t, dir, screenshotsVariable)
	require.NoError(t, os.MkdirAll(dir, 0o755))
	b := testbrowser.Start(t)
	o, release := startOffice(t)
	release()
	o.exporter.Eventually("the first run ends", func() bool { return o.exporter.Metric("drift_last_run_success") == "1" })
	check := func(times int) {
		for range times {
			o.exporter.CheckNow()
		}
	}
	check(3)
	o.sysctl(web1, "kernel.dmesg_restrict", "0") // a small drift, that is repaired
	check(2)
	o.comply(web1)
	check(4)
	o.wreck()
	check(1)
	for _, picture := range []struct {
		name, path, shows string
		height            int
	}{
		{"diff", "/machines/web1/packs/base", "PermitRootLogin yes", 1000},
		{"fleet", "/", "Web 1", 760},
		{"machine", "/machines/web1", "Debian GNU/Linux", 560}, // above the kernel, which is that of whoever takes the picture
		{"history", "/machines/web1/packs/base/history", "Compare", 800},
		{"packs", "/packs/base", "/etc/ssh/sshd_config", 900},
	} {
		p := b.Open(t, testbrowser.Options{Height: picture.height, Scale: 1.25})
		p.Go(o.exporter.URL + picture.path)
		assert.Contains(t, p.Text("main"), picture.shows)
		require.NoError(t, os.WriteFile(filepath.Join(dir, picture.name+".png"), p.Picture(), 0o644))
	}
}
