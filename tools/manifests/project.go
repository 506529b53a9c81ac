package main

import (
	"context"

	"github.com/compose-spec/compose-go/v2/cli"
)

// project loads a compose file as `docker compose config` does, with an empty environment.
func project(file string) ([]byte, error) {
	options, err := cli.NewProjectOptions([]string{file}, cli.WithName("check"))
	if err != nil {
		return nil, err
	}
	p, err := options.LoadProject(context.Background())
	if err != nil {
		return nil, err
	}
	return p.MarshalJSON()
}
