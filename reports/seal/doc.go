// Package seal puts a digital signature into a PDF that package pdf wrote, and checks it.
//
// The seal is an incremental update (ISO 32000-1 §7.5.6): the report as it was rendered stays an exact prefix, and what is appended is a
// signature field whose value covers every byte of the file but its own (§12.8.1, adbe.pkcs7.detached), a permission that lets nobody
// change more than form fields and further signatures (DocMDP, P=2), XMP metadata, and files that are attached. Nothing else of the
// document changes, so bookmarks and links are those of the render.
//
// The signature is CMS SignedData (RFC 5652) over SHA-256 with the signed attributes content type, message digest, signing time
// (the run's) and signing certificate (RFC 5035), and the unsigned attribute time-stamp token (RFC 3161) when an authority is asked. Its
// encoding is fixed: Verify builds it again from its parts and wants the same bytes, so that no byte of it may change unseen.
//
// Without an authority the same input and key give the same bytes, as long as the key's signatures do. Times are UTC. Everything is
// held in memory once or twice. Functions are safe for concurrent use. Errors are *access.Error; Invalid means that a file is no sealed
// report, or is not what was sealed.
package seal
