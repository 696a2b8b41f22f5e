package check

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"errors"
	"fmt"
	"slices"
	"time"

	"muster/internal/signing"
	"muster/reports/attest"
	"muster/reports/pack"
	"muster/reports/seal"
	"muster/reports/trust"
)

// key finds the key of a use that was in force at the pack's time, from the pack's keyring and what is trusted.
func (c *check) key(use signing.Use) (crypto.PublicKey, string, error) {
	text, err := c.text(pack.KeyringFile)
	if err != nil {
		return nil, "", err
	}
	ring, err := signing.ParseRing([]byte(text))
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", pack.KeyringFile, err)
	}
	at := c.report.File.Run.AsOf
	id, how := "", "the pack's own word; compare it with the organisation's published one"
	if use == signing.Pack && c.trusted.Pack != "" {
		id, how = c.trusted.Pack, "the trusted key, or chained to it"
	}
	public, key, err := ring.Trust(use, id, at)
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", pack.KeyringFile, err)
	}
	if again, err := ring.Until(at).Encode(); err != nil || string(again) != text {
		return nil, "", fmt.Errorf("%s: it is not as it was at the pack's time", pack.KeyringFile)
	}
	if c.trusted.Ring != nil {
		own, err := c.trusted.Ring.At(use, at)
		if err != nil || own.ID != key.ID {
			return nil, "", fmt.Errorf("%s: the %s key is %s, the trusted keyring has %s for that time", pack.KeyringFile, use, key.ID, own.ID)
		}
		how = "in the trusted keyring"
	}
	return public, how, nil
}

// signature checks SHA256SUMS.sig, and that the keys in the pack are those of its keyring.
func (c *check) signature(s *Step) error {
	if !c.modelOK {
		return skip(s, unreadable)
	}
	public, how, err := c.key(signing.Pack)
	if err != nil {
		return finish(s, []string{err.Error()}, "")
	}
	var problems []string
	if text, err := signing.PublicPEM(public); err != nil {
		problems = append(problems, err.Error())
	} else if have, err := c.text(pack.PackKeyFile); err != nil || have != string(text) {
		problems = append(problems, pack.PackKeyFile+": is not the key of "+pack.KeyringFile)
	}
	sums, err := c.text(pack.SumsFile)
	if err != nil {
		return finish(s, append(problems, err.Error()), "")
	}
	signature, err := c.text(pack.SignatureFile)
	if err != nil {
		return finish(s, append(problems, err.Error()), "")
	}
	if len(signature) != ed25519.SignatureSize {
		problems = append(problems, fmt.Sprintf("%s: has %d bytes, not %d", pack.SignatureFile, len(signature), ed25519.SignatureSize))
	} else if err := signing.Verify(public, []byte(sums), []byte(signature)); err != nil {
		problems = append(problems, fmt.Sprintf("%s: %s: %v", pack.SignatureFile, pack.SumsFile, err))
	}
	why := ""
	if c.trusted.Any() && c.trusted.Pack == "" && c.trusted.Ring == nil {
		why = "none of the given keys is one of packs; give the pack key (PEM) or the keyring too"
	}
	return partly(s, problems, why, "by key %s: %s", signing.ID(public)[:16], how)
}

