//! Scenarios that are played again and again, each time with a fault at another system call.

use std::fs::File;
use std::path::PathBuf;

use agent_baton_core::agent::Agent;
use agent_baton_core::reason::Reason;
use agent_baton_core::run::Run as Record;
use serde_json::json;

use crate::conversation::{keep, words};
use crate::fake_agent::{Ended, Run};
use crate::reply::Reply;
use crate::scratch::Scratch;
use crate::state::State;
use crate::trace::{Call, Fault, calls, traced, with_fault};
use crate::window::{Window, assert_no_output};

/// A scenario of the program.
pub struct Scenario {
    /// Its name.
    pub name: &'static str,
    /// The event that is delivered. `None` if the scenario is a command.
    pub event: Option<&'static str>,
    /// Whether another process holds the lock meanwhile.
    pub locked: bool,
    prepare: for<'a> fn(&'a Scratch) -> Vec<Window<'a>>,
    /// Returns what the last window runs.
    act: fn(&Window<'_>) -> Run,
    check_repair: fn(&mut FaultScenario<'_>, &Ended),
}

/// A scenario with its state prepared. It can be played any number of times.
pub struct FaultScenario<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    scratch: &'a Scratch,
    windows: Vec<Window<'a>>,
    before: State,
}

/// Every scenario.
pub const SCENARIOS: [Scenario; 18] = [
    Scenario {
        name: "the first event of all",
        event: Some("SessionStart"),
        locked: false,
        prepare: |scratch| vec![Window::open(scratch, Agent::Claude, "%1")],
        act: |window| start(window, "s1", "startup"),
        check_repair: |scene, _| {
            scene.prompt("s1");
            scene.registered("s1");
        },
    },
    Scenario {
        name: "a registration",
        event: Some("SessionStart"),
        locked: false,
        prepare: |scratch| {
            vec![Window::open_owner(scratch, Agent::Claude, "%1"), Window::open(scratch, Agent::Claude, "%2")]
        },
        act: |window| start(window, "s2", "startup"),
        check_repair: |scene, _| {
            scene.prompt("s2");
            scene.registered("s2");
            scene.owned("s1", 0, 1);
        },
    },
    Scenario {
        name: "an end",
        event: Some("SessionEnd"),
        locked: false,
        prepare: |scratch| vec![Window::open_owner(scratch, Agent::Claude, "%1")],
        act: |window| window.call("s1", window.payload("SessionEnd", "s1", &json!({})).to_string()),
        check_repair: |scene, _| {
            scene.prompt("s1");
            scene.registered("s1");
            scene.owned("s1", 0, 1);
        },
    },
    Scenario {
        name: "a transfer",
        event: Some("SessionStart"),
        locked: false,
        prepare: killed_owner,
        act: |window| start(window, "s1", "resume"),
        check_repair: |scene, ended| {
            // A notification that was not written is delivered again, and one that was written is not repeated for
            // ever.
            let told = scene.tells_model(ended, "SessionStart");
            let again = scene.prompt("s1");
            assert!(told || scene.tells_model(&again, "UserPromptSubmit"), "the model was never told: {again:?}");
            assert_no_output(&scene.prompt("s1"));
            scene.owned("s1", 1, 2);
        },
    },
    Scenario {
        name: "a transfer at a prompt",
        event: Some("UserPromptSubmit"),
        locked: false,
        prepare: killed_owner,
        act: |window| prompt(window, "s1", "first"),
        check_repair: |scene, ended| {
            let told = scene.tells_model(ended, "UserPromptSubmit");
            let again = scene.prompt("s1");
            assert!(told || scene.tells_model(&again, "UserPromptSubmit"), "the model was never told: {again:?}");
            assert_no_output(&scene.prompt("s1"));
            scene.owned("s1", 1, 2);
        },
    },
    Scenario {
        name: "an owner elsewhere",
        event: Some("SessionStart"),
        locked: false,
        prepare: |scratch| {
            vec![Window::open_owner(scratch, Agent::Claude, "%1"), Window::open(scratch, Agent::Claude, "%2")]
        },
        act: |window| start(window, "s1", "resume"),
        check_repair: |scene, ended| {
            scene.notified_once("s1", ended);
            scene.owned("s1", 0, 1);
        },
    },
    Scenario {
        name: "an offer",
        event: Some("SessionStart"),
        locked: false,
        prepare: killed_owner,
        act: |window| start(window, "s2", "startup"),
        check_repair: |scene, ended| {
            scene.notified_once("s2", ended);
            scene.owned("s1", 0, 1);
        },
    },
    Scenario {
        name: "an adoption",
        event: None,
        locked: false,
        prepare: |scratch| {
            let mut windows = killed_owner(scratch);
            let offered = windows[1].hook("SessionStart", "s2", &json!({"source": "startup"}));
            assert_eq!(offered.code, Some(0), "{offered:?}");
            windows
        },
        act: |window| command(window, "s2", &["run", "adopt", "demo"]),
        check_repair: |scene, ended| {
            let again = scene.last().baton("s2", &["run", "adopt", "demo"]);
            // The run cannot be adopted a second time.
            assert_eq!(again.code, Some(if ended.code == Some(0) { 3 } else { again.code.unwrap_or(1) }), "{again:?}");
            assert!(matches!(again.code, Some(0 | 3)), "{again:?}");
            scene.owned("s2", 1, 2);
        },
    },
    Scenario {
        name: "a supersession",
        event: Some("SessionStart"),
        locked: false,
        prepare: |scratch| {
            let mut empty = Window::open(scratch, Agent::Claude, "%1");
            assert_no_output(&empty.hook("SessionStart", "s0", &json!({})));
            empty.process.kill();
            vec![empty, Window::open(scratch, Agent::Claude, "%1")]
        },
        act: |window| start(window, "s1", "startup"),
        check_repair: |scene, ended| {
            scene.prompt("s1");
            scene.registered("s1");
            let sessions = scene.state().sessions();
            let old: Vec<_> = sessions.iter().filter(|kept| kept.record.id.as_str() == "s0").collect();
            assert_eq!(old.len(), 1, "it stands on one location");
            let superseded = old[0].record.ended.as_ref().is_some_and(|end| end.reason == Reason::Superseded);
            assert_eq!(old[0].archived, superseded);
            // If something could not be read, the old process could not be probed, and the session is kept.
            assert!(superseded || ended.code == Some(0), "{ended:?}");
        },
    },
    Scenario {
        name: "an event that does not get the lock",
        event: Some("SessionStart"),
        locked: true,
        prepare: |scratch| {
            vec![Window::open_owner(scratch, Agent::Claude, "%1"), Window::open(scratch, Agent::Claude, "%2")]
        },
        act: |window| start(window, "s2", "startup"),
        check_repair: |scene, _| {
            scene.prompt("s2");
            scene.registered("s2");
            scene.owned("s1", 0, 1);
        },
    },
    Scenario {
        name: "an inbox that is emptied",
        event: Some("UserPromptSubmit"),
        locked: false,
        prepare: |scratch| {
            let mut windows = vec![Window::open_owner(scratch, Agent::Claude, "%1")];
            let held = hold(scratch);
            for (session, pane) in [("s2", "%2"), ("s3", "%3")] {
                let mut window = Window::open(scratch, Agent::Claude, pane);
                assert_no_output(&window.hook("SessionStart", session, &json!({})));
                windows.push(window);
            }
            drop(held);
            windows
        },
        act: |window| prompt(window, "s3", "first"),
        check_repair: |scene, ended| {
            // An event that could not be read or handled goes to the quarantine, with a warning. The session's next
            // event does its work.
            let quarantine = scene.scratch.state_dir().join("quarantine");
            if std::fs::read_dir(&quarantine).is_ok_and(|mut files| files.next().is_some()) {
                assert!(ended.stderr.contains("it was moved to"), "{ended:?}");
                std::fs::remove_dir_all(&quarantine).unwrap();
                let registered = scene.windows[1].hook("UserPromptSubmit", "s2", &json!({"prompt": "words"}));
                assert_eq!(registered.code, Some(0), "{registered:?}");
            }
            scene.prompt("s3");
            scene.registered("s2");
            scene.registered("s3");
            scene.owned("s1", 0, 1);
        },
    },
    Scenario {
        name: "an update",
        event: None,
        locked: false,
        prepare: |scratch| vec![Window::open_owner(scratch, Agent::Claude, "%1")],
        act: |window| command(window, "s1", &["run", "update", "demo", "--iteration", "7"]),
        check_repair: |scene, ended| {
            assert_no_output(&scene.prompt("s1"));
            let iteration = scene.owned("s1", 0, 1).iteration;
            assert!(iteration == 7 || (iteration == 0 && ended.code != Some(0)), "{iteration} after {ended:?}");
        },
    },
    Scenario {
        name: "a cancel",
        event: None,
        locked: false,
        prepare: |scratch| vec![Window::open_owner(scratch, Agent::Claude, "%1")],
        act: |window| command(window, "s1", &["run", "cancel", "demo"]),
        check_repair: |scene, ended| {
            assert_no_output(&scene.prompt("s1"));
            let state = scene.state();
            state.check_records();
            let run = state.runs().pop().expect("the run");
            assert!(run.archived || ended.code != Some(0), "{ended:?}");
            assert_eq!(run.archived, run.record.status.name() == "cancelled");
        },
    },
    Scenario {
        name: "a message",
        event: Some("Stop"),
        locked: false,
        prepare: |scratch| vec![talker(scratch)],
        act: |window| {
            let fields = json!({"stop_hook_active": false, "last_assistant_message": "last"});
            window.call("s1", window.payload("Stop", "s1", &fields).to_string())
        },
        check_repair: |scene, ended| scene.said(ended, true),
    },
    Scenario {
        name: "a fold at the end",
        event: Some("SessionEnd"),
        locked: false,
        prepare: |scratch| vec![talker(scratch)],
        act: |window| window.call("s1", window.payload("SessionEnd", "s1", &json!({})).to_string()),
        check_repair: |scene, ended| scene.said(ended, false),
    },
    Scenario {
        name: "a fold after a crash",
        event: Some("SessionStart"),
        locked: false,
        prepare: |scratch| {
            let mut first = talker(scratch);
            first.process.kill();
            vec![first, Window::open(scratch, Agent::Claude, "%2")]
        },
        act: |window| start(window, "s1", "resume"),
        check_repair: |scene, ended| scene.said(ended, false),
    },
    Scenario {
        name: "a chunk",
        event: Some("PreCompact"),
        locked: false,
        prepare: |scratch| vec![talker(scratch)],
        act: |window| window.call("s1", window.payload("PreCompact", "s1", &json!({"trigger": "manual"})).to_string()),
        check_repair: |scene, ended| {
            scene.said(ended, false);
            // The next chunk has what this one did not contain, and nothing that it did contain.
            let again = scene.last().hook("PreCompact", "s1", &json!({"trigger": "auto"}));
            assert_eq!((again.code, again.stderr.as_str()), (Some(0), ""), "{again:?}");
            let chunks = scene.conversation("chunk-");
            assert_eq!(chunks.matches("## Prompt").count(), 3, "{chunks}");
        },
    },
    Scenario {
        name: "an import",
        event: None,
        locked: false,
        prepare: |scratch| {
            let window = talker(scratch);
            let out = scratch.root().join("export.tar.gz");
            let output = scratch.baton(["session", "export", "s1", "--out", out.to_str().expect("UTF-8")]).run();
            assert_eq!(output.code, Some(0), "{output:?}");
            std::fs::remove_dir_all(scratch.state_dir()).unwrap();
            // The import happens on another machine, which has a session of its own.
            let mut other = Window::open(scratch, Agent::Claude, "%2");
            assert_no_output(&other.hook("SessionStart", "s2", &json!({})));
            vec![window, other]
        },
        act: |window| {
            let archive = window.scratch().root().join("export.tar.gz");
            command(window, "s2", &["session", "import", archive.to_str().expect("UTF-8")])
        },
        check_repair: |scene, ended| {
            let archive = scene.scratch.root().join("export.tar.gz");
            let again = scene.last().baton("s2", &["session", "import", archive.to_str().expect("UTF-8")]);
            // If the call ended before the record existed, the session is imported again, completely. Otherwise its
            // record exists.
            assert_eq!(again.code, Some(if ended.code == Some(0) { 3 } else { again.code.unwrap_or(1) }), "{again:?}");
            assert!(matches!(again.code, Some(0 | 3)), "{again:?}");
            // Files written before the record existed belonged to no session and went to the quarantine.
            drop(std::fs::remove_dir_all(scene.scratch.state_dir().join("quarantine")));
            let state = scene.state();
            state.check_records();
            assert!(state.sessions().iter().any(|kept| kept.record.id.as_str() == "s1" && kept.archived));
            assert_eq!(words(scene.scratch, "s1"), TALK);
        },
    },
];

