//! Cores that return invalid decisions. baton refuses the whole decision, records that in the audit, and changes
//! nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use agent_baton_core::event::EventName;
use agent_baton_core::request::Input;
use agent_baton_core::run::Status;

use super::{DecisionService, audit_core_failure};
use crate::config::Settings;
use crate::record_store::LocalStore;
use baton_agents::AgentInspector;
use baton_core_host::Core;
use baton_store::fixtures::{
    archived_run, event, live_run, live_session, lock, place, put, run, session, stamp, world,
};
use baton_store::{StateDirEnv, Store};
use baton_system::environment::OwnEnvironment;
use baton_system::{CurrentProcess, CurrentSystem};

/// The invalid decisions of testing/malicious-modules, and the error that each causes. A text that begins with "the decision"
/// names the failed check. Another one means that the reply was not a decision at all.
const INVALID_DECISIONS: &[(&str, &str)] = &[
    ("unknown-session", "the decision changes x, which was not in the snapshot"),
    ("unknown-run", "the decision changes x, which was not in the snapshot"),
    ("half-true", "the decision changes x, which was not in the snapshot"),
    ("stale-revision", "the decision gives s a revision that does not follow"),
    ("revision-skipped", "the decision gives s a revision that does not follow"),
    ("path-in-id", "the core's reply is not a decision: contains a character other than letters"),
    ("dots-in-id", "the core's reply is not a decision: contains a character other than letters"),
    ("unknown-kind", "the core's reply is not a decision: unknown variant `file`"),
    ("unknown-location", "the core's reply is not a decision: unknown variant `bin`"),
    ("twice", "the decision changes s twice"),
    ("too-many", "the decision changes 17 records; the limit is 16"),
    ("given-away", "the decision gives r a fence that is not higher"),
    ("fence-back", "the decision gives r a fence that is not higher"),
    ("other-birth", "the decision changes the agent or the creation time of r"),
    ("ended-but-live", "the decision puts r in the wrong location"),
    ("long-phase", "the decision makes a text or a list of r longer"),
    ("cancelled-comes-back", "the decision changes gone, which a user cancelled"),
];

/// Creates a state in which session `s` owns run `r`, and still names the cancelled run `gone`.
fn prepare(store: &Store) {
    let mut owner = session("s", 1);
    owner.runs = ["r", "gone"].map(|id| id.parse().unwrap()).to_vec();
    put(&mut lock(store), vec![live_session(owner), live_run(run("r", "s", 1)), live_run(run("gone", "s", 1))])
        .unwrap();
    put(&mut lock(store), vec![archived_run(run("gone", "s", 1), Status::Cancelled)]).unwrap();
}

/// Returns every file of the state except the audit, and the lock file, which names each holder.
fn files(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else if !path.ends_with("audit/audit.jsonl") && !path.ends_with("lock") {
            all.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    all
}

/// Lets a core decide the start of `s`, and returns the error.
fn decide_start(store: &Store, core: &Core) -> Option<String> {
    let here = CurrentProcess { place: place(), start: 1, start_ms: 1, parent: 1 };
    let inspector = AgentInspector::new(&CurrentSystem, &OwnEnvironment, &here);
    let settings = Settings::new(StateDirEnv::default(), |env| env, None);
    let decider = DecisionService { store, records: &LocalStore, core, inspector: &inspector, settings: &settings };

    let input = Input::Event(Box::new(event(EventName::SessionStart, "s", "digest")));
    let settled = decider.decide_and_commit(&mut lock(store), input, &[], stamp(9), &[]);
    settled.err().map(|error| baton_display::error_chain(&error))
}

fn differing<'a>(before: &'a BTreeMap<PathBuf, Vec<u8>>, after: &'a BTreeMap<PathBuf, Vec<u8>>) -> Vec<&'a PathBuf> {
    before.keys().chain(after.keys()).filter(|path| before.get(*path) != after.get(*path)).collect()
}

/// Checks that one core is refused, and that the real core then works without any trouble.
fn check(name: &str, compiled: &[u8], expected: &str) {
    let world = world();
    prepare(&world.store);
    let before = files(world.store.path());
    let said = match Core::from_compiled(compiled) {
        Ok(core) => decide_start(&world.store, &core),
        // A module that does not load gets no request at all.
        Err(error) => {
            audit_core_failure(&mut lock(&world.store), &stamp(9)).unwrap();
            Some(baton_display::error_chain(&super::DecisionError::from(error)))
        }
    };
    let said = said.unwrap_or_else(|| panic!("{name}: its decision was committed"));
    assert!(said.contains(expected) && said.contains("core"), "{name}: {said}");
    assert_eq!(differing(&before, &files(world.store.path())), Vec::<&PathBuf>::new(), "{name}");
    let last = world.store.audit().unwrap().next().unwrap();
    let shown = if expected.starts_with("the decision") { "decision_refused" } else { "core_failed" };
    assert_eq!((last.reason.as_str(), last.changes.is_empty()), (shown, true), "{name}");
    assert_eq!(decide_start(&world.store, &Core::load().unwrap()), None, "{name}");
    assert_ne!(files(world.store.path()), before, "{name}");
}

#[test]
fn whatever_a_core_answers_nothing_of_an_invalid_decision_is_written() {
    for (name, compiled) in agent_baton_malicious_modules::INVALID_DECISIONS {
        let (_, expected) = INVALID_DECISIONS
            .iter()
            .find(|(decision, _)| decision == name)
            .unwrap_or_else(|| panic!("{name} has no case"));
        check(name, compiled, expected);
    }
}

#[test]
fn every_invalid_decision_has_a_case() {
    let present: BTreeSet<_> = agent_baton_malicious_modules::INVALID_DECISIONS.iter().map(|(name, _)| name).collect();
    assert_eq!(present, INVALID_DECISIONS.iter().map(|(name, _)| name).collect());
}

#[test]
fn whatever_a_core_does_the_state_stays_as_it_was() {
    let decides = |name: &str| name == "well-behaved";
    for (name, compiled) in agent_baton_malicious_modules::MODULES.iter().filter(|(name, _)| !decides(name)) {
        check(name, compiled, "");
    }
}
