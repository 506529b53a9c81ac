package kubernetes_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

const nameLabel = "app.kubernetes.io/name"

func TestPortsAreTheExportersAndHaveOneName(t *testing.T) {
	dockerfile, err := os.ReadFile(filepath.Join(testenv.Repository(t), "deploy", "container", "Dockerfile"))
	require.NoError(t, err)
	exposed := regexp.MustCompile(`(?m)^EXPOSE (\d+)$`).FindSubmatch(dockerfile)
	require.NotNil(t, exposed)
	objects := build(t, "overlays/example")
	container := object(one(t, objects, "StatefulSet", "").at("spec", "template", "spec", "containers", 0).(map[string]any))
	require.Len(t, container.list("ports"), 1)
	assert.Equal(t, string(exposed[1]), fmt.Sprint(container.at("ports", 0, "containerPort")))
	name := container.text("ports", 0, "name")
	for _, probe := range []string{"startupProbe", "livenessProbe", "readinessProbe"} {
		assert.Equal(t, name, container.text(probe, "httpGet", "port"), probe)
	}
	for _, o := range objects {
		switch o.kind() {
		case "Service":
			assert.Equal(t, name, o.text("spec", "ports", 0, "targetPort"), o)
			assert.Equal(t, string(exposed[1]), fmt.Sprint(o.at("spec", "ports", 0, "port")), o)
			assert.Equal(t, name, o.text("spec", "ports", 0, "name"), o)
		case "NetworkPolicy":
			assert.Equal(t, name, o.text("spec", "ingress", 0, "ports", 0, "port"), o)
		case "ServiceMonitor":
			assert.Equal(t, name, o.text("spec", "endpoints", 0, "port"), o)
		}
	}
}

func TestSelectorsFindThePod(t *testing.T) {
	for _, dir := range single {
		objects := build(t, dir)
		set := one(t, objects, "StatefulSet", "")
		labels := set.at("spec", "template", "metadata", "labels").(map[string]any)
		for what, selector := range map[string]any{
			"StatefulSet":         set.at("spec", "selector", "matchLabels"),
			"PodDisruptionBudget": one(t, objects, "PodDisruptionBudget", "").at("spec", "selector", "matchLabels"),
			"NetworkPolicy":       one(t, objects, "NetworkPolicy", "").at("spec", "podSelector", "matchLabels"),
			"Service":             one(t, objects, "Service", "drift-exporter").at("spec", "selector"),
			"headless Service":    one(t, objects, "Service", set.text("spec", "serviceName")).at("spec", "selector"),
		} {
			require.NotEmpty(t, selector, "%s of %s: an empty selector takes every pod of the namespace", what, dir)
			assert.Subset(t, labels, selector, "%s of %s", what, dir)
		}
	}
}

func TestOneServiceIsScraped(t *testing.T) {
	objects := build(t, "overlays/example")
	selector := one(t, objects, "ServiceMonitor", "").at("spec", "selector", "matchLabels").(map[string]any)
	var found []string
	for _, o := range objects {
		labels, _ := o.at("metadata", "labels").(map[string]any)
		if o.kind() == "Service" && contains(labels, selector) {
			found = append(found, o.name())
		}
	}
	assert.Equal(t, []string{"drift-exporter"}, found, "one that is scraped through two Services counts twice")
}

func contains(all, part map[string]any) bool {
	for key, value := range part {
		if all[key] != value {
			return false
		}
	}
	return true
}

// kustomize, told to put labels into selectors, puts them into those of other pods as well: then nobody reaches anything.
func TestTheNetworkPolicyNamesTheOthers(t *testing.T) {
	for _, dir := range single {
		policy := one(t, build(t, dir), "NetworkPolicy", "")
		assert.ElementsMatch(t, []any{"Ingress", "Egress"}, policy.at("spec", "policyTypes"))
		var in, out []string
		for _, rule := range policy.list("spec", "ingress") {
			in = append(in, peers(rule, "from")...)
		}
		for _, rule := range policy.list("spec", "egress") {
			out = append(out, peers(rule, "to")...)
		}
		assert.Equal(t, []string{"ingress-nginx/* TCP:http", "monitoring/prometheus TCP:http"}, in, dir)
		networks := map[string][]string{
			"base": {"10.0.0.0/8 TCP:22"}, "overlays/example": {"192.0.2.0/25 TCP:22", "198.51.100.0/24 TCP:22"},
		}
		want := append([]string{"kube-system/kube-dns UDP:53 TCP:53", "monitoring/alertmanager TCP:9093"}, networks[dir]...)
		slices.Sort(want)
		slices.Sort(out)
		assert.Equal(t, want, out, dir)
	}
}

// peers are a rule's, each with the rule's ports.
func peers(rule object, direction string) []string {
	var ports, found []string
	for _, port := range rule.list("ports") {
		ports = append(ports, fmt.Sprintf("%s:%v", port.text("protocol"), port.at("port")))
	}
	for _, peer := range rule.list(direction) {
		who := peer.text("ipBlock", "cidr")
		if who == "" {
			labels, _ := peer.at("podSelector", "matchLabels").(map[string]any)
			pod := "*"
			for _, key := range []string{nameLabel, "k8s-app"} {
				if name, ok := labels[key].(string); ok {
					pod = name
				}
			}
			who = peer.text("namespaceSelector", "matchLabels", "kubernetes.io/metadata.name") + "/" + pod
		}
		found = append(found, who+" "+strings.Join(ports, " "))
	}
	slices.Sort(found)
	return found
}