/// The messages of [`talker`]'s session.
const TALK: [&str; 3] = ["prompt: one", "answer: first", "prompt: two"];

/// Opens session s1, which records messages.
fn talker(scratch: &Scratch) -> Window<'_> {
    keep(scratch, "all");
    let mut window = Window::open(scratch, Agent::Claude, "%1");
    assert_no_output(&window.hook("SessionStart", "s1", &json!({})));
    window.turn("s1", "one", "first");
    assert_no_output(&window.hook("UserPromptSubmit", "s1", &json!({"prompt": "two"})));
    window
}

fn prompt(window: &Window<'_>, session: &str, words: &str) -> Run {
    window.call(session, window.payload("UserPromptSubmit", session, &json!({"prompt": words})).to_string())
}

fn start(window: &Window<'_>, session: &str, source: &str) -> Run {
    window.call(session, window.payload("SessionStart", session, &json!({"source": source})).to_string())
}

fn command(window: &Window<'_>, session: &str, args: &[&str]) -> Run {
    let baton = crate::program::baton().to_str().expect("a path that is UTF-8");
    window.below(
        session,
        std::iter::once(baton).chain(args.iter().copied()).map(str::to_owned).collect(),
        String::new(),
    )
}

/// Opens the same session, kills it, and opens a second agent that has not sent anything.
fn killed_owner(scratch: &Scratch) -> Vec<Window<'_>> {
    let mut first = Window::open_owner(scratch, Agent::Claude, "%1");
    first.process.kill();
    vec![first, Window::open(scratch, Agent::Claude, "%2")]
}

