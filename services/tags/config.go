package tags

// Config are the settings of the tags service.
type Config struct {
	// StreamReplicas is how many NATS servers keep each notice; below 1 counts as 1.
	StreamReplicas int `kong:"-"`
	// IndexDir is the folder of the index: what it saves, and the full text. It is this
	// replica's own.
	IndexDir string `help:"Folder of the index, of this replica alone; what it lacks is read from the database. Empty: the index is made anew at each start." placeholder:"DIR"`
}

// Defaults are the settings of a program without flags.
func Defaults() Config { return Config{StreamReplicas: 1} }

// Validate refuses settings that cannot work; none of these can be wrong.
func (Config) Validate() error { return nil }
