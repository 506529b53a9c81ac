package checker

import (
	"errors"

	"gopkg.in/yaml.v3"
)

var _ describer = envVarKind{}

func (envVarKind) selector() string { return "a name" }

// describe takes the name of an environment variable.
func (k envVarKind) describe(_ Facts, key string, a Answers) ([]*yaml.Node, []Question, error) {
	return describeSetting(k, key, Question{Op: "env_var", Arg: key}, a, func(answer string) (string, error) {
		value, set, err := envValue(answer)
		if err == nil && !set {
			err = errors.New("is not set")
		}
		return value, err
	})
}
