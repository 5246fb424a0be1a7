module github.com/parution/parution/tools/googleapis

go 1.26.0

require github.com/grpc-ecosystem/grpc-gateway v1.16.0
