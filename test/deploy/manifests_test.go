package deploy_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// root is the repository's, seen from this package.
const root = "../.."

// manifests are the objects of one overlay.
type manifests struct {
	objects    []metav1.Object // all of them
	namespaces []*corev1.Namespace
	workloads  []workload
	services   []*corev1.Service
	accounts   []*corev1.ServiceAccount
	configs    []*corev1.ConfigMap
	budgets    []*policyv1.PodDisruptionBudget
	// readme is the text that says what an operator must make.
	readme string
}

// workload is whatever makes pods.
type workload struct {
	name     string // "Deployment posts"
	own      string // the service whose program it runs, or empty
	template *corev1.PodTemplateSpec
	replicas int32
	// selector is nil for a Job, which ends by itself.
	selector *metav1.LabelSelector
	strategy appsv1.DeploymentStrategyType
	claims   []string
}

func (w workload) containers() []*corev1.Container {
	var out []*corev1.Container
	for i := range w.template.Spec.InitContainers {
		out = append(out, &w.template.Spec.InitContainers[i])
	}
	for i := range w.template.Spec.Containers {
		out = append(out, &w.template.Spec.Containers[i])
	}
	return out
}

// build builds the kustomization in dir and reads what comes out strictly.
func build(tb testing.TB, dir string) *manifests {
	tb.Helper()
	made, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		tb.Fatalf("build %s: %v", dir, err)
	}
	readme, err := os.ReadFile(filepath.Join(root, "deploy", "k8s", "README.md"))
	if err != nil {
		tb.Fatal(err)
	}
	m := &manifests{readme: string(readme)}
	decode := decoder(tb)
	for _, r := range made.Resources() {
		text, err := r.AsYAML()
		if err != nil {
			tb.Fatalf("%s: %v", r.CurId(), err)
		}
		object, err := decode(text)
		if err != nil {
			tb.Fatalf("%s: %v", r.CurId(), err)
		}
		if err := m.add(object); err != nil {
			tb.Fatalf("%s: %v", r.CurId(), err)
		}
	}
	return m
}

// decoder reads an object and refuses fields that its type does not have, in
// another case, or twice.
func decoder(tb testing.TB) func(text []byte) (runtime.Object, error) {
	tb.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, appsv1.AddToScheme, batchv1.AddToScheme, policyv1.AddToScheme} {
		if err := add(scheme); err != nil {
			tb.Fatal(err)
		}
	}
	strict := serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer()
	return func(text []byte) (runtime.Object, error) {
		object, _, err := strict.Decode(text, nil, nil)
		return object, err
	}
}

func (m *manifests) add(object runtime.Object) error {
	meta, ok := object.(metav1.Object)
	if !ok {
		return fmt.Errorf("%T has no metadata", object)
	}
	m.objects = append(m.objects, meta)
	switch o := object.(type) {
	case *corev1.Namespace:
		m.namespaces = append(m.namespaces, o)
	case *corev1.Service:
		m.services = append(m.services, o)
	case *corev1.ServiceAccount:
		m.accounts = append(m.accounts, o)
	case *corev1.ConfigMap:
		m.configs = append(m.configs, o)
	case *policyv1.PodDisruptionBudget:
		m.budgets = append(m.budgets, o)
	case *appsv1.Deployment:
		m.workloads = append(m.workloads, workload{
			name: "Deployment " + o.Name, template: &o.Spec.Template, selector: o.Spec.Selector,
			replicas: *o.Spec.Replicas, strategy: o.Spec.Strategy.Type, own: owner(&o.Spec.Template),
		})
	case *appsv1.StatefulSet:
		w := workload{
			name: "StatefulSet " + o.Name, template: &o.Spec.Template, selector: o.Spec.Selector,
			replicas: *o.Spec.Replicas, own: owner(&o.Spec.Template),
		}
		for _, claim := range o.Spec.VolumeClaimTemplates {
			w.claims = append(w.claims, claim.Name)
		}
		m.workloads = append(m.workloads, w)
	case *batchv1.Job:
		m.workloads = append(m.workloads, workload{name: "Job " + o.Name, template: &o.Spec.Template, replicas: 1, own: owner(&o.Spec.Template)})
	default:
		// Also a Secret: there are none in the repository.
		return fmt.Errorf("the tests know nothing of %T", object)
	}
	return nil
}

// owner is the service that the image of a template is named for.
func owner(t *corev1.PodTemplateSpec) string {
	for _, c := range t.Spec.Containers {
		if rest, ok := strings.CutPrefix(c.Image, "parution/"); ok {
			name, _, _ := strings.Cut(rest, ":")
			return name
		}
	}
	return ""
}

// environment is what a container of the overlay finds set.
func (m *manifests) environment(c *corev1.Container) map[string]string {
	env := make(map[string]string)
	for _, from := range c.EnvFrom {
		if from.ConfigMapRef == nil {
			continue
		}
		if config := m.config(from.ConfigMapRef.Name); config != nil {
			for name, value := range config.Data {
				env[from.Prefix+name] = value
			}
		}
	}
	for _, v := range c.Env {
		env[v.Name] = v.Value
	}
	return env
}

func (m *manifests) config(name string) *corev1.ConfigMap {
	for _, c := range m.configs {
		if c.Name == name {
			return c
		}
	}
	return nil
}

func (m *manifests) service(name string) *corev1.Service {
	for _, s := range m.services {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// selected are the workloads whose pods a selector matches.
func (m *manifests) selected(selector map[string]string) []workload {
	var out []workload
	for _, w := range m.workloads {
		if len(selector) > 0 && labels.SelectorFromSet(selector).Matches(labels.Set(w.template.Labels)) {
			out = append(out, w)
		}
	}
	return out
}

// folders are the names of what a pattern below the root matches.
func folders(tb testing.TB, pattern string) []string {
	tb.Helper()
	found, err := filepath.Glob(filepath.Join(root, pattern))
	if err != nil {
		tb.Fatal(err)
	}
	if len(found) == 0 {
		tb.Fatalf("nothing is at %s", pattern)
	}
	var out []string
	for _, path := range found {
		out = append(out, filepath.Base(path))
	}
	return out
}
