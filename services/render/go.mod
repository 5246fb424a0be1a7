module github.com/parution/parution/services/render

go 1.26.0

replace (
	github.com/parution/parution/proto => ../../proto
	github.com/parution/parution/chassis => ../../chassis
)
