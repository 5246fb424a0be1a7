// Package deploy holds the tests of the folder deploy: every overlay is built as
// kubectl would, read with Kubernetes' own types, and looked through for what an
// operator would find out the hard way. No cluster is needed.
package deploy
