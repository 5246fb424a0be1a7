package sqldb

import "io/fs"

// Sub is the folder dir of files, for packages that embed their migrations. It
// panics if dir is not a valid path, which a first run shows.
func Sub(files fs.FS, dir string) fs.FS {
	sub, err := fs.Sub(files, dir)
	if err != nil {
		panic(err) //nolint:forbidigo // a programmer's mistake in a constant path
	}
	return sub
}
