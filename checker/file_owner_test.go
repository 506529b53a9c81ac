package checker

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// The machine says that toor is another name of the number 0, and stat that root is.
func TestOwnersByAnotherNameOfTheSameNumber(t *testing.T) {
	cases := []struct {
		item, user, group string
		asked             int // for accounts
		want              []state.Mismatch
	}{
		{"owner: root, group: root", "", "", 0, nil},
		{"owner: toor, group: wheel", "=toor:x:0:0::/:", "=wheel:x:0:", 2, nil},
		{"owner: toor, group: wheel", "=toor:x:1:0::/:", "absent", 2, []state.Mismatch{
			{Type: "wrong_owner", Expected: "toor", Actual: "root"}, {Type: "wrong_group", Expected: "wheel", Actual: "root"},
		}},
		{"owner: -x, group: +0", "", "", 0, []state.Mismatch{ // nobody is asked for these
			{Type: "wrong_owner", Expected: "-x", Actual: "root"}, {Type: "wrong_group", Expected: "+0", Actual: "root"},
		}},
	}
	for _, c := range cases {
		item, problems := decode(t, fileKind{}, "{path: /x, "+c.item+"}")
		require.Empty(t, problems)
		questions, err := fileKind{}.Ask(Facts{}, item)
		require.NoError(t, err)
		var got []state.Mismatch
		answers := Answers{}
		for rounds := 0; len(questions) > 0 && rounds < 3; rounds++ {
			for _, q := range questions {
				payload := map[string]string{"file": "self 81a4:0:0:1:root:root", "user": c.user, "group": c.group}[q.Op]
				require.NotEmpty(t, payload, "%v", q)
				answers[q] = Answer{Payload: payload}
			}
			got, questions, err = fileKind{}.Compare(Facts{}, item, answers)
		}
		require.NoError(t, err)
		assert.Equal(t, c.asked, len(answers)-1, c.item)
		assert.Equal(t, c.want, got, c.item)
	}
}

func TestOwnerThatCannotBeLookedUpIsAnError(t *testing.T) {
	item, problems := decode(t, fileKind{}, "{path: /x, owner: toor}")
	require.Empty(t, problems)
	_, _, err := fileKind{}.Compare(Facts{}, item, Answers{
		{Op: "file", Arg: "/x"}:   {Payload: "self 81a4:0:0:1:root:root"},
		{Op: "user", Arg: "toor"}: {Err: "getent and awk are missing"},
	})
	require.EqualError(t, err, "getent and awk are missing")
}
