package remediate

import (
	"time"

	"muster/internal/access"
)

// CampaignDocument writes a campaign for storage.
func CampaignDocument(c access.Campaign, at time.Time) (access.Document, error) {
	return document(access.DocCampaign, c.ID, c.Version, string(c.State), c.Name, "", c.Owner, c.Run, at, c)
}

// ItemDocument writes an item of a campaign for storage.
func ItemDocument(i access.ReviewItem, run string, at time.Time) (access.Document, error) {
	return document(access.DocReviewItem, i.ID, i.Version, string(i.State), i.Key, i.System, i.Person, run, at, i)
}
