package deploy_test

import (
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
	admission "k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// graceful is what a program may take to stop: 25 s for its parts and 5 s for
// its last telemetry (chassis/program).
const graceful = 30 * time.Second

// checkPodSecurity asks the code with which the API server enforces the level
// of the namespace.
func (m *manifests) checkPodSecurity(p *problems) error {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		return fmt.Errorf("make the evaluator: %w", err)
	}
	for _, n := range m.namespaces {
		want, bad := admission.PolicyToEvaluate(n.Labels, admission.Policy{})
		if len(bad) > 0 || want.Enforce.Level != admission.LevelRestricted {
			p.addf("Namespace %s does not enforce the level restricted: %v", n.Name, bad)
		}
	}
	level := admission.LevelVersion{Level: admission.LevelRestricted, Version: admission.LatestVersion()}
	for _, w := range m.workloads {
		result := policy.AggregateCheckResults(evaluator.EvaluatePod(level, &w.template.ObjectMeta, &w.template.Spec))
		if !result.Allowed {
			p.addf("%s is not restricted: %s", w.name, result.ForbiddenDetail())
		}
	}
	return nil
}

func (m *manifests) checkPod(w workload, p *problems) {
	spec := w.template.Spec
	if spec.AutomountServiceAccountToken == nil || *spec.AutomountServiceAccountToken {
		p.addf("%s gets a token for the API server", w.name)
	}
	if spec.EnableServiceLinks == nil || *spec.EnableServiceLinks {
		p.addf("%s gets a variable for each Service", w.name)
	}
	if spec.SecurityContext == nil || spec.SecurityContext.RunAsUser == nil {
		p.addf("%s does not say which user it runs as", w.name)
	}
	for _, v := range spec.Volumes {
		// An fsGroup is what lets another user than root read the files.
		if v.Secret != nil && (spec.SecurityContext == nil || spec.SecurityContext.FSGroup == nil) {
			p.addf("%s cannot read the Secret %s", w.name, v.Secret.SecretName)
		}
	}
	if w.own == "" || w.selector == nil {
		return
	}
	for _, c := range w.containers() {
		drain, err := time.ParseDuration(m.environment(c)["PARUTION_DRAIN"])
		if err != nil || drain <= 0 {
			p.addf("%s stops while it still gets new connections", w.name)
			continue
		}
		need := drain + graceful
		if grace := spec.TerminationGracePeriodSeconds; grace == nil || time.Duration(*grace)*time.Second < need {
			p.addf("%s is killed before it could stop in order, which takes up to %s", w.name, need)
		}
	}
}

func checkContainer(name string, w workload, c *corev1.Container, p *problems) {
	if s := c.SecurityContext; s == nil || s.ReadOnlyRootFilesystem == nil || !*s.ReadOnlyRootFilesystem {
		p.addf("%s can write to its image", name)
	}
	if _, tag, ok := strings.Cut(c.Image, ":"); !ok || tag == "latest" {
		p.addf("%s: the image %s has no fixed tag", name, c.Image)
	}
	checkResources(name, c, p)
	if w.selector == nil {
		return
	}
	if c.LivenessProbe == nil || c.ReadinessProbe == nil {
		p.addf("%s lacks a probe", name)
	}
	for _, probe := range []*corev1.Probe{c.StartupProbe, c.LivenessProbe, c.ReadinessProbe} {
		if probe == nil {
			continue
		}
		var port intstr.IntOrString
		switch {
		case probe.GRPC != nil:
			port = intstr.FromInt32(probe.GRPC.Port)
		case probe.HTTPGet != nil:
			port = probe.HTTPGet.Port
		default:
			continue
		}
		if !w.declares(port) {
			p.addf("%s: a probe asks port %s, which it does not have", name, port.String())
		}
	}
}

func checkResources(name string, c *corev1.Container, p *problems) {
	for _, r := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
		request, limit := c.Resources.Requests[r], c.Resources.Limits[r]
		if request.IsZero() || limit.IsZero() {
			p.addf("%s has no request or no limit of %s", name, r)
		}
		if request.Cmp(limit) > 0 {
			p.addf("%s requests more %s than its limit", name, r)
		}
	}
}

// checkMemory wants Go's collector to know of the limit before the kernel does.
func (m *manifests) checkMemory(p *problems) {
	for _, w := range m.workloads {
		for _, c := range w.containers() {
			soft, ok := m.environment(c)["GOMEMLIMIT"]
			if !ok && w.own == "" {
				continue
			}
			q, err := resource.ParseQuantity(strings.TrimSuffix(soft, "B"))
			if err != nil || q.Cmp(*c.Resources.Limits.Memory()) >= 0 {
				p.addf("%s: GOMEMLIMIT=%q is not below the limit of %s", w.name, soft, c.Resources.Limits.Memory())
			}
		}
	}
}
