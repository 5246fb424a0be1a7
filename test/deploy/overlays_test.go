package deploy_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

const dev = root + "/deploy/k8s/overlays/dev"

func TestOverlays(t *testing.T) {
	t.Parallel()
	programs := folders(t, "services/*/cmd/*")
	for _, name := range folders(t, "deploy/k8s/overlays/*") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := build(t, filepath.Join(root, "deploy/k8s/overlays", name))
			t.Logf("%d objects, %d of them make pods", len(m.objects), len(m.workloads))
			found, err := m.check(programs)
			if err != nil {
				t.Fatal(err)
			}
			for _, problem := range found {
				t.Error(problem)
			}
		})
	}
}

// TestBases builds each service by itself, as an overlay of one's own may.
func TestBases(t *testing.T) {
	t.Parallel()
	for _, name := range folders(t, "services/*/cmd/*") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := build(t, filepath.Join(root, "deploy/k8s/base", name))
			if m.service(name) == nil {
				t.Errorf("there is no Service %s", name)
			}
			for _, w := range m.workloads {
				if w.own != name {
					t.Errorf("%s runs the program of %q", w.name, w.own)
				}
			}
		})
	}
}

func TestUnknownFieldsAreRefused(t *testing.T) {
	t.Parallel()
	decode := decoder(t)
	for name, text := range map[string]string{
		"unknown":      "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {selectors: {a: b}}",
		"another case": "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {clusterip: None}",
		"twice":        "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {clusterIP: None, clusterIP: None}",
		"no such kind": "apiVersion: v1\nkind: Servise\nmetadata: {name: a}",
	} {
		if _, err := decode([]byte(text)); err == nil {
			t.Errorf("%s: decoded without an error", name)
		}
	}
}

// TestChecksBite breaks a sound overlay in one place each.
func TestChecksBite(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(m *manifests, posts *corev1.PodSpec)
		want  string
	}{
		"root":           {func(_ *manifests, s *corev1.PodSpec) { *s.SecurityContext.RunAsNonRoot = false }, "not restricted"},
		"writable":       {func(_ *manifests, s *corev1.PodSpec) { *s.Containers[0].SecurityContext.ReadOnlyRootFilesystem = false }, "can write"},
		"no limits":      {func(_ *manifests, s *corev1.PodSpec) { s.Containers[0].Resources.Limits = nil }, "no limit of memory"},
		"no probe":       {func(_ *manifests, s *corev1.PodSpec) { s.Containers[0].ReadinessProbe = nil }, "lacks a probe"},
		"probed port":    {func(_ *manifests, s *corev1.PodSpec) { s.Containers[0].LivenessProbe.GRPC.Port = 1 }, "asks port 1"},
		"no drain":       {func(m *manifests, _ *corev1.PodSpec) { m.set("PARUTION_DRAIN", "0s") }, "still gets new connections"},
		"grace":          {func(_ *manifests, s *corev1.PodSpec) { *s.TerminationGracePeriodSeconds = 30 }, "is killed"},
		"API token":      {func(_ *manifests, s *corev1.PodSpec) { s.AutomountServiceAccountToken = nil }, "a token"},
		"links":          {func(_ *manifests, s *corev1.PodSpec) { s.EnableServiceLinks = nil }, "a variable for each"},
		"image":          {func(_ *manifests, s *corev1.PodSpec) { s.Containers[0].Image = "parution/posts" }, "no fixed tag"},
		"unknown Secret": {func(_ *manifests, s *corev1.PodSpec) { s.Volumes[0].Secret.SecretName = "other" }, "does not say how"},
		"foreign key":    {func(_ *manifests, s *corev1.PodSpec) { s.Volumes[0].Secret.Items[0].Key = "gateway.key" }, "mounts the entry gateway.key"},
		"whole Secret":   {func(_ *manifests, s *corev1.PodSpec) { s.Volumes[0].Secret.Items = nil }, "mounts the whole"},
		"open Secret":    {func(_ *manifests, s *corev1.PodSpec) { *s.Volumes[0].Secret.DefaultMode = 0o444 }, "everybody"},
		"missing file":   {func(_ *manifests, s *corev1.PodSpec) { s.Containers[0].VolumeMounts = nil }, "nothing is mounted at /etc/parution/identity/key"},
		"account":        {func(_ *manifests, s *corev1.PodSpec) { s.ServiceAccountName = "default" }, "no ServiceAccount"},
		"no settings":    {func(m *manifests, _ *corev1.PodSpec) { m.configs = nil }, "no ConfigMap"},
		"loopback":       {func(m *manifests, _ *corev1.PodSpec) { m.set("PARUTION_OPS_LISTEN", "127.0.0.1:9090") }, "does not serve the pod's address"},
		"other port":     {func(m *manifests, _ *corev1.PodSpec) { m.set("PARUTION_LISTEN", ":7777") }, "not a port of the container"},
		"wrong address":  {func(m *manifests, _ *corev1.PodSpec) { m.set("PARUTION_POSTS_ADDR", "posts:7002") }, "no Service serves"},
		"password": {func(m *manifests, _ *corev1.PodSpec) {
			m.set("PARUTION_DATABASE_URL", "postgres://a:b@postgres:5432/a")
		}, "has a password"},
		"memory":   {func(m *manifests, _ *corev1.PodSpec) { m.set("GOMEMLIMIT", "2GiB") }, "is not below the limit"},
		"selector": {func(m *manifests, _ *corev1.PodSpec) { m.service("posts").Spec.Selector = map[string]string{"a": "b"} }, "selects no pods"},
		"Job's pods": {func(m *manifests, _ *corev1.PodSpec) {
			delete(m.service("posts").Spec.Selector, "app.kubernetes.io/component")
		}, "selects the pods of Job"},
		"target":          {func(m *manifests, _ *corev1.PodSpec) { m.service("posts").Spec.Ports[0].TargetPort.StrVal = "x" }, "has no port x"},
		"budget":          {func(m *manifests, _ *corev1.PodSpec) { m.budgets = m.budgets[1:] }, "has no PodDisruptionBudget"},
		"namespace":       {func(m *manifests, _ *corev1.PodSpec) { m.services[0].Namespace = "default" }, "is in the namespace"},
		"level":           {func(m *manifests, _ *corev1.PodSpec) { m.namespaces[0].Labels = nil }, "does not enforce"},
		"gone":            {func(m *manifests, _ *corev1.PodSpec) { m.workloads = nil }, "is not deployed"},
		"images for each": {func(m *manifests, _ *corev1.PodSpec) { m.scale(2) }, "images of their own"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := build(t, dev)
			c.spoil(m, m.posts(t))
			found, err := m.check(folders(t, "services/*/cmd/*"))
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(strings.Join(found, "\n"), c.want) {
				t.Errorf("found %q; want %q among it", found, c.want)
			}
		})
	}
}

