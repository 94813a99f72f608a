//! The disk of the database's server is full: baton says so, nothing is half done, and all goes on when there is space.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use agent_baton_tests::mount::Mount;
use baton_test_postgres::fleet::Fleet;

use super::{owner, prompt};

/// How large the disk is, in KiB: an empty database needs a third of it.
const DISK_KIB: u32 = 32 * 1024;

/// How often something is written until there is no space. Each time takes a part of a page.
const MAX_WRITES: usize = 400;

fn fill(path: &Path) {
    let mut file = File::create(path).unwrap();
    for size in [1 << 20, 4096] {
        while file.write_all(&vec![0; size]).is_ok() {}
    }
}

#[test]
fn it_is_named_nothing_is_half_done_and_it_heals() {
    let Some(fleet) = Fleet::alone() else { return };
    let disk = fleet.server().dir().join("small");
    let Some(_mount) = Mount::tmpfs(&disk, DISK_KIB) else { return };
    let a = fleet.machine("laptop");
    let mut window = owner(&a);
    fleet.server().move_to(fleet.database(), &disk);
    let filler = disk.join("filler");
    fill(&filler);
    // The lease covers progress, so an owner goes on. What others must see first is refused.
    let mut words = ["pause", "continue"].into_iter().cycle();
    let (word, refused) = (0..MAX_WRITES)
        .find_map(|_| {
            let word = words.next().unwrap();
            let ended = window.baton("s1", &["run", word, "demo"]);
            (ended.code != Some(0)).then_some((word, ended))
        })
        .expect("the disk is full at last");
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(3), ""), "{refused:?}");
    assert!(refused.stderr.contains("No space left on device"), "{refused:?}");
    assert!(refused.stderr.contains("free space on the server"), "{refused:?}");
    let check = |what: &str| {
        let copy = a.run();
        let row = fleet.sql("select fence, status, revision from baton.run");
        let expected = format!("{}|{}|{}", copy.fence.0, copy.status.name(), copy.fleet.unwrap().revision);
        assert_eq!(row.trim(), expected, "{what}");
        assert!(a.fleet_file("marker.json").is_null(), "{what}");
        a.scratch.state().check();
    };
    check("refused");
    prompt(&mut window);
    let round = a.baton(["fleet", "witness"]);
    assert!(round.code == Some(0) || round.stderr.contains("hint: "), "{round:?}");
    let started = window.baton("s1", &["run", "start", "another", "--fleet"]);
    assert_ne!(started.code, Some(0), "{started:?}");
    check("the disk is still full");

    std::fs::remove_file(&filler).unwrap();
    let again = window.baton("s1", &["run", word, "demo"]);
    assert_eq!(again.code, Some(0), "{again:?}");
    a.witness();
    check("there is space");
}
