// Manifests reads Dockerfiles, compose files and kustomizations with the libraries of BuildKit, Compose and kustomize
// themselves and prints what they make of them, for the tests in deploy. Problems go to stderr, and the exit status is 1.
//
//	manifests dockerfile FILE      its instructions and BuildKit's warnings, as JSON
//	manifests context DIR          the files of DIR that .dockerignore lets into an image build, one a line
//	manifests compose FILE         the project with its defaults and interpolations, as JSON
//	manifests kustomize DIR        the objects, as YAML
package main

import (
	"fmt"
	"os"
)

func main() {
	commands := map[string]func(string) ([]byte, error){
		"dockerfile": dockerfile, "context": buildContext, "compose": project, "kustomize": objects,
	}
	if len(os.Args) != 3 || commands[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: manifests dockerfile|context|compose|kustomize PATH")
		os.Exit(2)
	}
	out, err := commands[os.Args[1]](os.Args[2])
	if err == nil {
		_, err = os.Stdout.Write(out)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
