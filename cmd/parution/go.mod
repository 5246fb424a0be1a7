module github.com/parution/parution/cmd/parution

go 1.26.0

replace (
	github.com/parution/parution/chassis => ../../chassis
	github.com/parution/parution/proto => ../../proto
	github.com/parution/parution/services/accounts => ../../services/accounts
	github.com/parution/parution/services/gateway => ../../services/gateway
	github.com/parution/parution/services/posts => ../../services/posts
	github.com/parution/parution/services/render => ../../services/render
	github.com/parution/parution/services/tags => ../../services/tags
)

require (
	github.com/pelletier/go-toml/v2 v2.4.3
	go.yaml.in/yaml/v4 v4.0.0
)

require (
	github.com/google/go-cmp v0.7.0 // indirect
	github.com/mitchellh/colorstring v0.0.0-20190213212951-d06e56a500db // indirect
	github.com/rivo/uniseg v0.4.7 // indirect
	github.com/schollz/progressbar/v3 v3.19.1 // indirect
	github.com/yuin/goldmark v1.8.7 // indirect
	golang.org/x/sys v0.46.0 // indirect
	golang.org/x/term v0.44.0 // indirect
	golang.org/x/text v0.43.0 // indirect
)
