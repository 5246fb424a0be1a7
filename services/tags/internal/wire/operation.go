package wire

import (
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/parution/parution/chassis/fault"
	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
	"github.com/parution/parution/services/tags/internal/tag"
)

// The states of operations.
const (
	stateRunning = "running"
	stateDone    = "done"
	stateUndone  = "undone"
)

// Operation is an operation as calls answer it; tags are those that came out.
func Operation(o tag.Operation, tags []tag.View) *tagsv1.TagOperation {
	out := &tagsv1.TagOperation{
		Id: o.ID, Kind: string(o.Kind), State: stateDone, Slugs: o.Slugs, Into: o.IntoSlugs, Undid: o.Undid, Posts: o.Posts, PostsDone: o.PostsDone,
		At: timestamppb.New(o.At), By: o.By, Names: o.Names, IntoNames: o.IntoNames,
	}
	switch {
	case o.Running:
		out.State = stateRunning
	case o.UndoneBy != "":
		out.State = stateUndone
	}
	for _, v := range tags {
		if !v.Gone {
			out.Tags = append(out.Tags, Tag(v))
		}
	}
	return out
}

// Patch is what of a tag is to be changed: the fields that a mask names. Faults:
// Invalid.
func Patch(in *tagsv1.Tag, mask []string) (tag.Patch, error) {
	var p tag.Patch
	if len(mask) == 0 {
		return p, fault.Invalid("update_mask", "names no field to change")
	}
	for _, field := range mask {
		if strings.HasPrefix(field, "names.") { // the map is one field
			field = "names"
		}
		switch field {
		case "name":
			p.Name = new(in.GetName())
		case "description":
			p.Description = new(in.GetDescription())
		case "colour":
			p.Colour = new(in.GetColour())
		case "image":
			p.Image = new(in.GetImage())
		case "image_alt":
			p.ImageAlt = new(in.GetImageAlt())
		case "parent":
			p.Parent = new(in.GetParent())
		case "internal":
			p.Internal = new(in.GetInternal())
		case "names":
			p.Names = new(in.GetNames())
		case "aliases":
			p.Aliases = new(in.GetAliases())
		case "slug", "id", "version", "count", "former_slugs", "children", "inherited":
			return p, fault.Invalid(field, "cannot be changed this way")
		default:
			return p, fault.Invalid(field, "is not a field of a tag")
		}
	}
	return p, nil
}