/// Holds the lock of the state until dropped.
#[must_use]
pub fn hold(scratch: &Scratch) -> File {
    let lock = File::options().read(true).write(true).open(scratch.state_dir().join("lock")).unwrap();
    lock.lock().unwrap();
    lock
}

impl<'a> FaultScenario<'a> {
    /// Prepares a scenario.
    #[must_use]
    pub fn new(scenario: &'a Scenario, scratch: &'a Scratch) -> Self {
        let windows = (scenario.prepare)(scratch);
        Self { scenario, scratch, windows, before: scratch.state() }
    }

    /// Returns the calls that it makes without a fault.
    pub fn calls(&mut self) -> Vec<Call> {
        let log = self.log();
        let run = traced(&(self.scenario.act)(self.last()), &log);
        let ended = self.play(run);
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{}: {ended:?}", self.scenario.name);
        self.check_repair(&ended);
        let mut calls = calls(&log, &self.scratch.state_dir());
        // How often a call tries to get a held lock depends on the machine's speed.
        calls.retain(|call| !(self.scenario.locked && call.name == "flock" && call.nth > 1));
        calls
    }

    /// Plays the scenario with a fault at one call.
    pub fn inject(&mut self, call: &Call, fault: Fault) -> Ended {
        let run = (self.scenario.act)(self.last());
        let run = with_fault(&run, &self.log(), call, fault);
        self.play(run)
    }

