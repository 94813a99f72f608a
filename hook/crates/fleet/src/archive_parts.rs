//! The parts in which the archive of a session is stored.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use baton_fs::hash::sha256_hex;

/// The most bytes of a part.
pub const PART_BYTES: usize = 2 * 1024 * 1024;

/// The most parts of an archive.
pub const MAX_PARTS: u32 = 512;

/// How many bytes a SHA-256 has.
const DIGEST_BYTES: usize = 32;

/// Returns the parts of an archive, in base64. There is at least one.
pub fn split(archive: &[u8]) -> impl Iterator<Item = String> {
    archive.chunks(PART_BYTES).map(|part| STANDARD.encode(part))
}

/// Returns the number of parts of an archive, or `None` if there are more than are stored.
#[must_use]
pub fn count(archive: &[u8]) -> Option<u32> {
    u32::try_from(archive.len().div_ceil(PART_BYTES)).ok().filter(|parts| *parts <= MAX_PARTS)
}

/// Adds a part to an archive. Returns false if it is not base64 or is too long.
pub fn append(archive: &mut Vec<u8>, part: &str) -> bool {
    let before = archive.len();
    part.len() <= PART_BYTES.div_ceil(3) * 4
        && STANDARD.decode_vec(part, archive).is_ok()
        && archive.len().saturating_sub(before) <= PART_BYTES
}

/// Returns the digest by which the other machine checks the archive.
#[must_use]
pub fn digest(archive: &[u8]) -> String {
    sha256_hex(archive, DIGEST_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(length: usize, parts: u32) {
        let archive: Vec<u8> = (0..length).map(|at| u8::try_from(at % 251).unwrap()).collect();
        assert_eq!(count(&archive), Some(parts), "{length}");
        let mut joined = Vec::new();
        for part in split(&archive) {
            assert!(append(&mut joined, &part));
        }
        assert_eq!(digest(&joined), digest(&archive));
    }

    #[test]
    fn an_archive_comes_back_from_its_parts() {
        check(1, 1);
        check(PART_BYTES, 1);
        check(PART_BYTES + 1, 2);
        check(3 * PART_BYTES - 1, 3);
    }

    #[test]
    fn a_part_that_no_machine_wrote_is_refused() {
        let mut archive = Vec::new();
        assert!(!append(&mut archive, "%"));
        assert!(!append(&mut archive, &STANDARD.encode(vec![0; PART_BYTES + 3])));
    }
}
