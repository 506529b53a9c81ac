package fleetbench

import (
	"fmt"
	"strings"
)

// AsWanted is what the script prints where nothing has drifted.
const AsWanted = "20 items as wanted\n"

// Script is how one would check the items by hand: one command for all files of a kind, nothing that is not needed, and
// one comparison. It prints AsWanted, or each line that is not as wanted and then fails. It has no quotes of the kind that
// programs put around a command ('), so that it may stand in one argument of whoever sends it.
func (i Items) Script() string {
	var wanted strings.Builder
	for _, path := range i.Files() {
		fmt.Fprintf(&wanted, "%s regular file 644 %s %s\n", path, i.Owner, i.Group)
	}
	for _, path := range i.Directories() {
		fmt.Fprintf(&wanted, "%s directory 755 %s %s\n", path, i.Owner, i.Group)
	}
	for _, path := range i.Files() {
		fmt.Fprintf(&wanted, "%s  %s\n", digest(i.Content(path)), path)
	}
	for _, name := range i.Packages {
		fmt.Fprintf(&wanted, "%s installed\n", name)
	}
	for _, key := range i.keys() {
		fmt.Fprintf(&wanted, "%s\n", i.Parameters[key])
	}
	files, all := strings.Join(i.Files(), " "), strings.Join(append(i.Files(), i.Directories()...), " ")
	return strings.NewReplacer(
		"@ALL@", all, "@FILES@", files, "@PACKAGES@", strings.Join(i.Packages, " "), "@PARAMETERS@", strings.Join(i.parameterFiles(), " "),
		"@WANTED@", strings.TrimSuffix(wanted.String(), "\n"),
	).Replace(script)
}

const script = `LC_ALL=C; export LC_ALL
wanted="@WANTED@"
seen=$(
stat -c "%n %F %a %U %G" @ALL@ 2>&1
sha256sum @FILES@ 2>&1
dpkg-query -W -f "\${Package} \${db:Status-Status}\n" @PACKAGES@ 2>&1
cat @PARAMETERS@ 2>&1
)
if [ "$seen" = "$wanted" ]; then
echo "20 items as wanted"
exit 0
fi
echo "drift:"
echo "$seen" | while IFS= read -r line; do
case "
$wanted
" in *"
$line
"*) ;; *) echo "$line" ;; esac
done
exit 1
`
