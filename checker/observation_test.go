package checker

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/drift-exporter/drift_exporter/checker/pack"
	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// reading is a kind that cannot judge a file without its whole content, which has to be as long as said.
type reading struct{ sysctlKind }

type readItem struct {
	path string
	size int64
}

func (r readItem) Identity() string   { return r.path }
func (r readItem) Definition() string { return r.path }

func (reading) Decode(*yaml.Node, pack.Templates) (pack.Item, yamlfile.Problems) { return nil, nil }

func (reading) Ask(_ Facts, item pack.Item) ([]Question, error) {
	return []Question{{Op: "sum", Arg: item.(readItem).path}}, nil
}

func (reading) Compare(_ Facts, item pack.Item, a Answers) ([]state.Mismatch, []Question, error) {
	r := item.(readItem)
	q := Question{Op: "content", Arg: r.path, Size: r.size}
	if !a.has(q) {
		return nil, []Question{q}, errUndecided
	}
	content, err := a.to(q.Op, q.Arg)
	if err != nil {
		return nil, nil, err
	}
	if sum, _ := a.to("sum", r.path); sum != hashOf([]byte(content)) || int64(len(content)) != r.size {
		return []state.Mismatch{{Type: "wrong_content", Expected: sum, Actual: strconv.Itoa(len(content))}}, nil, nil
	}
	return nil, nil, nil
}

// expand makes a glob of what ends with *.
func (reading) expand(_ Facts, item pack.Item, _ Answers) ([]pack.Item, error) {
	r := item.(readItem)
	names, err := filepath.Glob(r.path)
	if err != nil || !strings.HasSuffix(r.path, "*") {
		return nil, err
	}
	var items []pack.Item
	for _, name := range names {
		items = append(items, readItem{name, r.size})
	}
	return items, nil
}

// observeAll observes items of the kind reading, and returns how often the machine was asked.
func observeAll(t *testing.T, sh Transport, items ...pack.Item) (all []*observation, asked int, err error) {
	var sent bytes.Buffer
	d, err := startDialogue(t.Context(), transportFunc(func(_ Transport, s Session) Session { return recorder{s, &sent} }).over(sh), &config.Machine{}, allOps(), testNonce)
	require.NoError(t, err)
	t.Cleanup(d.close)
	facts, err := d.facts(&config.Machine{})
	require.NoError(t, err)
	for _, item := range items {
		all = append(all, &observation{entry: &pack.Entry{Kind: "reading", Item: item}, item: item, kind: reading{}, said: &facts})
	}
	if err = d.observe(all); err == nil {
		err = d.bye()
	}
	for q := range d.answers {
		assert.NotEqual(t, "content", q.Op, "contents are forgotten once nobody waits for them")
	}
	return all, strings.Count(sent.String(), "\nstage\n"), err
}

func longFiles(t *testing.T, count, size int) string {
	dir := t.TempDir()
	for i := range count {
		// One line without an end, the longest there can be.
		require.NoError(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("f%03d", i)), bytes.Repeat([]byte{byte('a' + i%26)}, size), 0o644))
	}
	return dir
}

func TestLargeContentsAreAskedForAFewAtATime(t *testing.T) {
	const count = 20
	dir := longFiles(t, count, maxContent)
	var items []pack.Item
	for range 3 { // what several items wait for is fetched once
		for i := range count {
			items = append(items, readItem{filepath.Join(dir, fmt.Sprintf("f%03d", i)), maxContent})
		}
	}
	all, asked, err := observeAll(t, shells(t)[0], items...)
	require.NoError(t, err)
	for _, o := range all {
		require.NoError(t, o.err)
		assert.Empty(t, o.mismatches)
	}
	assert.Equal(t, 1+(count+7)/8, asked, "hashes, and 8 MiB of contents at a time")
}

