package segment

import "testing"

func TestOnlyFoldersOfFullTilesArePassedOver(t *testing.T) {
	const size = 2_500_000 // 9,765 full tiles at level 0, 38 at level 1
	for folder, want := range map[string]bool{
		"tile": false, "tile/0": false, "tile/0/x000": true, "tile/0/x008": true, "tile/0/x009": false, "tile/0/x010": false, "tile/entries/x008": true,
		"tile/1/x000": false, "tile/0/000.p": false, "tile/0/x001/234.p": false, "tile/0/y001": false,
	} {
		if got := settledFolder(folder, size); got != want {
			t.Errorf("%s: %t", folder, got)
		}
	}
	if settledFolder("tile/0/x001", 300_000_000) {
		t.Error("a folder that holds tile 1,234,567 as well is passed over")
	}
}
