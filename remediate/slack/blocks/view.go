package blocks

import (
	slackgo "github.com/slack-go/slack"

	"muster/internal/access"
	"muster/remediate/notice"
)

// The names within the dialog that asks for the reason of a denial.
const (
	CallbackDeny = "muster_deny"
	BlockReason  = "reason"
	InputReason  = "reason"
	// MinReason and MaxReason bound a reason, in characters.
	MinReason = 5
	MaxReason = 500
)

// DenyView asks why a change is denied. The token of the question comes back with the answer.
func DenyView(a access.Approval, token string) slackgo.ModalViewRequest {
	input := slackgo.NewPlainTextInputBlockElement(plain("for the record, at least 5 characters"), InputReason)
	input.Multiline, input.MinLength, input.MaxLength = true, MinReason, MaxReason
	return slackgo.ModalViewRequest{
		Type: slackgo.VTModal, Title: plain("Deny"), Submit: plain("Deny"), Close: plain("Cancel"), CallbackID: CallbackDeny, PrivateMetadata: token,
		Blocks: slackgo.Blocks{BlockSet: []slackgo.Block{
			section("*" + fit(a.Title, maxTitle) + "*"),
			slackgo.NewInputBlock(BlockReason, plain("Why not?"), plain("It is kept with the decision, and everybody who sees the question sees it."), input),
		}},
	}
}

// DetailsView shows a question with everything that it is about, as far as a view holds it.
func DetailsView(a access.Approval, c Context) slackgo.ModalViewRequest {
	const lineBlocks, inBlock = 20, 10
	blocks := []slackgo.Block{section("*" + fit(a.Title, maxTitle) + "*")}
	for n := 0; n < len(a.Lines) && n < lineBlocks*inBlock; n += inBlock {
		blocks = append(blocks, section(list("", cleaned(a.Lines[n:min(n+inBlock, len(a.Lines))], maxLine), inBlock, maxSection, code(notice.ApprovalCommand(a.ID)))))
	}
	if more := len(a.Lines) - lineBlocks*inBlock; more > 0 {
		blocks = append(blocks, small("and "+plural(more, "more line")+": "+code(notice.ApprovalCommand(a.ID))))
	}
	blocks = append(blocks, section(why(a, c)))
	if warning := warnings(a); warning != "" {
		blocks = append(blocks, section(warning))
	}
	if a.State == access.ApprovalWaiting {
		blocks = append(blocks, section(route(a, c)))
	} else {
		blocks = append(blocks, section(answer(a, c)))
	}
	blocks = append(blocks, small("On the command line: "+code(notice.ApprovalCommand(a.ID))), small(fit(footer(a), maxContext)))
	return slackgo.ModalViewRequest{Type: slackgo.VTModal, Title: plain(fit(a.ID, 24)), Close: plain("Close"), Blocks: slackgo.Blocks{BlockSet: blocks}}
}
