//! The properties that hold for every history. The model knows what really happened to the processes and does not use
//! the rules.

use std::collections::{BTreeMap, BTreeSet};

use agent_baton_core::decision::{Location, Notification};
use agent_baton_core::process::ProcessState;
use agent_baton_core::run::{Run, Status};

use crate::world::World;
use crate::world::script::EVENTS;

/// A session and the process that shows it.
type Holder = (String, String);

type Runs = BTreeMap<String, (Run, Location)>;

/// A model of what really happened.
#[derive(Default)]
pub struct Model {
    /// The sessions that each process really shows.
    shown: BTreeMap<String, BTreeSet<String>>,
    /// When each process last announced, or first showed, a session, in the world's milliseconds.
    since: BTreeMap<(String, String), u64>,
    /// The owner for each fence of each run.
    numbers: BTreeMap<(String, u64), Holder>,
    /// The transfers whose notification reached the new owner.
    reached: BTreeSet<(String, u64)>,
    /// All other notifications that reached a launch, with their recipient.
    heard: BTreeSet<(Holder, String)>,
}

/// Plays a history and returns the first property that does not hold.
pub fn play(lines: &[impl AsRef<str>], world: &mut World) -> Result<(), String> {
    let mut model = Model::default();
    let (mut last, mut event) = (String::new(), String::new());
    for line in lines.iter().map(AsRef::as_ref) {
        let before = (world.runs.clone(), world.sessions.clone());
        let rows = world.step(line);
        let words: Vec<&str> = line.split_whitespace().collect();
        model.happens(&words, world);
        let at = |what: String| format!("{what}\nat {line:?}, which gave {rows:?}");
        if line == "again" && EVENTS.iter().any(|event| last.split_whitespace().nth(1) == Some(event)) {
            let same = (&before.0, &before.1) == (&world.runs, &world.sessions) && world.said.is_empty();
            same.then_some(()).ok_or_else(|| at("one event delivered twice acts twice".into()))?;
        }
        let acts = if line == "again" { &event } else { line };
        let acts: Vec<&str> = acts.split_whitespace().collect();
        model.check_changes(&acts, &before.0, world).map_err(at)?;
        // An event that comes again acts if its first delivery left no trace.
        let heard = if rows.contains("duplicate_event") { &words } else { &acts };
        model.check_event(heard, &rows, &before.0, world).map_err(at)?;
        last = line.to_owned();
        if line.split_whitespace().any(|word| EVENTS.contains(&word) || word == "late-end") {
            event = line.to_owned();
        }
    }
    Ok(())
}

impl Model {
    /// Applies a step to the processes themselves.
    fn happens(&mut self, words: &[&str], world: &World) {
        let one_at_a_time = |actor: &str| actor.starts_with('P');
        match *words {
            // The start event was lost, so baton does not know the session. It does know that the process left the
            // others.
            ["shows", actor, session] => {
                self.shown.entry(actor.into()).or_default().retain(|other| other == session);
            }
            ["unlock", actor] => {
                self.shown.remove(actor);
            }
            ["late-end", actor, session, ms] => self.leaves(actor, session, world.now_ms - ms.parse::<u64>().unwrap()),
            [actor, "end", session] => self.leaves(actor, session, world.now_ms),
            [actor, event, session, ..] if EVENTS.contains(&event) => {
                let shown = self.shown.entry(actor.into()).or_default();
                let announced = event == "start";
                let named = world.actors[actor].shows.as_deref();
                let elsewhere =
                    if announced { false } else { named.map_or(!shown.is_empty(), |named| named != session) };
                if one_at_a_time(actor) && (announced || !elsewhere) {
                    shown.retain(|other| other == session);
                    self.since.retain(|(by, of), _| by != actor || of == session);
                }
                if !one_at_a_time(actor) || !elsewhere {
                    shown.insert(session.into());
                    let since = self.since.entry((actor.into(), session.into())).or_insert(world.now_ms);
                    *since = if announced { world.now_ms } else { *since };
                }
            }
            _ => {}
        }
    }

    /// An end that was sent before the newest start belongs to an older launch.
    fn leaves(&mut self, actor: &str, session: &str, sent: u64) {
        let holder = (actor.to_owned(), session.to_owned());
        if sent >= self.since.get(&holder).copied().unwrap_or_default() {
            self.since.remove(&holder);
            self.shown.entry(actor.into()).or_default().remove(session);
        }
    }

