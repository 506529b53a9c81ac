package testtruth

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTheModelOfAPair(t *testing.T) {
	m := &Machine{Name: "m", Packs: AllPacks}
	model := &Model{Pairs: map[string]*Truth{}}
	all := []*Machine{m}
	base, app, web := model.pair("m", "base"), model.pair("m", "app"), model.pair("m", "web")
	ran := func(id string) { model.ran(id, all) }

	m.Files = Files{App: 1}
	ran("1")
	assert.Equal(t, "drifted", app.Verdict)
	assert.False(t, app.Fires(), "a first verdict is no drift")
	m.Files = Files{Base: 2}
	ran("2")
	assert.True(t, base.Fires())
	assert.Equal(t, "machine_changed", base.episode().Cause)
	m.Reach = Refuses
	ran("3")
	assert.True(t, base.Fires(), "it stands while the machine is away")
	assert.Equal(t, "unknown", base.Attempt)
	assert.Equal(t, "drifted", base.Verdict)
	m.Reach, m.Files.Base, m.Waived = Up, 1, true
	ran("4")
	assert.Equal(t, "waived", base.episode().Reason)
	m.Waived = false
	ran("5")
	assert.Equal(t, "waiver_expired", base.episode().Cause)
	model.Web++
	ran("6")
	assert.Equal(t, "pack_changed", web.episode().Cause)
	m.Disabled = true
	model.configured(all)
	assert.Equal(t, "disabled", base.episode().Reason)
	m.Disabled = false
	assert.Equal(t, all, model.configured(all))
	ran("7")
	assert.False(t, base.Fires(), "what comes back has a first verdict")

	assert.Equal(t, []Change{{"compliant", 0, "1"}, {"drifted", 2, "2"}, {"compliant", 0, "4"}, {"drifted", 1, "5"}}, base.Changes[:4])
	assert.Equal(t, Counts{ID: "3", Total: 1, Failed: 1}, model.Runs[2])
}
