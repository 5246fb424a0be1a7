package tag

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/slug"
)

// maxAddress bounds the address of an image, in bytes.
const maxAddress = 2000

var colour = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)

// Patch is what a tag is to say of itself: what is nil stays as it is.
type Patch struct {
	Name, Description, Colour, Image, ImageAlt *string
	// Parent is a slug; empty: none.
	Parent   *string
	Internal *bool
	Names    *map[string]string
	Aliases  *[]string
}

// Describe changes what a tag says of itself. Faults: Invalid with the field,
// Conflict if a name is another tag's.
func (x *Taxonomy) Describe(id string, p Patch) error {
	r := x.tags[id].Clone()
	for _, step := range []func(*Record, Patch) error{x.describeTexts, x.describeNames, x.describeAliases, x.describePlace} {
		if err := step(r, p); err != nil {
			return err
		}
	}
	x.change(id, func(to *Record) { *to = *r })
	x.pin()
	return x.check()
}

func (x *Taxonomy) describeTexts(r *Record, p Patch) error {
	if p.Name != nil {
		name, err := validName("name", *p.Name)
		if err != nil {
			return err
		}
		if Key(name) != r.Key() {
			return fault.Invalid("name", "is another name: rename the tag")
		}
		r.Name, r.Named = name, true
	}
	for _, text := range []struct {
		field string
		in    *string
		out   *string
		most  int
	}{{"description", p.Description, &r.Description, MaxDescription}, {"image_alt", p.ImageAlt, &r.ImageAlt, MaxDescription}} {
		if text.in == nil {
			continue
		}
		if n := utf8.RuneCountInString(*text.in); n > text.most || !isText(*text.in) {
			return fault.Invalid(text.field, "has %d characters; at most %d, and no control characters", n, text.most)
		}
		*text.out = strings.TrimSpace(*text.in)
	}
	if p.Colour != nil {
		if *p.Colour != "" && !colour.MatchString(*p.Colour) {
			return fault.Invalid("colour", `must be "#rrggbb" or empty`)
		}
		r.Colour = strings.ToLower(*p.Colour)
	}
	if p.Image != nil {
		if err := validAddress(*p.Image); err != nil {
			return err
		}
		r.Image = *p.Image
	}
	return nil
}

// validAddress takes what an image can be at: a page of this site or of the web.
func validAddress(text string) error {
	u, err := url.Parse(text)
	switch {
	case text == "":
		return nil
	case err != nil || len(text) > maxAddress || !isText(text) || strings.ContainsAny(text, " \"<>\\\n"):
	case u.Scheme == "" && u.Host == "" && strings.HasPrefix(text, "/"):
		return nil
	case (u.Scheme == "https" || u.Scheme == "http") && u.Host != "":
		return nil
	}
	return fault.Invalid("image", "must be an address that begins with https://, http:// or /")
}

func (x *Taxonomy) describeNames(r *Record, p Patch) error {
	if p.Names == nil {
		return nil
	}
	if n := len(*p.Names); n > MaxNames {
		return fault.Invalid("names", "has %d names; at most %d", n, MaxNames)
	}
	names := make(map[string]string, len(*p.Names))
	for in, name := range *p.Names {
		l, err := language.Parse(in)
		if err != nil || l == language.Und {
			return fault.Invalid("names", "%q is no language: a BCP 47 tag such as \"en\" or \"pt-BR\"", in)
		}
		if name, err = validName("names", name); err != nil {
			return err
		}
		if err := x.free("names", name, r.ID); err != nil {
			return err
		}
		if names[l.String()] != "" {
			return fault.Invalid("names", "has two names in %s", l)
		}
		names[l.String()] = name
	}
	r.Names, r.Named = clone(names), true
	return nil
}

func (x *Taxonomy) describeAliases(r *Record, p Patch) error {
	if p.Aliases == nil {
		return nil
	}
	if n := len(*p.Aliases); n > MaxAliases {
		return fault.Invalid("aliases", "has %d names; at most %d", n, MaxAliases)
	}
	aliases := make(map[string]string, len(*p.Aliases))
	for _, alias := range *p.Aliases {
		name, err := validName("aliases", alias)
		if err != nil {
			return err
		}
		if err := x.free("aliases", name, r.ID); err != nil {
			return err
		}
		if key := Key(name); key != r.Key() {
			aliases[key] = name
		}
	}
	r.Aliases, r.Named = clone(aliases), true
	return nil
}

// free holds that a name leads to no other tag.
func (x *Taxonomy) free(field, name, id string) error {
	o := x.Named(Key(name))
	if o == nil || o.ID == id || o.Gone && len(o.Into) == 0 {
		return nil
	}
	if o.Gone {
		return fault.Conflict("%s: %q leads to the tags that %s was split into", field, name, o.Slug)
	}
	return fault.Conflict("%s: %q is the tag %s; merge the two to make them one", field, name, o.Slug)
}

func (x *Taxonomy) describePlace(r *Record, p Patch) error {
	if p.Internal != nil {
		r.Internal = *p.Internal
	}
	if p.Parent == nil {
		return nil
	}
	if *p.Parent == "" {
		r.Parent = ""
		return nil
	}
	up := x.At(*p.Parent)
	switch {
	case up == nil:
		return fault.Invalid("parent", "%q is no tag", *p.Parent)
	case up.ID == r.ID:
		return fault.Invalid("parent", "is the tag itself")
	}
	r.Parent = up.ID
	return nil
}

// Rename gives a tag another name and address; an empty slug is made from the
// name. Faults: Invalid with the field, Conflict if one is another tag's.
func (x *Taxonomy) Rename(id, name, address string) error {
	name, err := validName("name", name)
	if err != nil {
		return err
	}
	r := x.tags[id].Clone()
	if err := x.free("name", name, id); err != nil {
		return err
	}
	if address == "" {
		address = Address(name)
	}
	if !slug.Valid(address) {
		return fault.Invalid("new_slug", "must be words of lower-case letters and digits joined by \"-\"")
	}
	if o := x.tags[x.slugs[address]]; o != nil && o.ID != id && !o.Gone && o.Slug == address {
		return fault.Conflict("the address %s is that of the tag %q", address, o.Name)
	}
	if Key(name) != r.Key() {
		delete(r.Aliases, Key(name))
		r.Aliases = with(r.Aliases, r.Key(), r.Name)
		if len(r.Aliases) > MaxAliases {
			return fault.Invalid("name", "cannot be taken: the former one would be the alias %d; at most %d", len(r.Aliases), MaxAliases)
		}
	}
	if IsInternal(name) != IsInternal(r.Name) {
		r.Internal = IsInternal(name)
	}
	if address != r.Slug {
		r.set(fieldFormer+address, "")
		r.set(fieldFormer+r.Slug, r.Slug)
	}
	x.vacate(address, id)
	r.Name, r.Named, r.Slug = name, true, address
	x.change(id, func(to *Record) { *to = *r })
	return x.check()
}

// validName is a name as it is kept.
func validName(field, name string) (string, error) {
	name = strings.Join(strings.Fields(name), " ")
	n := utf8.RuneCountInString(name)
	switch {
	case Key(name) == "":
		return "", fault.Invalid(field, "must have a letter or a digit")
	case n > MaxName:
		return "", fault.Invalid(field, "has %d characters; at most %d", n, MaxName)
	case !isText(name):
		return "", fault.Invalid(field, "has control characters")
	}
	return name, nil
}

func isText(s string) bool {
	return utf8.ValidString(s) && !slices.ContainsFunc([]rune(s), func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' })
}
