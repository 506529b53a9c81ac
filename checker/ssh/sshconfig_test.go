package ssh

import (
	"bytes"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

// asOpenSSH is what OpenSSH says that a file says about a host.
func asOpenSSH(t *testing.T, file, host string) hostConfig {
	t.Helper()
	out, err := exec.Command(testenv.Program(t, "ssh", "openssh-client"), "-G", "-F", file, host).CombinedOutput()
	require.NoError(t, err, "%s", out)
	var c hostConfig
	for line := range strings.Lines(string(out)) {
		keyword, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch keyword {
		case "hostname":
			c.hostName = value
		case "user":
			c.user = value
		case "port":
			c.port, err = parsePort(value)
			require.NoError(t, err)
		case "identityfile":
			c.identityFiles = append(c.identityFiles, value)
		case "certificatefile":
			c.certificateFiles = append(c.certificateFiles, value)
		case "identitiesonly":
			c.identitiesOnly = value
		case "proxyjump":
			c.proxyJump = value
		}
	}
	return c
}

// A file per behaviour: what it says of these hosts must be what OpenSSH says.
var sshConfigs = map[string]string{
	"the first value counts":      "Host web*\n Port 1\n User a\nHost *\n Port 2\n User b\n HostName h\n",
	"before the first Host":       "User first\nHost web1\n User second\n",
	"negated patterns":            "Host * !web1\n Port 1\nHost !db* web?\n User u\nHost !web1\n User never\n",
	"one character":               "Host web?\n Port 1\nHost web1?\n Port 2\nHost ????\n User four\n",
	"many stars":                  "Host *w*e*b*\n Port 1\nHost **\n User u\nHost *1\n HostName one\n",
	"dots and brackets":           "Host web.\n Port 1\nHost [w]eb1\n Port 2\nHost a.example.com\n Port 3\n",
	"tabs, equals and quotes":     "Host\tweb1\t\"db1\"\n\tPort=1\nHost = web2 db2\n  User = \"u\"\n\tHostName\t=\th.example.com\r\n",
	"spaces in quotes":            "Host *\n IdentityFile \"/a b/c\"\n IdentityFile '/d e'\n IdentityFile /f\\ g\n",
	"comments":                    "# Host *\nHost web1 # db1\n Port 1 # not 2\n #Port 3\n\n User u#v\n",
	"case":                        "hOST web1\n pORT 1\nHost WEB1\n Port 2\nHost Db1\n User u\n",
	"files add up":                "Host web1\n IdentityFile /1\n CertificateFile /c1\nHost *\n IdentityFile /2\n CertificateFile /c2\n",
	"only these":                  "Host web1\n IdentitiesOnly yes\nHost db1\n IdentitiesOnly no\nHost *\n IdentitiesOnly yes\n",
	"names made of the alias":     "Host web*\n HostName %h.example.com\nHost db*\n HostName %%h\n",
	"jumps":                       "Host web1\n ProxyJump a,b@c:1\nHost web2\n ProxyJump none\nHost *\n ProxyJump d\n",
	"a command that is none":      "Host web1\n ProxyCommand none\nHost *\n ProxyJump d\n",
	"match all":                   "Match all\n Port 1\n",
	"match host":                  "Match host web1,db*\n Port 1\nMatch host !web1,*\n User u\n",
	"match the host that it is":   "Host web1\n HostName real.example.com\nMatch host *.example.com\n Port 1\nMatch originalhost web1\n User u\nMatch host web1\n Port 2\n",
	"match several":               "Match originalhost web* user ann\n Port 1\nHost web1\n User ann\nMatch host=web1 user=ann\n Port 2\n",
	"match not":                   "Match !host web1\n Port 1\nMatch host * !originalhost db1,db2\n User u\n",
	"match case":                  "Match host WEB1\n Port 1\nMatch user ROOT\n Port 2\n",
	"a condition is no host":      "Match host db1 exec \"false\"\n Port 9\nMatch exec \"false\" host web1\n Port 9\n",
	"include":                     "Host web1\n Include DIR/one DIR/missing\nHost *\n Port 9\n",
	"include by pattern":          "Include DIR/conf.d/*.conf\nHost *\n Port 9\n User last\n",
	"include ends with its block": "Include DIR/open\nPort 7\nUser after\n",
	"include in quotes":           "Include \"DIR/with space\"\nPort 7\n",
	"include in include":          "Include DIR/nested\nPort 7\n",
}

func TestSSHConfigIsReadAsOpenSSHReadsIt(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "conf.d", "z.conf"), 0o700))
	for name, text := range map[string]string{
		"one": "Port 1\nHost db1\n User db\nHost *\n User all\n", "open": "Host web1\n Port 1\n",
		"conf.d/2.conf": "Host web1\n Port 2\n User two\n", "conf.d/1.conf": "Host web1\n Port 1\n", "conf.d/3.txt": "User no\n",
		"with space": "User spaced\n", "nested": "Host db*\n Include " + dir + "/one\nHost web2\n User nested\n",
	} {
		writeFile(t, filepath.Join(dir, name), text)
	}
	for name, text := range sshConfigs {
		t.Run(name, func(t *testing.T) {
			file := writeFile(t, filepath.Join(t.TempDir(), "config"), strings.ReplaceAll(text, "DIR", dir))
			for _, host := range []string{"web1", "web2", "db1", "db2", "WEB1", "a.example.com"} {
				want := asOpenSSH(t, file, host)
				got, err := New(Options{User: "root", Home: "/root"}).lookUp(file, host, "", false)
				require.NoError(t, err)
				// What OpenSSH says where the file says nothing.
				got.hostName = choose(false, strings.ToLower(host), strings.ToLower(got.hostName))
				got.user, got.port = choose(false, "root", got.user), choose(false, 22, got.port)
				got.identitiesOnly = choose(false, "no", got.identitiesOnly)
				if len(got.identityFiles) == 0 {
					want.identityFiles = nil
				}
				if got.proxyJump == "none" {
					got.proxyJump = ""
				}
				assert.Equal(t, want, got, host)
			}
		})
	}
}

