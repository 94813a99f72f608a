//! Recognises file systems that machines may share.

use std::path::Path;

use nix::sys::statfs::statfs;

/// Returns whether several machines may share the file system of the nearest existing directory above `path`.
///
/// FUSE counts as shared, because sshfs cannot be distinguished from a local file system.
pub(crate) fn is_shared(path: &Path) -> bool {
    path.ancestors().find_map(|above| statfs(above).ok()).is_some_and(|found| {
        // The type of the number differs between C libraries. Its low 32 bits are the values in statfs(2).
        #[allow(clippy::unnecessary_cast)]
        is_shared_magic(found.filesystem_type().0 as u64 & 0xffff_ffff)
    })
}

/// The values of `statfs(2)`: NFS, SMB, CIFS, SMB2, FUSE, 9p, AFS (two), Ceph, Coda, Lustre, GPFS, OCFS2, GFS2, NCP.
fn is_shared_magic(magic: u64) -> bool {
    const SHARED: [u64; 15] = [
        0x6969,
        0x517b,
        0xff53_4d42,
        0xfe53_4d42,
        0x6573_5546,
        0x0102_1997,
        0x5346_414f,
        0x6b41_4653,
        0x00c3_6400,
        0x7375_7245,
        0x0bd0_0bd0,
        0x4750_4653,
        0x7461_636f,
        0x0116_1970,
        0x564c,
    ];
    SHARED.contains(&magic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds() {
        let cases = [
            ("nfs", 0x6969, true),
            ("cifs", 0xff53_4d42, true),
            ("fuse", 0x6573_5546, true),
            ("9p", 0x0102_1997, true),
            ("ext4", 0xef53, false),
            ("btrfs", 0x9123_683e, false),
            ("xfs", 0x5846_5342, false),
            ("tmpfs", 0x0102_1994, false),
            ("overlay", 0x794c_7630, false),
        ];
        for (name, magic, shared) in cases {
            assert_eq!(is_shared_magic(magic), shared, "{name}");
        }
    }
}