func (m *manifests) posts(tb testing.TB) *corev1.PodSpec {
	tb.Helper()
	for _, w := range m.workloads {
		if w.name == "Deployment posts" {
			return &w.template.Spec
		}
	}
	tb.Fatal("there is no Deployment posts")
	return nil
}

// set changes a setting wherever it is.
func (m *manifests) set(name, value string) {
	for _, c := range m.configs {
		if _, ok := c.Data[name]; ok {
			c.Data[name] = value
		}
	}
}

func (m *manifests) scale(replicas int32) {
	for i := range m.workloads {
		m.workloads[i].replicas = replicas
	}
}

// TestContainerfile compares what the image says with what the pods expect of it.
func TestContainerfile(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(root, "deploy", "Containerfile"))
	if err != nil {
		t.Fatal(err)
	}
	stages := regexp.MustCompile(`(?m)^FROM (.+)$`).FindAllStringSubmatch(string(text), -1)
	if last := stages[len(stages)-1][1]; last != "scratch" {
		t.Errorf("the last stage is from %s; want scratch", last)
	}
	user := regexp.MustCompile(`(?m)^USER (\d+):\d+$`).FindStringSubmatch(string(text))
	if user == nil {
		t.Fatal("the image names no user by number: Kubernetes cannot tell that it is not root")
	}
	for _, w := range build(t, dev).workloads {
		if w.own == "" {
			continue
		}
		if got := strconv.FormatInt(*w.template.Spec.SecurityContext.RunAsUser, 10); got != user[1] {
			t.Errorf("%s runs as user %s, the image as %s", w.name, got, user[1])
		}
		if w.strategy == appsv1.RecreateDeploymentStrategyType && w.own != "gateway" {
			t.Errorf("%s is away during an update", w.name)
		}
	}
	for _, name := range folders(t, "services/*/cmd/*") {
		if !regexp.MustCompile(`[ |]` + name + `[|)]`).Match(text) {
			t.Errorf("the Containerfile does not build %s", name)
		}
	}
}
