package orggen

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"

	"muster/internal/orggen/model"
	"muster/internal/orggen/policy"
)

// PolicyOf gives the policy of an organisation that Generate wrote: the catalogue, bundles and SoD matrix that its bundles.yaml
// and sod.yaml spell out. Only the number of added entitlements differs between organisations; it is read from the file.
func PolicyOf(dir string) (*model.Policy, error) {
	data, err := os.ReadFile(filepath.Join(dir, "bundles.yaml"))
	if err != nil {
		return nil, fmt.Errorf("read policy: %w", err)
	}
	bulk := 0
	for _, m := range regexp.MustCompile(`"project-finance-(\d+)"`).FindAllSubmatch(data, -1) {
		n, err := strconv.Atoi(string(m[1]))
		if err != nil {
			return nil, fmt.Errorf("read policy: %w", err)
		}
		bulk = max(bulk, n)
	}
	depts, err := policy.Departments()
	if err != nil {
		return nil, err
	}
	return policy.Read(depts, bulk)
}
