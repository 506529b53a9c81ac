package kubernetes_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

// role and sites are what the arguments of a replica say.
func role(t *testing.T, deployment object) (role string, sites []string) {
	t.Helper()
	for _, arg := range deployment.at("spec", "template", "spec", "containers", 0, "args").([]any) {
		if value, ok := strings.CutPrefix(arg.(string), "--cluster.role="); ok {
			role = value
		}
		if value, ok := strings.CutPrefix(arg.(string), "--worker.sites="); ok {
			sites = append(sites, value)
		}
	}
	return role, sites
}

func deployments(objects []object) []object {
	return slices.DeleteFunc(workloads(objects), func(o object) bool { return o.kind() != "Deployment" })
}

func podLabels(o object) map[string]any {
	labels, _ := o.at("spec", "template", "metadata", "labels").(map[string]any)
	return labels
}

// Two Deployments whose selectors find each other's pods end these in turn.
func TestEverySelectorOfTheClusteredFormFindsItsPodsAlone(t *testing.T) {
	for _, dir := range clustered {
		objects := build(t, dir)
		found := func(selector any) (names []string) {
			require.NotEmpty(t, selector, "an empty selector takes every pod of the namespace")
			for _, o := range workloads(objects) {
				if contains(podLabels(o), selector.(map[string]any)) {
					names = append(names, o.name())
				}
			}
			return names
		}
		budgets := map[string]bool{}
		for _, o := range objects {
			switch o.kind() {
			case "Deployment", "StatefulSet":
				assert.Equal(t, []string{o.name()}, found(o.at("spec", "selector", "matchLabels")), o)
				for _, spread := range o.list("spec", "template", "spec", "topologySpreadConstraints") {
					assert.Equal(t, []string{o.name()}, found(spread.at("labelSelector", "matchLabels")), o)
				}
			case "PodDisruptionBudget":
				assert.Equal(t, []string{o.name()}, found(o.at("spec", "selector", "matchLabels")), o)
				assert.EqualValues(t, 1, o.at("spec", "maxUnavailable"), o)
				budgets[o.name()] = true
			case "Service":
				assert.Equal(t, []string{o.name()}, found(o.at("spec", "selector")), o)
			}
		}
		for _, o := range workloads(objects) {
			assert.True(t, budgets[o.name()], "%s has no budget", o)
		}
	}
}

func TestEverySiteHasAWorkerAndEveryWorkerASite(t *testing.T) {
	objects := build(t, "overlays/clustered")
	var config struct {
		Machines []struct {
			Site string `yaml:"site"`
		} `yaml:"machines"`
	}
	taken, roles := map[string]bool{}, map[string]bool{}
	for _, d := range deployments(objects) {
		role, sites := role(t, d)
		roles[role] = true
		if role == "worker" && len(sites) == 0 {
			sites = []string{""} // machines without one
		}
		for _, site := range sites {
			taken[site] = true
		}
		files := content(t, objects, volume(t, d.at("spec", "template", "spec").(map[string]any), "config"))
		require.NoError(t, yaml.Unmarshal([]byte(files["config.yaml"]), &config))
	}
	wanted := map[string]bool{}
	for _, m := range config.Machines {
		wanted[m.Site] = true
	}
	assert.Equal(t, wanted, taken)
	assert.Equal(t, map[string]bool{"web": true, "worker": true}, roles)
}

// Who shows has no use for the key, and its network policy lets it reach no machine.
func TestOnlyWorkersHaveTheKey(t *testing.T) {
	for _, dir := range clustered {
		for _, d := range deployments(build(t, dir)) {
			var volumes []string
			for _, v := range d.list("spec", "template", "spec", "volumes") {
				volumes = append(volumes, v.text("name"))
			}
			role, _ := role(t, d)
			assert.Equal(t, role == "worker", slices.Contains(volumes, "ssh-key"), d)
		}
	}
}

