package exporter

import (
	"context"
	"net/http"
)

// packData is a pack and how many machines it is checked on.
type packData struct {
	Pack        string `json:"pack"`
	Name        string `json:"name"`
	Description string `json:"description"`
	Extends     string `json:"extends,omitempty"`
	File        string `json:"file"`
	Items       int    `json:"items"`
	Machines    int    `json:"machines"` // enabled ones that carry it
}

func (e *Exporter) apiPacks(context.Context, *http.Request) (any, error) {
	fleet := e.opts.Fleet()
	carriers := map[string]int{}
	machines := fleet.machines()
	for i := range machines {
		if !machines[i].Enabled {
			continue
		}
		for p := range pairs(e.opts.View, &machines[i]) {
			carriers[p.pack]++
		}
	}
	list := []packData{}
	if fleet != nil {
		for _, p := range fleet.Packs {
			list = append(list, packData{
				Pack: p.ID, Name: p.Name, Description: p.Description, Extends: p.Extends, File: p.File,
				Items: p.Items, Machines: carriers[p.ID],
			})
		}
	}
	return struct {
		Packs []packData `json:"packs"`
	}{list}, nil
}
