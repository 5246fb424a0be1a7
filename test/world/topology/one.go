package topology

import "path/filepath"

// prepareOne readies the one program.
func (t *Topology) prepareOne(s *scratch, o Options) error {
	addrs, err := freeAddresses(2)
	if err != nil {
		return err
	}
	path, err := Program(Parution)
	if err != nil {
		return err
	}
	t.Data = o.Data
	if t.Data == "" {
		t.Data = filepath.Join(t.dir, "data")
	}
	t.URL, t.ops[Parution] = "http://"+addrs[0], addrs[1]
	t.URLs = []string{t.URL}
	t.names = []string{Parution}
	t.children[Parution] = &child{
		name: Parution, path: path, log: filepath.Join(t.dir, "parution.log"), scratch: s, env: environment(o.Env...),
		args: append([]string{"serve", "--data", t.Data, "--listen", addrs[0], "--ops-listen", addrs[1]}, o.Args...),
	}
	return nil
}
