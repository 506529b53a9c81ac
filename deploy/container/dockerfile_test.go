// Package container_test shows what can be shown of the image without building it: that BuildKit reads the Dockerfile,
// that its commands build the program from what is sent to them, and that the program runs where there is nothing but
// what the image has. The compose file is read by Compose's own loader.
package container_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
	"github.com/drift-exporter/drift_exporter/internal/testmanifests"
)

// dockerfile is a Dockerfile as BuildKit reads it.
type dockerfile struct {
	Instructions []instruction
	Warnings     []string
}

type instruction struct {
	Name  string
	Flags []string
	JSON  bool
	Args  []string
}

func readDockerfile(t *testing.T, file string) dockerfile {
	t.Helper()
	var d dockerfile
	require.NoError(t, json.Unmarshal(testmanifests.Read(t, "dockerfile", file), &d))
	return d
}

// last is the arguments of the last instruction of that name, which is the one that counts.
func (d dockerfile) last(t *testing.T, name string) []string {
	t.Helper()
	all := d.all(name)
	require.NotEmpty(t, all, name)
	return all[len(all)-1].Args
}

func (d dockerfile) all(name string) []instruction {
	return slices.DeleteFunc(slices.Clone(d.Instructions), func(i instruction) bool { return i.Name != name })
}

func TestBuildKitHasNothingToSayOfTheDockerfile(t *testing.T) {
	assert.Empty(t, readDockerfile(t, "Dockerfile").Warnings)
}

func TestBuildKitFindsWhatIsWrong(t *testing.T) {
	file := filepath.Join(t.TempDir(), "Dockerfile")
	text, err := os.ReadFile("Dockerfile")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, []byte(strings.Replace(string(text), " AS build", " as build", 1)+"MAINTAINER nobody\n"), 0o600))
	warnings := strings.Join(readDockerfile(t, file).Warnings, "\n")
	assert.Contains(t, warnings, "FromAsCasing")
	assert.Contains(t, warnings, "MaintainerDeprecated")

	require.NoError(t, os.WriteFile(file, append(text, "ENTRYPOIN [\"/bin/sh\"]\n"...), 0o600))
	_, err = testmanifests.Try(t, "dockerfile", file)
	assert.ErrorContains(t, err, "unknown instruction: ENTRYPOIN")
}

func TestTheImageNeedsNoShellNorRoot(t *testing.T) {
	d := readDockerfile(t, "Dockerfile")
	for _, name := range []string{"ENTRYPOINT", "CMD"} {
		all := d.all(name)
		require.Len(t, all, 1, name)
		assert.True(t, all[0].JSON, "%s would be run by a shell, which the image does not have", name)
	}
	assert.Equal(t, []string{"/usr/bin/drift_exporter"}, d.last(t, "ENTRYPOINT"))
	assert.Equal(t, []string{"65532:65532"}, d.last(t, "USER"))
	assert.Equal(t, []string{"10186"}, d.last(t, "EXPOSE"))
	assert.Equal(t, []string{"/var/lib/drift_exporter"}, d.last(t, "VOLUME"))
}

func TestImagesArePinnedByTag(t *testing.T) {
	d := readDockerfile(t, "Dockerfile")
	for _, from := range d.all("FROM") {
		assert.Regexp(t, `^\$\{\w+_IMAGE\}$`, from.Args[0], "an argument, so that a digest can be given")
	}
	images := map[string]string{}
	for _, arg := range d.all("ARG") {
		if name, value, _ := strings.Cut(arg.Args[0], "="); strings.HasSuffix(name, "_IMAGE") {
			images[name] = value
		}
	}
	assert.Equal(t, "gcr.io/distroless/static-debian12:nonroot", images["BASE_IMAGE"])
	mod, err := os.ReadFile(filepath.Join(testenv.Repository(t), "go.mod"))
	require.NoError(t, err)
	version := regexp.MustCompile(`(?m)^go (\S+)$`).FindSubmatch(mod)
	require.NotNil(t, version)
	assert.Equal(t, "docker.io/library/golang:"+string(version[1])+"-bookworm", images["GO_IMAGE"], "the version of go.mod")
}

func TestTheImageIsBuiltWithTheFlagsOfTheMakefile(t *testing.T) {
	makefile, err := os.ReadFile(filepath.Join(testenv.Repository(t), "Makefile"))
	require.NoError(t, err)
	variables := regexp.MustCompile(`-X \S+\.(\w+)=`)
	var want []string
	for _, match := range variables.FindAllStringSubmatch(string(makefile), -1) {
		want = append(want, match[1])
	}
	require.NotEmpty(t, want)
	var got []string
	for _, match := range variables.FindAllStringSubmatch(runCommand(t, "go build"), -1) {
		got = append(got, match[1])
	}
	assert.Equal(t, want, got)
}

// runCommand is the first shell command of the Dockerfile with that in it.
func runCommand(t *testing.T, what string) string {
	t.Helper()
	d := readDockerfile(t, "Dockerfile")
	i := slices.IndexFunc(d.Instructions, func(i instruction) bool {
		return i.Name == "RUN" && strings.Contains(i.Args[0], what)
	})
	require.GreaterOrEqual(t, i, 0)
	return d.Instructions[i].Args[0]
}
