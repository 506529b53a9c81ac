package container_test

import (
	"debug/buildinfo"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
	"github.com/drift-exporter/drift_exporter/internal/testmanifests"
)

var built struct {
	once sync.Once
	file string
}

// binary is the program as the Dockerfile's command builds it from the files that the builder would be sent: once.
func binary(t *testing.T) string {
	t.Helper()
	readDockerfile(t, "Dockerfile") // where it cannot be read each test is skipped, not only the first
	built.once.Do(func() {
		dir, err := os.MkdirTemp("", "drift_exporter-image")
		require.NoError(t, err)
		src, out := filepath.Join(dir, "src"), filepath.Join(dir, "out")
		sent(t, src)
		commands := runCommand(t, "go build") + "\n" + runCommand(t, "licences")
		cmd := exec.Command("/bin/sh", "-ec", strings.ReplaceAll(commands, "/out/", out+"/"))
		cmd.Dir = src
		cmd.Env = append(os.Environ(), "TARGETOS="+runtime.GOOS, "TARGETARCH="+runtime.GOARCH, "TARGETVARIANT=",
			"VERSION=1.2.3", "REVISION=abc", "BRANCH=release")
		for _, env := range readDockerfile(t, "Dockerfile").all("ENV") {
			for i := 0; i+1 < len(env.Args); i += 3 { // name, value, "="
				cmd.Env = append(cmd.Env, env.Args[i]+"="+env.Args[i+1])
			}
		}
		output, err := cmd.CombinedOutput()
		require.NoError(t, err, string(output))
		built.file = filepath.Join(out, "drift_exporter")
	})
	require.NotEmpty(t, built.file, "it was not built")
	return built.file
}

func TestMain(m *testing.M) {
	status := m.Run()
	if built.file != "" {
		_ = os.RemoveAll(filepath.Dir(filepath.Dir(built.file))) // in the temporary directory anyway
	}
	os.Exit(status)
}

// sent copies what .dockerignore lets through.
func sent(t *testing.T, to string) {
	t.Helper()
	repository := testenv.Repository(t)
	for _, file := range strings.Fields(string(testmanifests.Read(t, "context", repository))) {
		text, err := os.ReadFile(filepath.Join(repository, file))
		require.NoError(t, err)
		info, err := os.Stat(filepath.Join(repository, file))
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(to, file)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(to, file), text, info.Mode().Perm()))
	}
}

func TestTheDockerfileBuildsAStaticProgramThatKnowsItsVersion(t *testing.T) {
	out, err := exec.Command(binary(t), "--version").Output()
	require.NoError(t, err)
	assert.Contains(t, string(out), "drift_exporter, version 1.2.3 (branch: release, revision: abc)")
	info, err := exec.Command("go", "version", "-m", binary(t)).Output()
	require.NoError(t, err)
	assert.Contains(t, string(info), "CGO_ENABLED=0")
	assert.Contains(t, string(info), "-trimpath=true")
	assert.NotContains(t, string(info), "vcs.", "what git knows would differ from build to build")
}

func TestTheImageHasTheLicencesOfWhatIsLinked(t *testing.T) {
	dir := filepath.Join(filepath.Dir(binary(t)), "licences")
	assert.FileExists(t, filepath.Join(dir, "LICENSE"))
	licences, err := os.ReadFile(filepath.Join(dir, "LICENSES.third-party"))
	require.NoError(t, err)
	info, err := buildinfo.ReadFile(binary(t))
	require.NoError(t, err)
	require.NotEmpty(t, info.Deps)
	for _, m := range info.Deps {
		assert.Contains(t, string(licences), "\n==== "+m.Path+" "+m.Version+": ")
	}
	copies := readDockerfile(t, "Dockerfile").all("COPY")
	assert.True(t, slices.ContainsFunc(copies, func(i instruction) bool { return slices.Contains(i.Args, "/out/licences") }))
}

func TestNothingPrivateIsSentToTheBuilder(t *testing.T) {
	for _, file := range strings.Fields(string(testmanifests.Read(t, "context", testenv.Repository(t)))) {
		top, _, _ := strings.Cut(file, "/")
		assert.Contains(t, []string{"go.mod", "go.sum", "LICENSE", "checker", "cmd", "exporter", "internal", "rules", "tools"}, top)
		assert.NotContains(t, file, "_test.go")
	}
}