    fn shows(&self, (session, actor): &Holder) -> bool {
        self.shown.get(actor).is_some_and(|shown| shown.contains(session))
    }

    fn check_changes(&mut self, words: &[&str], before: &Runs, world: &World) -> Result<(), String> {
        for (id, (old, _)) in before {
            let Some((new, location)) = world.runs.get(id) else { return Err(format!("{id} is lost")) };
            self.check_change(words, old, new, *location, world).map_err(|what| format!("{id}: {what}"))?;
        }
        self.check_owners(world)
    }

    fn check_event(&mut self, words: &[&str], rows: &str, before: &Runs, world: &World) -> Result<(), String> {
        if let [actor, "start" | "prompt" | "compact", session, ..] = *words {
            let holder = (session.to_owned(), actor.to_owned());
            self.check_claim(words, &holder, before, world)?;
            self.check_notified(&holder, world)?;
            self.check_kept_out(&holder, rows, world)?;
            self.hears_else(&holder, world)?;
        }
        self.hears(world)
    }

    /// A launch that does not get its session's run is told why, until the notification reaches the user.
    fn check_kept_out(&self, me: &Holder, rows: &str, world: &World) -> Result<(), String> {
        let row = rows.split_whitespace().find(|row| matches!(*row, "owner_alive" | "owner_unverifiable"));
        let run = world.runs.values().find(|(run, _)| {
            run.status.is_unfinished() && run.owner.session.as_ref().is_some_and(|id| id.as_str() == me.0)
        });
        let (Some(row), Some((run, _))) = (row, run) else { return Ok(()) };
        let what = format!("{row} {} {}", run.id, run.fence);
        let told =
            self.heard.contains(&(me.clone(), what.clone())) || world.said.iter().any(|tell| named(tell) == what);
        told.then_some(()).ok_or_else(|| format!("{me:?} is not told: {what}"))
    }

    /// A notification that reached its launch is not repeated there, and an offer is not repeated in its session.
    fn hears_else(&mut self, (session, actor): &Holder, world: &World) -> Result<(), String> {
        for tell in world.said.iter().filter(|tell| transfer(tell).is_none()) {
            let to = if matches!(tell, Notification::Interrupted { .. }) { "" } else { actor };
            let key = ((session.clone(), to.to_owned()), named(tell));
            if self.heard.contains(&key) {
                return Err(format!("{key:?} is said again after it was heard"));
            }
            if !world.mute {
                self.heard.insert(key);
            }
        }
        Ok(())
    }

    fn check_change(
        &self,
        words: &[&str],
        old: &Run,
        new: &Run,
        location: Location,
        world: &World,
    ) -> Result<(), String> {
        let holder = |run: &Run| holder(run, world);
        let reset_turn = holder(old) != holder(new);
        let adopted = matches!(words, ["adopt", ..]);
        let revived = old.status == Status::Abandoned && new.status.is_unfinished();
        if (reset_turn || revived) != (new.fence > old.fence) || new.fence < old.fence {
            return Err(format!(
                "the number goes from {} to {}, and the owner is {:?}",
                old.fence,
                new.fence,
                holder(new)
            ));
        }
        let comes_back = match old.status {
            Status::Active | Status::Waiting | Status::Paused => false,
            Status::Abandoned => new.status.is_unfinished() && !adopted,
            Status::Done | Status::Failed | Status::Cancelled => {
                reset_turn || new.status != old.status || location == Location::Live
            }
        };
        if comes_back {
            return Err(format!("{} comes back as {}", old.status.name(), new.status.name()));
        }
        let knowingly = adopted && (words.contains(&"take") || old.status == Status::Abandoned);
        let owner = holder(old);
        if !reset_turn || knowingly || !self.shows(&owner) {
            return Ok(());
        }
        let forced = adopted && words.contains(&"force");
        let seen = self.can_be_seen(&owner, words, world);
        if world.actors[&owner.1].state == ProcessState::Running && (seen || !forced) {
            return Err(format!("taken from {owner:?}, which lives and shows it"));
        }
        if !seen && !forced {
            return Err(format!("taken from {owner:?}, of which nobody knows whether it lives"));
        }
        Ok(())
    }

