package command

import (
	"path/filepath"

	"github.com/parution/parution/chassis/identity"
	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/cmd/parution/internal/allinone"
)

type migrate struct {
	Data string `help:"Data folder." default:"./data" placeholder:"DIR"`
}

// Run brings the schema up to date, while no server runs on the folder.
func (m migrate) Run(g *globals) error {
	lock, err := allinone.LockFolder(m.Data)
	if err != nil {
		return err
	}
	defer lock.Release()
	for name, sets := range allinone.Schemas() {
		db, err := sqldb.Open(g.ctx, sqldb.Config{URL: "sqlite:" + filepath.Join(m.Data, name+".db")})
		if err != nil {
			return err
		}
		if err := db.Migrate(g.ctx, sets...); err != nil {
			_ = db.Close() // the migration's error matters
			return err
		}
		if err := db.Close(); err != nil {
			return err
		}
		g.say("%s.db is up to date", name)
	}
	return nil
}

type keys struct {
	Out string `arg:"" help:"Folder to write to; it must not have keys yet." placeholder:"DIR"`
}

// Run writes the keys.
func (k keys) Run(g *globals) error {
	private, trusted, err := identity.Generate(allinone.Issuers()...)
	if err != nil {
		return err
	}
	if err := identity.WriteKeys(k.Out, private, trusted); err != nil {
		return err
	}
	g.say("wrote %s: give each service its own .key file and all of them the file %q", k.Out, identity.TrustedFile)
	return nil
}
