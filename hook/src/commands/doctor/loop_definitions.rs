//! Checks the files of unfinished loops: the definition, and the approval of its command.

use agent_baton_core::decision::Location;
use agent_baton_core::run::Run;

use super::finding::Finding;
use super::installation::Installation;
use baton_engine::config::Settings;
use baton_engine::loops::approval;
use baton_engine::loops::definition::LoopDefinition;
use baton_store::Store;

pub fn check(installation: &Installation) -> Vec<Finding> {
    let Some(store) = &installation.store else { return Vec::new() };
    // A record that cannot be read has a finding of its own.
    let runs = store.runs(Location::Live).unwrap_or_default().into_iter();
    let runs = runs.filter_map(|id| store.read(|view| view.run(&id).record().cloned()).ok().flatten());
    runs.filter(|run| run.status.is_unfinished())
        .filter_map(|run| what_is_wrong(store, &installation.settings, &run).map(|what| finding(&run, &what)))
        .collect()
}

/// Returns what is wrong with the files of a loop, as the end of a sentence.
fn what_is_wrong(store: &Store, settings: &Settings, run: &Run) -> Option<String> {
    let limits = &run.loop_state.as_ref()?.limits;
    let bytes = match store.read_loop_definition(&run.id) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Some("its definition is missing".to_owned()),
        Err(error) => return Some(format!("its definition cannot be used: {}", baton_display::error_chain(&error))),
    };
    let is_own = |definition: &LoopDefinition| definition.digest_like(&bytes, &limits.definition) == limits.definition;
    let Some(definition) = LoopDefinition::from_bytes(&bytes).filter(is_own) else {
        return Some("its definition is not the one that it was started with".to_owned());
    };
    let home = settings.account_home()?;
    let done_when = definition.done_when.as_ref()?;
    let missing = !approval::is_granted(&home, &run.id, done_when);
    missing.then(|| "the approval of its --done-when command cannot be read".to_owned())
}

fn finding(run: &Run, what: &str) -> Finding {
    Finding::problem(
        "loops",
        format!("the loop {} ({}) cannot go on: {what}", run.name.as_str(), run.id),
        format!("`baton run cancel {}` ends it; then start it again", run.id),
    )
}