    /// Returns whether the acting process can probe the owner.
    fn can_be_seen(&self, (_, owner): &Holder, words: &[&str], world: &World) -> bool {
        let owner = &world.actors[owner];
        let here = match words.iter().find_map(|word| world.actors.get(*word)).filter(|_| words[0] != "adopt") {
            Some(actor) => world.place(actor.site),
            None => world.place(world.site),
        };
        let near = owner.process.machine == here.machine && owner.process.pidns == here.pidns;
        near && (!owner.blind || owner.process.boot != here.boot)
    }

    /// Each fence has one owner, each session owns at most one unfinished run, and both records agree.
    fn check_owners(&mut self, world: &World) -> Result<(), String> {
        for (id, (run, _)) in &world.runs {
            let holder = holder(run, world);
            let first = self.numbers.entry((id.clone(), run.fence.0)).or_insert_with(|| holder.clone());
            if *first != holder {
                return Err(format!("{first:?} and {holder:?} both hold number {} of {id}", run.fence));
            }
        }
        for (id, (session, location)) in &world.sessions {
            let mine =
                world.runs.values().filter(|(run, _)| run.status.is_unfinished() && run.owner.is_session(&session.id));
            let mine: Vec<String> = mine.map(|(run, _)| run.id.to_string()).collect();
            let named: Vec<String> = session.runs.iter().map(ToString::to_string).collect();
            if mine.len() > 1 || mine != named || (*location == Location::Archive && !mine.is_empty()) {
                return Err(format!("{id} owns {mine:?} and names {named:?}, on location {location:?}"));
            }
        }
        Ok(())
    }

    /// A live process that continues its session gets the session's run once the owner is provably gone.
    fn check_claim(&self, words: &[&str], me: &Holder, before: &Runs, world: &World) -> Result<(), String> {
        let lives = |actor: &str| world.actors[actor].state == ProcessState::Running;
        if !lives(&me.1) || !self.shows(me) {
            return Ok(());
        }
        for (id, (run, _)) in &world.runs {
            let owner = holder(run, world);
            if !run.status.is_unfinished() || owner.0 != me.0 || owner == *me || !before.contains_key(id) {
                continue;
            }
            let gone = self.can_be_seen(&owner, words, world) && (!lives(&owner.1) || !self.shows(&owner));
            if gone {
                return Err(format!("{id} is stuck with {owner:?}, which is gone"));
            }
        }
        Ok(())
    }

    /// A transfer is announced to the new owner until the notification reaches it.
    fn check_notified(&self, me: &Holder, world: &World) -> Result<(), String> {
        let said: Vec<(String, u64)> = world.said.iter().filter_map(transfer).collect();
        for (id, (run, _)) in &world.runs {
            let key = (id.clone(), run.fence.0);
            let due = run.status.is_unfinished() && run.fence.0 > 1 && holder(run, world) == *me && self.shows(me);
            if due && !self.reached.contains(&key) && !said.contains(&key) {
                return Err(format!("{me:?} is not told that {id} is its own"));
            }
        }
        Ok(())
    }

    /// A notification that reached its owner is not repeated.
    fn hears(&mut self, world: &World) -> Result<(), String> {
        let said: Vec<(String, u64)> = world.said.iter().filter_map(transfer).collect();
        if let Some(again) = said.iter().find(|told| self.reached.contains(told)) {
            return Err(format!("{again:?} is told again after it reached its owner"));
        }
        if !world.mute {
            self.reached.extend(said);
        }
        Ok(())
    }
}

fn named(tell: &Notification) -> String {
    let Some(told) = tell.id() else { return format!("{tell:?}") };
    match tell {
        Notification::Interrupted { .. } => format!("{} {}", told.reason, told.run),
        _ => format!("{} {} {}", told.reason, told.run, told.fence),
    }
}

fn transfer(tell: &Notification) -> Option<(String, u64)> {
    match tell {
        Notification::Transferred { id: told, .. } => Some((told.run.to_string(), told.fence.0)),
        _ => None,
    }
}

fn holder(run: &Run, world: &World) -> Holder {
    (run.owner.session.as_ref().map(ToString::to_string).unwrap_or_default(), world.label(&run.owner.process))
}
