// Package googleapis pins the module that carries google/api/annotations.proto
// and http.proto as source: `make gen` copies them from its folder in the
// module cache, so that building needs no schema registry.
package googleapis

import _ "github.com/grpc-ecosystem/grpc-gateway/utilities" // the smallest package of the module
