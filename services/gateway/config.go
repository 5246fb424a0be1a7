package gateway

import "errors"

// Config are the settings of the gateway.
type Config struct {
	// CacheBytes bounds the memory that finished pages take. Pages that do not fit
	// are asked for again.
	CacheBytes int64 `help:"Most bytes of finished pages kept in memory." default:"268435456"`
	// MediaDir is the folder of uploaded images, with a folder for each site; empty:
	// none are kept. Replicas of one installation share it.
	MediaDir string `help:"Folder of uploaded images; without it none are kept." placeholder:"DIR"`
	// MaxInFlight bounds the requests that are worked on at once, so that too many
	// of them are refused instead of making all slow. Pages from memory and /healthz
	// do not count.
	MaxInFlight int `help:"Most requests worked on at once; more are answered with 503. Pages from memory do not count." default:"512"`
	// MaxReaders bounds the open pages that are told of changes at once, some 2 KiB
	// each. Where the system allows fewer connections a part of these stays for pages.
	MaxReaders int `help:"Most open pages that are told of changes (/events) at once; pages themselves are served all the same." default:"20000"`
	// MaxRequestBytes bounds the JSON body of an API call: a post of 1 MiB and what
	// JSON adds to it.
	MaxRequestBytes int64 `help:"Most bytes of the JSON body of an API call." default:"1572864"`
	// MaxUploadBytes bounds an uploaded image.
	MaxUploadBytes int64 `help:"Most bytes of an uploaded image." default:"26214400"`
	// PictureMemoryBytes bounds the memory in which smaller copies of uploaded
	// pictures are made: about 125 MiB for 12 megapixels, 190 MiB for 40. A picture
	// that would need more has no smaller copies.
	PictureMemoryBytes int64 `help:"About the most bytes of memory for making smaller copies of uploaded pictures; a picture that needs more gets none." default:"201326592"`
}

// Defaults are the settings of a program without flags.
func Defaults() Config {
	return Config{
		CacheBytes: 256 << 20, MaxInFlight: 512, MaxReaders: 20_000, MaxRequestBytes: 1536 << 10, MaxUploadBytes: 25 << 20,
		PictureMemoryBytes: 192 << 20,
	}
}

// Validate refuses settings that cannot work.
func (c Config) Validate() error {
	if c.CacheBytes < 1<<20 {
		return errors.New("cache-bytes must be at least 1048576")
	}
	if c.MaxInFlight < 1 || c.MaxInFlight > 1<<20 {
		return errors.New("max-in-flight must be between 1 and 1048576")
	}
	if c.MaxReaders < 1 || c.MaxReaders > 1<<20 {
		return errors.New("max-readers must be between 1 and 1048576")
	}
	if c.MaxRequestBytes < 1 || c.MaxRequestBytes > 3<<20 {
		return errors.New("max-request-bytes must be between 1 and 3145728")
	}
	if c.MaxUploadBytes < 1 || c.MaxUploadBytes > 1<<30 {
		return errors.New("max-upload-bytes must be between 1 and 1073741824")
	}
	if c.PictureMemoryBytes < 1<<20 {
		return errors.New("picture-memory-bytes must be at least 1048576")
	}
	return nil
}
