module github.com/parution/parution/services/tags

go 1.26.0

require (
	github.com/google/go-cmp v0.7.0
	github.com/nats-io/nats.go v1.55.0
	github.com/parution/parution/chassis v0.0.0
	github.com/parution/parution/proto v0.0.0
	go.opentelemetry.io/otel/trace v1.47.0
	google.golang.org/grpc v1.85.0
	google.golang.org/protobuf v1.36.12
)

replace (
	github.com/parution/parution/chassis => ../../chassis
	github.com/parution/parution/proto => ../../proto
)