// attestation checks that the signed statement is about exactly the files that are here.
func (c *check) attestation(s *Step) error {
	if !c.modelOK {
		return skip(s, unreadable)
	}
	public, _, err := c.key(signing.Pack)
	if err != nil {
		return finish(s, []string{err.Error()}, "")
	}
	text, err := c.text(pack.AttestFile)
	if err != nil {
		return finish(s, []string{err.Error()}, "")
	}
	st, err := attest.Parse([]byte(text), public)
	if err != nil {
		return finish(s, []string{fmt.Sprintf("%s: %v", pack.AttestFile, err)}, "")
	}
	var problems []string
	if want := pack.Predicate(c.report.File); st.Predicate != want {
		problems = append(problems, fmt.Sprintf("%s: it states %+v, %s %+v", pack.AttestFile, st.Predicate, pack.EvidenceFile, want))
	}
	stated := map[string]string{}
	for _, f := range st.Subject {
		stated[f.Name] = f.Digest.SHA256
	}
	for _, name := range c.a.Names {
		if slices.Contains([]string{pack.SumsFile, pack.SignatureFile, pack.AttestFile}, name) {
			continue
		}
		if want, ok := stated[name]; !ok {
			problems = append(problems, name+": "+pack.AttestFile+" does not know it")
		} else if c.sums[name] != want {
			problems = append(problems, fmt.Sprintf("%s: was changed (SHA-256 %s, %s says %s)", name, c.sums[name], pack.AttestFile, want))
		}
		delete(stated, name)
	}
	for name := range stated {
		problems = append(problems, name+": is missing")
	}
	slices.Sort(problems)
	return finish(s, problems, "%d files of pack %s", len(st.Subject), st.Predicate.Pack)
}

// sealed checks the seal of the report.
func (c *check) sealed(s *Step) error {
	if !c.modelOK {
		return skip(s, unreadable)
	}
	public, _, err := c.key(signing.Seal)
	if err != nil {
		return finish(s, []string{err.Error()}, "")
	}
	pdf, err := c.text(pack.ReportFile)
	if err != nil {
		return finish(s, []string{err.Error()}, "")
	}
	want := signing.ID(public)
	info, err := seal.VerifyBy([]byte(pdf), want)
	if info.KeyID != "" && info.KeyID != want {
		return finish(s, []string{fmt.Sprintf("%s: is sealed by key %s, %s has %s", pack.ReportFile, info.KeyID, pack.KeyringFile, want)}, "")
	}
	if err != nil {
		return finish(s, []string{fmt.Sprintf("%s: %v", pack.ReportFile, err)}, "")
	}
	c.seal = &info
	var problems []string
	text, err := c.text(pack.EvidenceFile)
	if err == nil {
		err = seal.CheckAttached([]byte(pdf), info, pack.EvidenceFile, []byte(text))
	}
	if err != nil {
		problems = append(problems, fmt.Sprintf("%s: %v", pack.ReportFile, err))
	}
	if have, err := c.text(pack.SealKeyFile); err != nil || !bytes.Equal([]byte(have), trust.Chain(info.Chain)) {
		problems = append(problems, pack.SealKeyFile+": is not the certificate of the seal")
	}
	model := c.report.File
	if want := trust.Reason(model.Pack, model.Run.ID); info.Reason != want || !info.At.Equal(model.Run.AsOf.Truncate(time.Second)) {
		problems = append(problems, fmt.Sprintf("%s: is sealed as %q of %s, the pack is %q of %s", pack.ReportFile, info.Reason, stamp(info.At), want, stamp(model.Run.AsOf)))
	}
	stamped := "no time stamp"
	if info.Stamp != nil {
		stamped = "time stamp of " + stamp(info.Stamp.Time) + " by " + info.Stamp.Authority + ", whose certificate is for you to judge"
	}
	return finish(s, problems, "by %s, covering every byte and this %s; %s", info.Chain[0].Subject.CommonName, pack.EvidenceFile, stamped)
}

// guide writes VERIFY.md again.
func (c *check) guide(s *Step) error {
	if c.seal == nil {
		return skip(s, "the seal, whose place it tells, could not be read")
	}
	have, err := c.text(pack.GuideFile)
	if err != nil {
		return finish(s, []string{err.Error()}, "")
	}
	ok, err := pack.IsGuide(have, c.report.File, *c.seal)
	if err == nil && !ok {
		err = errors.New("is not what Muster writes into this pack")
	}
	if err != nil {
		return finish(s, []string{fmt.Sprintf("%s: %v", pack.GuideFile, err)}, "")
	}
	return finish(s, nil, "%d bytes", len(have))
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