func TestSmallContentsAreAskedForAtOnce(t *testing.T) {
	dir := longFiles(t, 200, 100)
	var items []pack.Item
	for i := range 200 {
		items = append(items, readItem{filepath.Join(dir, fmt.Sprintf("f%03d", i)), 100})
	}
	_, asked, err := observeAll(t, shells(t)[0], items...)
	require.NoError(t, err)
	assert.Equal(t, 2, asked)
}

func TestEveryShellSendsLargeContents(t *testing.T) {
	dir := longFiles(t, 1, maxContent)
	eachShell(t, func(t *testing.T, sh shell) {
		all, _, err := observeAll(t, sh, readItem{filepath.Join(dir, "f000"), maxContent})
		require.NoError(t, err)
		require.NoError(t, all[0].err)
		assert.Empty(t, all[0].mismatches)
	})
}

func TestItemsThatStandForOthersAreJudgedByEach(t *testing.T) {
	dir := longFiles(t, 3, 10)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "f001"), []byte("short"), 0o644))
	all, _, err := observeAll(t, shells(t)[0], readItem{filepath.Join(dir, "f*"), 10}, readItem{filepath.Join(dir, "f000"), 10})
	require.NoError(t, err)
	flat := flattened(all)
	require.Len(t, flat, 4)
	assert.Empty(t, flat[0].mismatches)
	require.Len(t, flat[1].mismatches, 1)
	m := flat[1].mismatches[0]
	assert.Equal(t, filepath.Join(dir, "f001"), m.Item)
	assert.Equal(t, filepath.Join(dir, "f*"), m.Of)
	assert.Equal(t, state.ItemID("reading", m.Of), m.ID(), "the pack demands it by the pattern")
	assert.Empty(t, flat[3].mismatches)
}

func TestWaiversOfWhatAnItemStandsFor(t *testing.T) {
	m := state.Mismatch{Kind: "file", Item: "/etc/a", Of: "/etc/*"}
	for item, want := range map[string]bool{"/etc/a": true, "/etc/*": true, "/etc/b": false} {
		_, waived := waiverOf(map[string]config.Waiver{state.ItemID("file", item): {Reason: "because"}}, m)
		assert.Equal(t, want, waived, item)
	}
}

func TestAnItemThatNeedsTooMuchIsAnError(t *testing.T) {
	o := &observation{open: true}
	for range maxHeld / maxContent {
		o.rounds = 0
		o.wait([]Question{{Op: "content", Arg: "/x", Size: maxContent}})
		require.NoError(t, o.err)
	}
	o.rounds = 0
	o.wait([]Question{{Op: "content", Arg: "/x", Size: 1}})
	require.EqualError(t, o.err, "needs more than 32 MiB of the machine")
	assert.False(t, o.open)
}

func TestWhatLetsAScriptRunAsRoot(t *testing.T) {
	assert.Empty(t, elevate("0", false))
	assert.Empty(t, elevate("", true), "a machine that does not say who runs it")
	assert.Equal(t, "become: true", elevate("1000", false))
	assert.Equal(t, "become_user: root", elevate("1000", true))
}

// undecided never has enough.
type undecided struct{ sysctlKind }

func (undecided) Ask(Facts, pack.Item) ([]Question, error) {
	return []Question{{Op: "sum", Arg: "/"}}, nil
}

func (undecided) Compare(_ Facts, _ pack.Item, a Answers) ([]state.Mismatch, []Question, error) {
	return nil, []Question{{Op: "sum", Arg: "/" + strconv.Itoa(len(a))}}, errUndecided
}

func TestAKindThatNeverDecidesGivesAnError(t *testing.T) {
	d, err := startDialogue(t.Context(), shells(t)[0], &config.Machine{}, allOps(), testNonce)
	require.NoError(t, err)
	defer d.close()
	_, err = d.facts(&config.Machine{})
	require.NoError(t, err)
	o := &observation{item: readItem{path: "/x"}, entry: &pack.Entry{Item: readItem{path: "/x"}}, kind: undecided{}}
	require.NoError(t, d.observe([]*observation{o}))
	require.ErrorIs(t, o.err, errBug)
	assert.Empty(t, o.mismatches)
}
