package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestMistypedCommandLinesAreAnsweredInOneLine(t *testing.T) {
	for name, test := range map[string]struct{ line, want string }{
		"a command":                 {"chekc", `unknown command "chekc" (did you mean "check"?); try drift_exporter --help`},
		"a command like no other":   {"frobnicate", `unknown command "frobnicate"; try drift_exporter --help`},
		"a command to be helped at": {"help chekc", `unknown command "chekc" (did you mean "check"?); try drift_exporter --help`},
		"a flag":                    {"check --formt=json", `check: unknown flag --formt (did you mean "--format"?); try drift_exporter check --help`},
		"a flag that all have":      {"check --config.flie=x", `check: unknown flag --config.flie (did you mean "--config.file"?); try drift_exporter check --help`},
		"a flag of serve, alone":    {"--web.enable-lifecicle", `unknown flag --web.enable-lifecicle (did you mean "--web.enable-lifecycle"?); try drift_exporter --help`},
		"a short flag":              {"check -x", `check: unknown flag -x; try drift_exporter check --help`},
		"a flag before its command": {"--format=json check", `--format is no flag of the program but of check: name the command before it; try drift_exporter --help`},
		"a kind to describe":        {"snapshot web1 --services=all", `snapshot: unknown flag --services (did you mean "--service"?); try drift_exporter snapshot --help`},
		"a format":                  {"check --format=jsn", `check: --format: "jsn" is not one of text, json, junit (did you mean "json"?); try drift_exporter check --help`},
		"a colour":                  {"check --color=on", `check: --color: "on" is not one of auto, always, never; try drift_exporter check --help`},
		"a log level":               {"--log.level=inf", `--log.level: "inf" is not one of debug, info, warn, error (did you mean "info"?); try drift_exporter --help`},
		"a log format":              {"validate --log.format=jsno", `validate: --log.format: "jsno" is not one of logfmt, json (did you mean "json"?); try drift_exporter validate --help`},
		"a value for a switch":      {"check --diff=true", `check: --diff takes no value; to turn it off, write --no-diff; try drift_exporter check --help`},
		"a flag without its value":  {"check --pack", `check: expected argument for flag '--pack'; try drift_exporter check --help`},
		"a flag given twice":        {"check --format=text --format=json", `check: flag 'format' cannot be repeated; try drift_exporter check --help`},
		"an argument too many":      {"validate config.yaml", `validate: unexpected argument "config.yaml"; try drift_exporter validate --help`},
		"an argument too few":       {"snapshot", `snapshot: required argument 'machine' not provided; try drift_exporter snapshot --help`},
	} {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr strings.Builder
			assert.Equal(t, exitUnknown, execute(strings.Fields(test.line), environment{}, &stdout, &stderr))
			assert.Equal(t, "drift_exporter: "+test.want+"\n", stderr.String())
			assert.Empty(t, stdout.String())
		})
	}
}

func TestWhatWasMistypedIsShownLiterally(t *testing.T) {
	const evil = "x\x1b]0;owned\a\n\u202e"
	for _, args := range [][]string{
		{evil}, {"--" + evil}, {"-" + "\x1b"}, {"check", "--" + evil + "=1"}, {"check", "--format=" + evil}, {"validate", evil},
		{"help", evil}, {"--log.level=" + evil}, {"check", "--pack", "--" + evil}, {"check", "@/" + evil}, {"snapshot", "web1", evil},
	} {
		var stdout, stderr strings.Builder
		assert.Equal(t, exitUnknown, execute(args, environment{}, &stdout, &stderr), "%q", args)
		said := stdout.String() + stderr.String()
		assert.Equal(t, 1, strings.Count(said, "\n"), "%q", said)
		assert.False(t, strings.ContainsAny(said, "\x1b\a\u202e"), "%q", said)
	}
}
