package packs

// Control is one control of a framework that a built-in rule gives evidence for. Says is our own paraphrase: the frameworks'
// text is licensed and not shipped.
type Control struct {
	ID   string // framework and id, as rules write it: SOC2 CC6.2
	Says string
}

// Controls lists the controls that the built-in rules name, by framework and id.
func Controls() []Control {
	return []Control{
		{"COBIT DSS05.04", "identities and access follow from what the work needs, and are kept current"},
		{"COBIT DSS06.03", "roles, duties and powers are divided so that no one completes a critical task alone"},
		{"HIPAA 164.308(a)(3)", "only the workforce that needs health information has access, and leavers lose it"},
		{"HIPAA 164.308(a)(4)", "access to health information is authorised, established and changed by rule"},
		{"ISO27001 A.5.16", "every identity has an owner and a managed life cycle"},
		{"ISO27001 A.5.18", "access rights are given, reviewed, changed and taken away by rule"},
		{"ISO27001 A.5.3", "conflicting duties are held by different people"},
		{"ISO27001 A.8.15", "what happens is recorded, and the records are complete"},
		{"ISO27001 A.8.2", "privileged access is restricted and managed"},
		{"NIST-800-53 AC-2", "accounts are assigned, approved, watched, reviewed and removed"},
		{"NIST-800-53 AC-5", "duties that must be separate are held by separate people"},
		{"NIST-800-53 AC-6", "nobody holds more access than the work needs"},
		{"NIST-800-53 AC-6(7)", "privileges are reviewed, and removed when they are not needed"},
		{"NIST-800-53 AU-6", "records are looked through, and gaps in them are followed up"},
		{"NIST-800-53 IA-2", "people prove who they are, privileged ones by more than one factor"},
		{"NIST-800-53 PS-4", "access ends when employment ends"},
		{"PCI-DSS 7.2.1", "an access model gives each job what it needs and keeps duties apart"},
		{"PCI-DSS 7.2.2", "access is given by job and by least privilege"},
		{"PCI-DSS 7.2.4", "all accounts and their access are reviewed regularly"},
		{"PCI-DSS 7.2.5", "accounts of applications and systems have only what they need and somebody who answers for them"},
		{"PCI-DSS 8.2.2", "shared accounts are an exception, justified, and traceable to people"},
		{"PCI-DSS 8.2.5", "the access of leavers ends at once"},
		{"PCI-DSS 8.2.6", "accounts that are not used for 90 days are disabled or removed"},
		{"PCI-DSS 8.4.2", "access takes more than one factor"},
		{"SOC2 CC6.1", "access to what must be protected is restricted by logical means"},
		{"SOC2 CC6.2", "people are registered and authorised before they get access, and lose it when they no longer need it"},
		{"SOC2 CC6.3", "access follows roles, least privilege and separation of duties, and changes with them"},
		{"SOC2 CC7.2", "systems are watched for what is out of order"},
	}
}
