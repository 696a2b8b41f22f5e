package expression

import (
	"github.com/google/cel-go/checker"
	"github.com/google/cel-go/common/types"
)

// sizes says how large facts may plausibly be, for the estimate of the worst case.
type sizes struct{}

// EstimateSize bounds a value that the expression does not spell out.
func (sizes) EstimateSize(n checker.AstNode) *checker.SizeEstimate {
	most := uint64(64)
	if path := n.Path(); len(path) > 0 {
		switch path[len(path)-1] {
		case "accounts":
			most = 40
		case "grants":
			most = 1_000
		case "conflicts":
			most = 200
		}
	}
	if n.Type().Kind() == types.StringKind {
		most = 256
	}
	return &checker.SizeEstimate{Min: 0, Max: most}
}

// EstimateCallCost leaves every call at its default.
func (sizes) EstimateCallCost(string, string, *checker.AstNode, []checker.AstNode) *checker.CallEstimate {
	return nil
}