    /// Delivers the next events, and checks the state.
    pub fn check_repair(&mut self, ended: &Ended) {
        (self.scenario.check_repair)(self, ended);
    }

    /// Returns whether the state is unchanged, except for temporary files and the name of the lock's holder.
    #[must_use]
    pub fn is_untouched(&self) -> bool {
        let kept = |state: State| -> Vec<_> {
            let kept = |path: &PathBuf| path.as_os_str() != "lock" && path.extension().is_none_or(|ext| ext != "tmp");
            state.files.into_iter().filter(|(path, _)| kept(path)).collect()
        };
        kept(self.state()) == kept(self.before.clone())
    }

    /// Returns whether a commit was left for the next call.
    #[must_use]
    pub fn is_in_flight(&self) -> bool {
        self.scratch.state_dir().join("wal.json").exists()
    }

    fn play(&mut self, run: Run) -> Ended {
        self.before.put_back(&self.scratch.state_dir());
        let held = self.scenario.locked.then(|| hold(self.scratch));
        let ended = self.last().process.run(run);
        drop(held);
        ended
    }

    fn log(&self) -> PathBuf {
        self.scratch.root().join("calls")
    }

    fn last(&mut self) -> &mut Window<'a> {
        self.windows.last_mut().expect("a window")
    }

    fn state(&self) -> State {
        self.scratch.state()
    }

    /// Sends a prompt in the last window. No two prompts are equal.
    fn prompt(&mut self, session: &str) -> Ended {
        let words = self.state().logged().to_string() + &self.state().audit().len().to_string();
        let ended = self.last().hook("UserPromptSubmit", session, &json!({"prompt": words}));
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
        ended
    }

    fn tells_model(&self, ended: &Ended, event: &str) -> bool {
        // A call that was killed while it wrote delivered nothing.
        let reply = Reply::parse(&ended.stdout, event).unwrap_or_else(|error| panic!("{error}"));
        reply.is_some_and(|reply| reply.model.is_some())
    }

    /// Checks that the messages are there, once, and that the next end compacts them. `last` says whether the last
    /// message must be among them, which depends on the fault.
    fn said(&mut self, ended: &Ended, last: bool) {
        let with = |more: &[&'static str]| [&TALK[..], more].concat();
        let messages = words(self.scratch, "s1");
        let mut expected = vec![with(&[])];
        if last {
            // A call that failed may have recorded its message, or not.
            let kept = with(&["answer: last"]);
            if ended.code == Some(0) && ended.stderr.is_empty() { expected = vec![kept] } else { expected.push(kept) }
        }
        assert!(expected.iter().any(|expected| *expected == messages), "{messages:?} after {ended:?}");
        self.prompt("s1");
        let next = words(self.scratch, "s1");
        assert_eq!(next.len(), messages.len() + 1, "{next:?}");
        let over = self.last().hook("SessionEnd", "s1", &json!({"reason": "logout"}));
        assert_eq!((over.code, over.stdout.as_str()), (Some(0), ""), "{over:?}");
        // A torn line goes to the quarantine, with a warning.
        assert!(over.stderr.is_empty() || over.stderr.contains("it was moved to"), "{over:?}");
        assert_eq!(words(self.scratch, "s1"), next);
        assert_eq!(self.conversation("saved").matches("\"role\"").count(), next.len());
        assert_eq!(self.conversation("compacting") + &self.conversation("log"), "");
        self.state().check_records();
    }

    /// Returns the content of the files of s1's conversation whose names begin with `begin`.
    fn conversation(&self, begin: &str) -> String {
        let begin = self.scratch.state_dir().join("conversations/s1").join(begin);
        let begin = begin.to_str().expect("a path that is UTF-8").to_owned();
        let named =
            |path: &PathBuf| self.scratch.state_dir().join(path).to_str().is_some_and(|path| path.starts_with(&begin));
        let files = self.state().files.into_iter().filter(|(path, _)| named(path));
        files.map(|(_, bytes)| String::from_utf8(bytes).expect("UTF-8")).collect()
    }

    /// Checks that a notification that was not written is delivered with the next prompt, and not repeated for ever.
    fn notified_once(&mut self, session: &str, ended: &Ended) {
        let told = |ended: &Ended, event: &str| {
            let reply = Reply::parse(&ended.stdout, event).unwrap_or_else(|error| panic!("{error}"));
            reply.is_some_and(|reply| reply.user.is_some())
        };
        let again = self.prompt(session);
        let told = told(ended, "SessionStart") || told(&again, "UserPromptSubmit");
        assert!(told, "the user was never told: {again:?}");
        assert_no_output(&self.prompt(session));
    }

    /// Checks that the records are intact and the session is registered once, with one launch that has not ended.
    fn registered(&self, session: &str) {
        let state = self.state();
        state.check_records();
        let sessions = state.sessions();
        let found: Vec<_> = sessions.iter().filter(|kept| kept.record.id.as_str() == session).collect();
        assert_eq!(found.len(), 1, "{session}");
        assert!(!found[0].archived && found[0].record.ended.is_none(), "{session}");
        assert_eq!(found[0].record.launches.iter().filter(|launch| launch.ended.is_none()).count(), 1, "{session}");
    }

    /// Checks that the records are intact and that the only run belongs to this session in this window, with this
    /// fence.
    fn owned(&self, session: &str, window: usize, fence: u64) -> Record {
        let state = self.state();
        state.check_records();
        let run = state.only_run();
        assert_eq!(
            (run.owner.session.as_ref().map_or("", |id| id.as_str()), run.owner.process.pid, run.fence.0),
            (session, self.windows[window].process.pid(), fence)
        );
        assert_eq!(run.history.len() as u64 + 1, fence);
        run
    }
}
