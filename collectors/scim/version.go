package scim

// Version is this collector's version. It is printed on the IPE sheet and changes when the same source gives other records.
const Version = "1"
