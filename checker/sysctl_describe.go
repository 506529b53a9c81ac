package checker

import (
	"errors"

	"gopkg.in/yaml.v3"
)

var _ describer = sysctlKind{}

func (sysctlKind) selector() string { return "a name" }

// describe takes the name of a kernel parameter.
func (k sysctlKind) describe(_ Facts, key string, a Answers) ([]*yaml.Node, []Question, error) {
	return describeSetting(k, key, Question{Op: "sysctl", Arg: procPath(key)}, a, func(answer string) (string, error) {
		if answer == "absent" {
			return "", errors.New("the kernel has no such parameter")
		}
		return sysctlValue(answer), nil
	})
}
