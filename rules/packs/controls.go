package packs

// Control is one control of a framework that concerns access. Says is our own paraphrase: the frameworks'
// text is licensed and not shipped.
type Control struct {
	ID       string // framework and id, as rules write it: SOC2 CC6.2
	Says     string
	Untested bool // no built-in rule gives evidence for it
	Review   bool // it asks that people review access, and only campaigns show that they did
}

// Controls lists the controls that the built-in rules name, and those of the same frameworks' chapters on access that no built-in rule can test, by
// framework and id.
func Controls() []Control {
	return []Control{
		{ID: "COBIT DSS05.04", Says: "identities and access follow from what the work needs, and are kept current"},
		{ID: "COBIT DSS06.03", Says: "roles, duties and powers are divided so that no one completes a critical task alone"},
		{ID: "HIPAA 164.308(a)(3)", Says: "only the workforce that needs health information has access, and leavers lose it"},
		{ID: "HIPAA 164.308(a)(4)", Says: "access to health information is authorised, established and changed by rule"},
		{ID: "ISO27001 A.5.16", Says: "every identity has an owner and a managed life cycle"},
		{ID: "ISO27001 A.5.18", Says: "access rights are given, reviewed, changed and taken away by rule", Review: true},
		{ID: "ISO27001 A.5.3", Says: "conflicting duties are held by different people"},
		{ID: "ISO27001 A.8.15", Says: "what happens is recorded, and the records are complete"},
		{ID: "ISO27001 A.8.2", Says: "privileged access is restricted and managed"},
		{ID: "NIST-800-53 AC-2", Says: "accounts are assigned, approved, watched, reviewed and removed", Review: true},
		{ID: "NIST-800-53 AC-5", Says: "duties that must be separate are held by separate people"},
		{ID: "NIST-800-53 AC-6", Says: "nobody holds more access than the work needs"},
		{ID: "NIST-800-53 AC-6(7)", Says: "privileges are reviewed, and removed when they are not needed", Untested: true, Review: true},
		{ID: "NIST-800-53 AU-6", Says: "records are looked through, and gaps in them are followed up"},
		{ID: "NIST-800-53 IA-2", Says: "people prove who they are, privileged ones by more than one factor"},
		{ID: "NIST-800-53 PS-4", Says: "access ends when employment ends"},
		{ID: "PCI-DSS 7.2.1", Says: "an access model gives each job what it needs and keeps duties apart"},
		{ID: "PCI-DSS 7.2.2", Says: "access is given by job and by least privilege"},
		{ID: "PCI-DSS 7.2.3", Says: "access is approved by somebody who may, before it is given", Untested: true},
		{ID: "PCI-DSS 7.2.4", Says: "all accounts and their access are reviewed regularly", Untested: true, Review: true},
		{ID: "PCI-DSS 7.2.5", Says: "accounts of applications and systems have only what they need and somebody who answers for them"},
		{ID: "PCI-DSS 8.2.2", Says: "shared accounts are an exception, justified, and traceable to people"},
		{ID: "PCI-DSS 8.2.5", Says: "the access of leavers ends at once"},
		{ID: "PCI-DSS 8.2.6", Says: "accounts that are not used for 90 days are disabled or removed"},
		{ID: "PCI-DSS 8.4.1", Says: "administrative access takes more than one factor"},
		{ID: "PCI-DSS 8.4.2", Says: "all access to where card data is takes more than one factor", Untested: true},
		{ID: "SOC2 CC6.1", Says: "access to what must be protected is restricted by logical means"},
		{ID: "SOC2 CC6.2", Says: "people are registered and authorised before they get access, and lose it when they no longer need it"},
		{ID: "SOC2 CC6.3", Says: "access follows roles, least privilege and separation of duties, and changes with them"},
		{ID: "SOC2 CC7.2", Says: "systems are watched for what is out of order"},
	}
}
