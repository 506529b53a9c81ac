package testtruth

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestNoticesAreThoseOfTheEpisodes(t *testing.T) {
	first, stored, second, third := time.Unix(100, 0), time.Unix(101, 0), time.Unix(200, 0), time.Unix(201, 0)
	fires := func(at time.Time) Notice { return Notice{Status: "firing", StartsAt: at} }
	ends := func(at time.Time, why string) Notice {
		return Notice{Status: "resolved", StartsAt: at, Annotations: map[string]string{"resolved_reason": why}}
	}
	over, on := Episode{Told: first, Reason: "compliant"}, Episode{Told: second}
	for name, c := range map[string]struct {
		notices  []Notice
		episodes []Episode
		why      string
	}{
		"nothing of nothing":              {nil, nil, ""},
		"a start, an end, a start":        {[]Notice{fires(first), ends(first, "compliant"), fires(second)}, []Episode{over, on}, ""},
		"a missing start":                 {[]Notice{fires(first), ends(first, "compliant")}, []Episode{over, on}, "nothing was told of the start"},
		"a missing end":                   {[]Notice{fires(first), fires(second)}, []Episode{over, on}, "nothing was told of the end"},
		"an end too much":                 {[]Notice{fires(second), ends(second, "compliant")}, []Episode{on}, "resolved was told of once more"},
		"a start twice":                   {[]Notice{fires(second), fires(second)}, []Episode{on}, "firing was told of once more"},
		"a start of nothing":              {[]Notice{fires(second)}, nil, "firing was told of once more"},
		"another start":                   {[]Notice{fires(first)}, []Episode{on}, "it starts at"},
		"another reason":                  {[]Notice{fires(first), ends(first, "removed")}, []Episode{over}, "it ended as removed, not compliant"},
		"a repeat by a forgetful one":     {[]Notice{fires(second), fires(second)}, []Episode{{Told: second, Repeats: 1}}, ""},
		"more repeats than it forgot":     {[]Notice{fires(second), fires(second), fires(second)}, []Episode{{Told: second, Repeats: 1}}, "once more"},
		"an end that nobody could hear":   {[]Notice{fires(first), fires(second)}, []Episode{{Told: first, Reason: "compliant", Unheard: true}, on}, ""},
		"once more after a loss of power": {[]Notice{fires(first), ends(first, "compliant"), fires(first), ends(first, "compliant")}, []Episode{{Told: first, Reason: "compliant", Relapses: 1}}, ""},
		"a start whose record was lost":   {[]Notice{fires(first), fires(second)}, []Episode{{Told: second, Lost: true}}, ""},
		"and its end":                     {[]Notice{fires(first), ends(first, "compliant"), fires(second)}, []Episode{{Told: second, Lost: true}}, ""},
		"or that of the one before": {
			[]Notice{fires(first), ends(first, "compliant"), fires(second), ends(stored, "compliant"), fires(third)},
			[]Episode{{StartsAt: stored, Told: first, Reason: "compliant"}, {StartsAt: third, Told: third, Lost: true}}, "",
		},
		"but not of any other": {
			[]Notice{fires(first), ends(first, "compliant"), fires(second), ends(first.Add(1), "compliant"), fires(third)},
			[]Episode{{StartsAt: stored, Told: first, Reason: "compliant"}, {StartsAt: third, Told: third, Lost: true}}, "once more",
		},
		"a lost start and none that stands": {[]Notice{ends(first, "compliant")}, []Episode{{Told: second, Lost: true}}, "nothing was told of the start"},
		"once more without a loss of power": {[]Notice{fires(first), ends(first, "compliant"), fires(first), ends(first, "compliant")}, []Episode{over}, "firing was told of once more"},
	} {
		t.Run(name, func(t *testing.T) {
			ok, why := follows(c.notices, c.episodes)
			assert.Equal(t, c.why == "", ok, why)
			assert.Contains(t, why, c.why)
		})
	}
}
