//! The script: one step per line, with the expected rows after `->`.

use agent_baton_core::decision::Location;
use agent_baton_core::event::{EventName, Source};
use agent_baton_core::pane::Pane;
use agent_baton_core::process::{LockState, ProcessState, Program};
use agent_baton_core::reason::Reason;
use agent_baton_core::request::Command;

use super::actor::Site;
use super::{STEP_MS, World};

/// The names of an agent's events in a script.
pub const EVENTS: &[&str] = &["start", "compact", "prompt", "stop", "interrupt", "failure", "end", "hang-up"];

/// Plays a script and checks the rows of every step that names some.
pub fn check(script: &str) -> World {
    let mut world = World::default();
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(expected) = line.strip_prefix("= ") {
            assert_eq!(world.view(expected.split_whitespace().next().unwrap()), expected, "in\n{script}");
            continue;
        }
        let (step, expected) =
            line.split_once("->").map_or((line, None), |(step, rows)| (step.trim(), Some(rows.trim())));
        let rows = world.step(step);
        if let Some(expected) = expected {
            assert_eq!(rows, expected, "{step}\nin\n{script}");
        }
    }
    world
}

impl World {
    /// Plays one step. Returns the rows that applied, with `+told` if there was a notification.
    pub fn step(&mut self, step: &str) -> String {
        self.now_ms += STEP_MS;
        self.said.clear();
        let words: Vec<&str> = step.split_whitespace().collect();
        let decision = match words.as_slice() {
            ["kill", actor] => {
                return self.look(actor, |actor| {
                    actor.state = ProcessState::Gone;
                    actor.blind = false;
                });
            }
            ["blind", actor] => return self.look(actor, |actor| actor.blind = true),
            ["see", actor] => return self.look(actor, |actor| actor.blind = false),
            ["zombie", actor] => return self.look(actor, |actor| actor.state = ProcessState::Zombie),
            ["reuse", actor] => return self.look(actor, |actor| actor.state = ProcessState::Reused),
            ["unlock", actor] => {
                let loaded = self.sessions.keys().map(|id| (id.clone(), LockState::Released)).collect();
                return self.look(actor, |actor| actor.locks = loaded);
            }
            ["shows", actor, session] => {
                return self.look(actor, |actor| actor.shows = Some((*session).to_owned()));
            }
            // The process executes another program, or the file of its program cannot be read.
            ["exec", actor, name, file] => {
                let program = Program { name: (*name).to_owned(), file: (*file != "?").then(|| (*file).to_owned()) };
                return self.look(actor, |actor| actor.program = program);
            }
            ["pane", actor, pane] => {
                let pane = Pane::Tmux { server: "s".into(), pane: (*pane).to_owned() };
                return self.look(actor, |actor| actor.pane = pane);
            }
            ["break", record] => {
                self.unreadable.push((*record).to_owned());
                return String::new();
            }
            ["mute"] => {
                self.mute = true;
                return String::new();
            }
            ["unmute"] => {
                self.mute = false;
                return String::new();
            }
            ["pin", session] => {
                self.sessions.get_mut(*session).unwrap().0.pinned = true;
                return String::new();
            }
            ["delete", session] => {
                self.sessions.get_mut(*session).unwrap().1 = Location::Trash;
                return String::new();
            }
            ["days", days] => {
                self.now_ms += days.parse::<u64>().unwrap() * 86_400_000;
                return String::new();
            }
            ["hours", hours] => {
                self.now_ms += hours.parse::<u64>().unwrap() * 3_600_000;
                return String::new();
            }
            ["reboot"] => {
                self.reboot();
                return String::new();
            }
            ["elsewhere"] => {
                self.site.machine = 1;
                return String::new();
            }
            ["back"] => {
                self.site = Site::default();
                return String::new();
            }
            ["container"] => {
                self.site.pidns += 1;
                return String::new();
            }
            ["clock", by] => {
                self.skew_ms += by.parse::<i64>().unwrap();
                return String::new();
            }
            ["again"] => {
                self.now_ms -= STEP_MS;
                let Some(event) = self.last.clone() else { return String::new() };
                self.deliver(event)
            }
            ["repeat", ms] => {
                self.now_ms -= STEP_MS;
                let mut event = self.last.clone().unwrap();
                event.hook_start_ms += ms.parse::<u64>().unwrap();
                event.waited = false;
                self.deliver(event)
            }
            ["late-start", actor, session, ms] => {
                let mut event = self.event(actor, session, EventName::SessionStart, Some(source("startup")));
                event.hook_start_ms -= ms.parse::<u64>().unwrap();
                event.waited = true;
                self.deliver(event)
            }
            ["late-end", actor, session, ms] => {
                let mut event = self.event(actor, session, EventName::SessionEnd, None);
                event.hook_start_ms = event.hook_start_ms.saturating_sub(ms.parse().unwrap());
                self.deliver(event)
            }
            ["with", run, supervisor] => self.with(run, supervisor, false),
            ["with", run, supervisor, "force"] => self.with(run, supervisor, true),
            ["attach", run, fence, child] => self.attach(run, fence, child),
            ["below", run, fence, above @ ..] => {
                self.run_below(run, fence, above);
                return String::new();
            }
            ["apart"] => {
                self.claim = None;
                return String::new();
            }
            ["survives", names @ ..] => {
                self.survive(names);
                return String::new();
            }
            ["alone"] => {
                self.survive(&[]);
                self.blind_to_survivors = false;
                return String::new();
            }
            ["held", run] => {
                self.held.push((*run).to_owned());
                return String::new();
            }
            ["free"] => {
                self.held.clear();
                return String::new();
            }
            ["fleet", run, word] => return self.say_standing(run, word),
            ["take-lapsed"] => {
                self.limits.take_lapsed = true;
                return String::new();
            }
            ["refresh", run, rest @ ..] => self.refresh(run, rest),
            ["release", run, cause] => self.release(run, cause),
            ["outbox", session] => return self.outbox(session),
            ["names", session] => {
                let runs = &self.sessions[*session].0.runs;
                return runs.iter().map(|run| run.as_str()).collect::<Vec<_>>().join(" ");
            }
            ["project", id] => return self.project_of(id),
            ["iterations", run] => return self.runs[*run].0.iteration.to_string(),
            ["loop", session, actor, run, rest @ ..] => self.start_loop(session, actor, run, rest),
            ["pause", run] => self.command(Command::Pause { run: run.parse().unwrap(), why: None }),
            ["continue", run] => self.command(Command::Continue { run: run.parse().unwrap() }),
            ["late-stop", actor, session] => {
                let mut event = self.event(actor, session, EventName::Stop, None);
                event.waited = true;
                self.deliver(event)
            }
            ["run", session, actor, run] => self.start(session, actor, run),
            ["cancel", run] => self.command(Command::Cancel { run: run.parse().unwrap(), why: None }),
            ["adopt", run, session, actor, rest @ ..] => {
                let process = self.actor(actor).process;
                self.command(Command::Adopt {
                    run: run.parse().unwrap(),
                    session: session.parse().unwrap(),
                    process,
                    force: rest.contains(&"force"),
                    take: rest.contains(&"take"),
                })
            }
            ["update", run, by] => {
                let caller = self.caller(by);
                self.command(Command::Update {
                    run: run.parse().unwrap(),
                    caller,
                    phase: None,
                    iteration: Some(u32::try_from(self.events).unwrap() + 1),
                    max_iterations: None,
                })
            }
            ["verify", run, by] => {
                let caller = self.caller(by);
                self.command(Command::Verify { run: run.parse().unwrap(), caller })
            }
            ["finish", run, by] => {
                let caller = self.caller(by);
                self.command(Command::Finish { run: run.parse().unwrap(), caller, failed: false, why: None })
            }
            [actor, what, session, rest @ ..] => {
                let (name, source) = match *what {
                    "start" => (EventName::SessionStart, Some(source(rest.first().copied().unwrap_or("startup")))),
                    "compact" => (EventName::SessionStart, Some(Source::Compact)),
                    "prompt" => (EventName::UserPromptSubmit, None),
                    "stop" => (EventName::Stop, None),
                    "interrupt" => (EventName::Interrupt, None),
                    "failure" => (EventName::StopFailure, None),
                    "end" | "hang-up" => (EventName::SessionEnd, None),
                    other => panic!("no such event: {other}"),
                };
                self.comes_to(actor, session, name);
                let mut event = self.event(actor, session, name, source);
                event.terminal_closed = *what == "hang-up";
                self.tell_more(&mut event, rest);
                self.deliver(event)
            }
            _ => panic!("no such step: {step}"),
        };
        self.said.clone_from(&decision.notifications);
        let mut words: Vec<&str> = std::iter::once(decision.reason).chain(decision.also).map(Reason::word).collect();
        if !decision.notifications.is_empty() {
            words.push("+told");
        }
        words.join(" ")
    }
}

fn source(word: &str) -> Source {
    match word {
        "startup" => Source::Startup,
        "resume" => Source::Resume,
        "clear" => Source::Clear,
        "fork" => Source::Fork,
        other => panic!("no such source: {other}"),
    }
}
