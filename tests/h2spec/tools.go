//go:build tools

// Package tools names the programs that the tests build from Go modules; go.mod has their versions, go.sum their digests.
package tools

import _ "github.com/summerwind/h2spec/cmd/h2spec"
