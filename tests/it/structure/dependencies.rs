//! Checks that the manifests follow the table in ARCHITECTURE.md, which says what each crate may depend on.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use agent_baton_tests::program::workspace;

use super::crates::crates;

/// Returns the name of each crate in the table, with the crates that it may depend on.
fn documented() -> BTreeMap<String, BTreeSet<String>> {
    let text = fs::read_to_string(workspace().join("ARCHITECTURE.md")).unwrap();
    let rows = text.lines().skip_while(|line| !line.starts_with("| crate |")).skip(2);
    let rows = rows.take_while(|line| line.starts_with('|')).map(|line| line.split('|').collect::<Vec<_>>());
    let in_backticks = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<BTreeSet<_>>();
    let rows = rows.map(|cells| {
        let name = in_backticks(cells[1]).into_iter().find(|name| !name.contains('/')).unwrap();
        (name, in_backticks(cells[4]))
    });
    let rows: Vec<_> = rows.collect();
    // The hook may depend on all crates above it.
    let all: BTreeSet<_> =
        rows.iter().map(|(name, _)| name.clone()).take_while(|name| *name != "agent-baton").collect();
    let mut table: BTreeMap<_, _> = rows.into_iter().collect();
    table.entry("agent-baton".to_owned()).or_default().extend(all);
    table
}

#[test]
fn a_crate_depends_only_on_what_the_table_allows() {
    let (documented, crates) = (documented(), crates());
    let names: BTreeSet<_> = crates.iter().map(|member| member.name.clone()).collect();
    assert_eq!(
        documented.keys().cloned().collect::<BTreeSet<_>>(),
        names,
        "the rows of ARCHITECTURE.md are the crates"
    );
    for member in &crates {
        let ours: BTreeSet<_> = member.dependencies.intersection(&names).cloned().collect();
        let surplus: Vec<_> = ours.difference(&documented[&member.name]).collect();
        assert!(surplus.is_empty(), "{} depends on {surplus:?}: ARCHITECTURE.md does not allow it", member.name);
        let unused: Vec<_> = documented[&member.name].difference(&ours).filter(|name| **name != member.name).collect();
        assert!(unused.is_empty(), "ARCHITECTURE.md lets {} depend on {unused:?}, and it does not", member.name);
    }
}

/// Returns each package of other people with its features, as these arguments build it.
fn features(args: &[&str]) -> BTreeMap<String, BTreeSet<String>> {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--prefix=none", "--no-dedupe", "--format={p} {f}"])
        .args(args)
        .current_dir(workspace())
        .output()
        .unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let mut found = BTreeMap::<_, BTreeSet<_>>::new();
    for line in String::from_utf8(tree.stdout).unwrap().lines().filter(|line| !line.contains(" (/")) {
        let package = line.split(' ').take(2).collect::<Vec<_>>().join(" ");
        found.entry(package).or_default().insert(line.replace("(proc-macro) ", ""));
    }
    found
}

#[test]
fn the_program_and_the_tests_share_one_build_of_each_package() {
    let (alone, together) = (features(&["--package=agent-baton", "--edges=normal,build"]), features(&["--workspace"]));
    let differ: Vec<_> = alone.iter().filter(|(package, features)| !features.is_subset(&together[*package])).collect();
    assert!(differ.is_empty(), "`cargo test --workspace` builds these once more, with other features: {differ:?}");
}
