package deploy_test

import (
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// problems collects what is wrong, in sentences.
type problems []string

func (p *problems) addf(format string, args ...any) { *p = append(*p, fmt.Sprintf(format, args...)) }

// check looks through an overlay in which each of programs must run.
func (m *manifests) check(programs []string) (problems, error) {
	var p problems
	m.checkNamespace(&p)
	m.checkPrograms(programs, &p)
	m.checkServices(&p)
	m.checkBudgets(&p)
	m.checkMemory(&p)
	for _, w := range m.workloads {
		m.checkPod(w, &p)
		m.checkReferences(w, &p)
		m.checkMedia(w, &p)
		for _, c := range w.containers() {
			name := w.name + ", container " + c.Name
			checkContainer(name, w, c, &p)
			m.checkPaths(name, w, c, &p)
			m.checkSettings(name, w, c, &p)
		}
	}
	return p, m.checkPodSecurity(&p)
}

func (m *manifests) checkNamespace(p *problems) {
	if len(m.namespaces) != 1 {
		p.addf("there are %d namespaces; want one", len(m.namespaces))
		return
	}
	for _, o := range m.objects {
		if want := m.namespaces[0].Name; o.GetNamespace() != want && o.GetName() != want {
			p.addf("%T %s is in the namespace %q", o, o.GetName(), o.GetNamespace())
		}
	}
}

func (m *manifests) checkPrograms(programs []string, p *problems) {
	for _, name := range programs {
		if !slices.ContainsFunc(m.workloads, func(w workload) bool { return w.own == name && w.selector != nil }) {
			p.addf("the service %s is not deployed", name)
		}
	}
}

// checkServices sees to it that a Service has servers behind it, and only those:
// it must not send calls to the pod of a Job.
func (m *manifests) checkServices(p *problems) {
	for _, s := range m.services {
		selected := m.selected(s.Spec.Selector)
		if len(selected) == 0 {
			p.addf("Service %s selects no pods", s.Name)
		}
		for _, w := range selected {
			if w.selector == nil {
				p.addf("Service %s selects the pods of %s", s.Name, w.name)
				continue
			}
			for _, port := range s.Spec.Ports {
				if !w.declares(port.TargetPort) {
					p.addf("Service %s: %s has no port %s", s.Name, w.name, port.TargetPort.String())
				}
			}
		}
	}
	for _, w := range m.workloads {
		if w.selector != nil && !labels.SelectorFromSet(w.selector.MatchLabels).Matches(labels.Set(w.template.Labels)) {
			p.addf("%s does not select its own pods", w.name)
		}
	}
}

// declares tells whether a container has the port.
func (w workload) declares(port intstr.IntOrString) bool {
	for _, c := range w.containers() {
		for _, have := range c.Ports {
			if port.Type == intstr.String && have.Name == port.StrVal || port.Type == intstr.Int && have.ContainerPort == port.IntVal {
				return true
			}
		}
	}
	return false
}

func (m *manifests) checkBudgets(p *problems) {
	covered := make(map[string]bool)
	for _, b := range m.budgets {
		selected := m.selected(b.Spec.Selector.MatchLabels)
		if len(selected) != 1 || selected[0].selector == nil {
			p.addf("PodDisruptionBudget %s selects %d workloads; want one that serves", b.Name, len(selected))
			continue
		}
		if b.Spec.MaxUnavailable == nil || b.Spec.MaxUnavailable.IntValue() < 1 {
			p.addf("PodDisruptionBudget %s can hold up a drain for ever", b.Name)
		}
		covered[selected[0].name] = true
	}
	for _, w := range m.workloads {
		if w.own != "" && w.selector != nil && !covered[w.name] {
			p.addf("%s has no PodDisruptionBudget", w.name)
		}
	}
}

// checkReferences wants everything that a pod names to be in the overlay or, for
// what an operator makes, in the README.
func (m *manifests) checkReferences(w workload, p *problems) {
	spec := w.template.Spec
	account := func(o *corev1.ServiceAccount) bool { return o.Name == spec.ServiceAccountName }
	if !slices.ContainsFunc(m.accounts, account) {
		p.addf("%s: there is no ServiceAccount %q", w.name, spec.ServiceAccountName)
	}
	for _, v := range spec.Volumes {
		switch {
		case v.Secret != nil:
			m.checkSecret(w, v.Secret, p)
		case v.ConfigMap != nil:
			m.checkConfig(w, v.ConfigMap.Name, p)
		case v.EmptyDir != nil:
		default:
			p.addf("%s: volume %s is of a kind that the tests do not know", w.name, v.Name)
		}
	}
	for _, c := range w.containers() {
		for _, from := range c.EnvFrom {
			if from.SecretRef != nil {
				p.addf("%s: the Secret %s belongs into files, not into the environment", w.name, from.SecretRef.Name)
				continue
			}
			m.checkConfig(w, from.ConfigMapRef.Name, p)
		}
		for _, e := range c.Env {
			if e.ValueFrom != nil {
				p.addf("%s: %s is not written out", w.name, e.Name)
			}
		}
		for _, mount := range c.VolumeMounts {
			if !slices.ContainsFunc(spec.Volumes, func(v corev1.Volume) bool { return v.Name == mount.Name }) && !slices.Contains(w.claims, mount.Name) {
				p.addf("%s: there is no volume %s", w.name, mount.Name)
			}
		}
	}
}

func (m *manifests) checkConfig(w workload, name string, p *problems) {
	if m.config(name) == nil {
		p.addf("%s: there is no ConfigMap %q", w.name, name)
	}
}

// checkSecret also wants each pod to see its own entries only.
func (m *manifests) checkSecret(w workload, s *corev1.SecretVolumeSource, p *problems) {
	if !strings.Contains(m.readme, "| `"+s.SecretName+"` |") {
		p.addf("%s: the README does not say how to make the Secret %q", w.name, s.SecretName)
	}
	if len(s.Items) == 0 {
		p.addf("%s mounts the whole Secret %s", w.name, s.SecretName)
	}
	if s.DefaultMode == nil || *s.DefaultMode&0o007 != 0 {
		p.addf("%s: everybody in the pod may read the Secret %s", w.name, s.SecretName)
	}
	for _, item := range s.Items {
		if !strings.Contains(m.readme, "`"+item.Key+"`") {
			p.addf("%s: the README does not name the entry %s of %s", w.name, item.Key, s.SecretName)
		}
		service, _, _ := strings.Cut(item.Key, ".")
		if w.own != "" && service != w.own && item.Key != "trusted" && item.Key != "token" {
			p.addf("%s mounts the entry %s of %s", w.name, item.Key, s.SecretName)
		}
	}
}

// path is a file or folder that a setting or an argument names, also inside a URL.
var path = regexp.MustCompile(`(?:^|=)(/(?:etc|var|data)(?:/[^?&\s]*)?)`)

// checkPaths wants the files that settings name to be mounted in that container.
func (m *manifests) checkPaths(name string, w workload, c *corev1.Container, p *problems) {
	texts := slices.Concat(c.Command, c.Args)
	for _, value := range m.environment(c) {
		texts = append(texts, value)
	}
	for _, text := range texts {
		for _, match := range path.FindAllStringSubmatch(text, -1) {
			if !m.mounted(w, c, match[1]) {
				p.addf("%s: nothing is mounted at %s", name, match[1])
			}
		}
	}
}

func (m *manifests) mounted(w workload, c *corev1.Container, file string) bool {
	for _, mount := range c.VolumeMounts {
		rest, below := strings.CutPrefix(file, mount.MountPath+"/")
		if !below && file != mount.MountPath {
			continue
		}
		i := slices.IndexFunc(w.template.Spec.Volumes, func(v corev1.Volume) bool { return v.Name == mount.Name })
		if i < 0 {
			return slices.Contains(w.claims, mount.Name)
		}
		switch v := w.template.Spec.Volumes[i]; {
		case v.Secret != nil:
			return slices.ContainsFunc(v.Secret.Items, func(k corev1.KeyToPath) bool { return k.Path == rest })
		case v.ConfigMap != nil:
			config := m.config(v.ConfigMap.Name)
			return config != nil && config.Data[rest] != ""
		default:
			return true
		}
	}
	return false
}

// checkSettings looks at what a program is told of ports and of other servers.
func (m *manifests) checkSettings(name string, w workload, c *corev1.Container, p *problems) {
	if w.own == "" {
		return
	}
	env := m.environment(c)
	for _, setting := range []string{"PARUTION_LISTEN", "PARUTION_OPS_LISTEN"} {
		host, port, err := net.SplitHostPort(env[setting])
		if err != nil || host != "" {
			p.addf("%s: %s=%q does not serve the pod's address", name, setting, env[setting])
		}
		if w.selector != nil && !w.declares(number(port)) {
			p.addf("%s: %s=%q is not a port of the container", name, setting, env[setting])
		}
	}
	for setting, value := range env {
		address := ""
		switch {
		case strings.HasSuffix(setting, "_ADDR"):
			address = value
		case setting == "PARUTION_NATS_URL", setting == "PARUTION_DATABASE_URL":
			u, err := url.Parse(value)
			if err != nil {
				p.addf("%s: %s is not a URL: %v", name, setting, err)
				continue
			}
			if _, has := u.User.Password(); has {
				p.addf("%s: %s has a password in it", name, setting)
			}
			address = u.Host
		default:
			continue
		}
		if !m.serves(address) {
			p.addf("%s: no Service serves %s=%s", name, setting, value)
		}
	}
}

func number(port string) intstr.IntOrString {
	n, err := strconv.ParseInt(port, 10, 32)
	if err != nil {
		return intstr.FromString(port)
	}
	return intstr.FromInt32(int32(n))
}

// serves tells whether a Service of the overlay has the address "name:port".
func (m *manifests) serves(address string) bool {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	s := m.service(host)
	return s != nil && slices.ContainsFunc(s.Spec.Ports, func(have corev1.ServicePort) bool { return have.Port == number(port).IntVal })
}

// checkMedia: a folder that no other pod sees does for one gateway only.
func (m *manifests) checkMedia(w workload, p *problems) {
	for _, c := range w.containers() {
		dir, ok := m.environment(c)["PARUTION_MEDIA_DIR"]
		if !ok {
			continue
		}
		for _, mount := range c.VolumeMounts {
			private := func(v corev1.Volume) bool { return v.Name == mount.Name && v.EmptyDir != nil }
			if mount.MountPath != dir || !slices.ContainsFunc(w.template.Spec.Volumes, private) {
				continue
			}
			if w.replicas != 1 || w.strategy != appsv1.RecreateDeploymentStrategyType {
				p.addf("%s: several pods would each have images of their own", w.name)
			}
		}
	}
}
