// Package proto embeds what is generated from the contracts beside Go code.
package proto

import "embed"

// OpenAPI holds the description of each service's public calls:
// gen/openapi/parution/<service>/v1/<file>.openapi.json.
//
//go:embed gen/openapi
var OpenAPI embed.FS
