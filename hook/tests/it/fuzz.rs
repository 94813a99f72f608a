//! The entry points of the fuzz targets, with their samples and with damaged ones.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

#[path = "../../../fuzz/src/lib.rs"]
mod targets;

use targets::TARGETS;

fn corpus(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(name)
}

fn samples(name: &str) -> Vec<Vec<u8>> {
    let files = fs::read_dir(corpus(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    let samples: Vec<Vec<u8>> = files.map(|file| fs::read(file.unwrap().path()).unwrap()).collect();
    assert!(!samples.is_empty(), "{name} has no samples");
    samples
}

#[test]
fn every_entry_point_has_its_target() {
    let targets = fs::read_dir(corpus("../fuzz_targets")).unwrap();
    let targets: BTreeSet<_> = targets.map(|file| file.unwrap().path().file_stem().unwrap().to_owned()).collect();
    assert_eq!(targets, TARGETS.iter().map(|(name, _)| (*name).into()).collect());
}

#[test]
fn whole_samples() {
    TARGETS.iter().for_each(|(name, target)| samples(name).iter().for_each(|sample| target(sample)));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_samples(
        which: prop::sample::Index,
        cut: prop::sample::Index,
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
    ) {
        for (name, target) in TARGETS {
            let samples = samples(name);
            let mut bytes = which.get(&samples).clone();
            for (at, byte) in &edits {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            // Half of the samples are cut short.
            bytes.truncate((2 * cut.index(bytes.len())).max(1));
            target(&bytes);
        }
    }
}
