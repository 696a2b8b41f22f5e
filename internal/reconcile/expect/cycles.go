package expect

// managerCycles finds the persons that lie on a cycle of the manager relation and gives each the cycle, starting with
// themselves. managers maps a worker id to the manager's; one's own manager is a cycle of one. The relation has at most one
// manager a person, so each component holds at most one cycle and the walk is linear.
func managerCycles(managers map[string]string) map[string][]string {
	const (
		unseen = iota
		onPath
		done
	)
	state := make(map[string]uint8, len(managers))
	cycles := map[string][]string{}
	for start := range managers {
		var path []string
		at := start
		for state[at] == unseen {
			state[at] = onPath
			path = append(path, at)
			next, ok := managers[at]
			if !ok || next == "" {
				break
			}
			at = next
		}
		if state[at] == onPath && managers[at] != "" {
			recordCycle(cycles, path, at)
		}
		for _, p := range path {
			state[p] = done
		}
	}
	return cycles
}

// recordCycle gives every person from first on along the path their own rotation of the cycle.
func recordCycle(cycles map[string][]string, path []string, first string) {
	for i, p := range path {
		if p != first {
			continue
		}
		ring := path[i:]
		for j := range ring {
			cycles[ring[j]] = append(append([]string(nil), ring[j:]...), ring[:j]...)
		}
		return
	}
}
