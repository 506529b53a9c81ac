package fleetbench

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Who checked nothing, or only some machines, must not be taken for fast.
func TestAContestantThatDidNotCheckAllIsNotTimed(t *testing.T) {
	f := Fleet{Machines: 2, Items: NewItems("/m", "u", "g")}
	drift := "drift:\n" + strings.Repeat("0", 64) + "  " + planted(f.Items) + "\n"
	recap := func(host, ok, changed, failed string) string {
		return fmt.Sprintf("%s : ok=%s changed=%s unreachable=0 failed=%s skipped=0 rescued=0 ignored=0\n", host, ok, changed, failed)
	}
	for _, c := range []struct {
		contestant
		good, short, drifted string
		status               int // where something has drifted
	}{
		{floor, "2 of 2 as wanted\n", "1 of 1 as wanted\n", "a: " + drift + "b: " + drift + "0 of 2 as wanted\n", 1},
		{check, "2 machines: 2 compliant\n", "2 machines: 1 compliant, 1 unknown\n", "wrong_content " + planted(f.Items) + "\nwrong_content\n2 machines: 0 compliant, 2 drifted", 1},
		{xargs, AsWanted + AsWanted, AsWanted, drift + drift, 123},
		{clush, "a: " + AsWanted + "b: " + AsWanted, "a: " + AsWanted, "a: " + drift + "b: " + drift, 1},
		{ansible, recap("a", "4", "0", "0") + recap("b", "4", "0", "0"), recap("a", "4", "0", "0") + recap("b", "3", "0", "1"),
			"(item=" + planted(f.Items) + ")\n" + recap("a", "4", "1", "0") + recap("b", "4", "1", "0"), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			assert.True(t, c.agrees(f, 0, c.good))
			assert.False(t, c.agrees(f, 0, c.short))
			assert.False(t, c.agrees(f, 0, ""))
			assert.False(t, c.agrees(f, 2, c.good))
			assert.False(t, c.agrees(f, c.status, c.drifted))
			assert.True(t, c.finds(f, c.status, c.drifted))
			assert.False(t, c.finds(f, 0, c.good))
			assert.False(t, c.finds(f, c.status, ""))
		})
	}
}
