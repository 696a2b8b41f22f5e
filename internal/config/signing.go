package config

// checkSigning reports what is wrong with the keys that are configured.
func (s *Settings) checkSigning(n Node) {
	for _, p := range s.Signing.Problems(func(path string) bool { return fileExists(s.Path(path)) }) {
		at := n.Get(p.List)
		if p.Index >= 0 {
			at = at.Index(p.Index)
		}
		if p.Key != "" {
			at = at.Get(p.Key)
		}
		at.Problem(p.Hint, "%s", p.Message)
	}
}