func TestIncludeIsRelativeToTheHome(t *testing.T) {
	home := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(home, ".ssh", "conf.d"), 0o700))
	writeFile(t, filepath.Join(home, ".ssh", "conf.d", "a"), "Port 1\n")
	writeFile(t, filepath.Join(home, "b"), "User b\n")
	file := writeFile(t, filepath.Join(t.TempDir(), "config"), "Include conf.d/* ~/b\n")
	c, err := New(Options{Home: home}).lookUp(file, "web1", "", false)
	require.NoError(t, err)
	assert.Equal(t, hostConfig{port: 1, user: "b"}, c)
	_, err = New(Options{}).lookUp(file, "web1", "", false)
	require.ErrorContains(t, err, "config:1: \"conf.d/*\": the home directory is not known")
}

func TestFilesThatIncludeEachOtherComeToAnEnd(t *testing.T) {
	dir := t.TempDir()
	file := writeFile(t, filepath.Join(dir, "a"), "Include "+dir+"/*\n")
	writeFile(t, filepath.Join(dir, "b"), "Include "+dir+"/*\n")
	_, err := New(Options{}).lookUp(file, "web1", "", false)
	require.ErrorContains(t, err, "include each other")
}

func TestConditionsThatAreNotSupportedAreWarnedOfOnce(t *testing.T) {
	canary := filepath.Join(t.TempDir(), "canary")
	file := writeFile(t, filepath.Join(t.TempDir(), "config"), "Match host db1 final\n Port 1\nMatch host web1 exec \"touch "+canary+"\"\n Port 2\nMatch !exec x\n Port 3\nHost *\n Port 4\n")
	var log bytes.Buffer
	transport := New(Options{User: "me", Logger: slog.New(slog.NewTextHandler(&log, nil))})
	for range 3 {
		tg, err := transport.resolve(&config.Machine{Name: "m", Address: "web1", SSH: config.SSH{ConfigFile: file}})
		require.NoError(t, err)
		assert.Equal(t, 4, tg.hops[0].port)
	}
	assert.Equal(t, 2, strings.Count(log.String(), "condition=exec"), &log)
	assert.NotContains(t, log.String(), "final", "its host is another")
	assert.NoFileExists(t, canary)
}

func TestMatchKnowsWhoLogsIn(t *testing.T) {
	file := writeFile(t, filepath.Join(t.TempDir(), "config"), "Match user own\n Port 1\nMatch user drift\n Port 2\nMatch localuser me user *\n Port 3\n")
	port := func(s config.SSH) int {
		s.ConfigFile = file
		tg, err := New(Options{User: "me"}).resolve(&config.Machine{Name: "m", Address: "web1", SSH: s})
		require.NoError(t, err)
		return tg.hops[0].port
	}
	assert.Equal(t, 1, port(config.SSH{User: "own", Explicit: map[string]bool{"user": true}}))
	assert.Equal(t, 2, port(config.SSH{User: "drift"}))
	assert.Equal(t, 3, port(config.SSH{}))
}

func TestJumpHostsHaveWaysOfTheirOwn(t *testing.T) {
	file := writeFile(t, filepath.Join(t.TempDir(), "config"), `
Host web*
  ProxyJump %r@inner-%n:2200
  User u
Host inner-*
  ProxyJump outer,middle
Host middle
  HostName middle.example.org
  ProxyJump never
Host outer
  ProxyJump edge
`)
	tg, err := New(Options{User: "me"}).resolve(&config.Machine{Name: "m", Address: "web1", SSH: config.SSH{ConfigFile: file}})
	require.NoError(t, err)
	var hops []string
	for _, h := range tg.hops {
		hops = append(hops, h.String())
	}
	assert.Equal(t, []string{"me@edge:22", "me@outer:22", "me@middle.example.org:22", "u@inner-web1:2200", "u@web1:22"}, hops)
}

func FuzzSSHConfig(f *testing.F) {
	for _, text := range sshConfigs {
		f.Add(text)
	}
	f.Add("Host \"\nMatch\n=\n\\\n")
	f.Fuzz(func(t *testing.T, text string) {
		lines, err := parseConfigLines("config", []byte(text))
		if err != nil {
			assert.Empty(t, lines)
			return
		}
		for _, l := range lines {
			require.NotEmpty(t, l.args)
			require.NotEmpty(t, l.keyword)
			require.NotContains(t, strings.Join(l.args, ""), "\n")
		}
		e := evaluation{t: New(Options{User: "u"}), alias: "web1"}
		_ = e.run(lines) // any answer but no panic
	})
}
