package main

import (
	"bytes"
	"encoding/json"
	"os"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// instruction is one of a Dockerfile's, in its order.
type instruction struct {
	Name  string   `json:"name"` // upper case
	Flags []string `json:"flags"`
	JSON  bool     `json:"json"` // written as a list: it needs no shell
	Args  []string `json:"args"`
}

// dockerfile parses as BuildKit does, with the warnings that it has without pulling an image.
func dockerfile(file string) ([]byte, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	parsed, err := parser.Parse(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	out := struct {
		Instructions []instruction `json:"instructions"`
		Warnings     []string      `json:"warnings"`
	}{Warnings: []string{}}
	for _, w := range parsed.Warnings {
		out.Warnings = append(out.Warnings, w.Short)
	}
	lint := linter.New(&linter.Config{Warn: func(rule, _, _, message string, _ []parser.Range) {
		out.Warnings = append(out.Warnings, rule+": "+message)
	}})
	if _, _, err := instructions.Parse(parsed.AST, lint); err != nil {
		return nil, err
	}
	for _, node := range parsed.AST.Children {
		i := instruction{Name: string(bytes.ToUpper([]byte(node.Value))), Flags: node.Flags, JSON: node.Attributes["json"]}
		for next := node.Next; next != nil; next = next.Next {
			i.Args = append(i.Args, next.Value)
		}
		out.Instructions = append(out.Instructions, i)
	}
	return json.Marshal(out)
}