// What replicas differ in makes them disagree on the fleet, and write different alerts.
func TestAllReplicasReadTheSame(t *testing.T) {
	for _, dir := range clustered {
		all := map[string]bool{}
		for _, d := range deployments(build(t, dir)) {
			for _, v := range d.list("spec", "template", "spec", "volumes") {
				if v.text("name") == "config" || v.text("name") == "packs" {
					text, err := yaml.Marshal(v)
					require.NoError(t, err)
					all[string(text)] = true
				}
			}
			env, err := yaml.Marshal(d.at("spec", "template", "spec", "containers", 0, "env"))
			require.NoError(t, err)
			all[string(env)] = true
		}
		assert.Len(t, all, 3, "%v", slices.Collect(maps.Keys(all)))
	}
}

// A rollout takes nobody away before another has seen the whole state, and goes on only when a replica that ended without
// saying so no longer counts.
func TestARolloutLeavesNoGap(t *testing.T) {
	for _, dir := range clustered {
		for _, d := range deployments(build(t, dir)) {
			container := object(d.at("spec", "template", "spec", "containers", 0).(map[string]any))
			assert.Equal(t, "/-/ready", container.text("startupProbe", "httpGet", "path"), d)
			assert.Equal(t, "/-/healthy", container.text("livenessProbe", "httpGet", "path"), "no restart brings NATS back")
			assert.Equal(t, "/-/healthy", container.text("readinessProbe", "httpGet", "path"), "without NATS the pages are still shown")
			if role, _ := role(t, d); role == "web" {
				assert.EqualValues(t, 0, d.at("spec", "strategy", "rollingUpdate", "maxUnavailable"))
				assert.Greater(t, d.at("spec", "minReadySeconds"), 15)
				assert.Greater(t, d.at("spec", "replicas"), 1)
			}
		}
	}
}

func TestNetworkPoliciesOfTheClusteredFormLetThroughWhatIsNeededAlone(t *testing.T) {
	const dns, metrics = "kube-system/kube-dns UDP:53 TCP:53", "monitoring/prometheus TCP:http"
	want := map[string][2][]string{ // in, out
		"drift-exporter":            {{"ingress-nginx/* TCP:http", metrics}, {dns, "monitoring/alertmanager TCP:9093"}},
		"drift-exporter-worker":     {{metrics}, {"192.0.2.0/25 TCP:22", dns}},
		"drift-exporter-worker-dmz": {{metrics}, {"198.51.100.0/24 TCP:22", dns}},
		"drift-exporter-nats":       {{"/drift-exporter TCP:client", "/drift-exporter-nats TCP:cluster"}, {"/drift-exporter-nats TCP:cluster", dns}},
		"drift-exporter-to-nats":    {nil, {"/drift-exporter-nats TCP:client"}},
	}
	objects := build(t, "overlays/clustered")
	got := map[string][2][]string{}
	covered := map[string]bool{}
	for _, o := range objects {
		if o.kind() != "NetworkPolicy" {
			continue
		}
		var in, out []string
		for _, rule := range o.list("spec", "ingress") {
			in = append(in, peers(rule, "from")...)
		}
		for _, rule := range o.list("spec", "egress") {
			out = append(out, peers(rule, "to")...)
		}
		slices.Sort(in)
		slices.Sort(out)
		got[o.name()] = [2][]string{in, out}
		types := o.at("spec", "policyTypes").([]any)
		assert.Equal(t, in != nil, slices.Contains(types, any("Ingress")), o)
		assert.Contains(t, types, "Egress", o)
		for _, w := range workloads(objects) {
			if in != nil && contains(podLabels(w), o.at("spec", "podSelector", "matchLabels").(map[string]any)) {
				assert.False(t, covered[w.name()], "%s: what two policies allow adds up", w)
				covered[w.name()] = true
			}
		}
	}
	assert.Equal(t, want, got)
	assert.Len(t, covered, len(workloads(objects)))
}
