//! Generates one history from a seed.

use crate::rng::Rng;

/// Claude's sessions. The two agents never share an id.
const CLAUDE: &[&str] = &["A", "B", "C"];
const CODEX: &[&str] = &["K", "L", "M"];

/// Returns the script of a history. Each line is independent, so lines can be removed to shorten a failing history.
pub fn script(seed: u64) -> Vec<String> {
    let mut story =
        Story { rng: Rng::new(seed), actors: vec!["P1".into()], runs: Vec::new(), born: 1, lines: Vec::new() };
    story.opens();
    let long = story.rng.below(24);
    for _ in 0..4 + long {
        story.goes_on();
    }
    story.lines
}

struct Story {
    rng: Rng,
    /// All processes so far, including dead ones, because their events may arrive late.
    actors: Vec<String>,
    runs: Vec<String>,
    born: usize,
    lines: Vec<String>,
}

impl Story {
    fn say(&mut self, line: String) {
        self.lines.push(line);
    }

    /// Starts a run in most histories, because without a run there is nothing to transfer.
    fn opens(&mut self) {
        let actor = self.fresh();
        let session = self.session(&actor);
        self.say(format!("{actor} start {session}"));
        self.say(format!("{actor} prompt {session}"));
        self.starts_run(&actor, session);
    }

    fn fresh(&mut self) -> String {
        self.born += 1;
        let kind = self.rng.one_of(&["P", "P", "P", "P", "X", "X", "D"]);
        let actor = format!("{kind}{}", self.born);
        self.actors.push(actor.clone());
        actor
    }

    /// Returns a process, most often one of the newest two.
    fn actor(&mut self) -> String {
        let newest = if self.rng.once_in(2) { 2 } else { self.actors.len() };
        let back = self.rng.below(newest.min(self.actors.len()));
        self.actors[self.actors.len() - 1 - back].clone()
    }

    /// Returns a session that a process can show, most often the first.
    fn session(&mut self, actor: &str) -> &'static str {
        let all = if actor.starts_with('P') { CLAUDE } else { CODEX };
        if self.rng.once_in(2) { all[0] } else { self.rng.one_of(all) }
    }

    fn run(&mut self) -> String {
        let any = self.rng.below(self.runs.len().max(1));
        self.runs.get(any).cloned().unwrap_or_else(|| "r0".into())
    }

    fn starts_run(&mut self, actor: &str, session: &str) {
        let run = format!("r{}", self.lines.len());
        self.say(format!("run {session} {actor} {run}"));
        self.runs.push(run);
    }

    fn goes_on(&mut self) {
        let actor = self.actor();
        let session = self.session(&actor);
        match self.rng.below(64) {
            0..=9 => self.resumes(),
            10..=21 => self.say(format!("{actor} prompt {session}")),
            22..=24 => self.say(format!("{actor} stop {session}")),
            25..=28 => self.say(format!("{actor} end {session}")),
            29..=30 => {
                let ms = 500 + 1000 * self.rng.below(6);
                self.say(format!("late-end {actor} {session} {ms}"));
            }
            31..=34 => {
                let source = self.rng.one_of(&["startup", "resume", "clear", "fork"]);
                self.say(format!("{actor} start {session} {source}"));
            }
            35 => self.say(format!("{actor} compact {session}")),
            36..=41 => {
                let end = self.rng.one_of(&["kill", "kill", "zombie", "reuse"]);
                self.say(format!("{end} {actor}"));
            }
            42..=43 => {
                let look = self.rng.one_of(&["blind", "see"]);
                self.say(format!("{look} {actor}"));
            }
            // The start event of a session that baton never hears of.
            44 if actor.starts_with('P') => self.say(format!("shows {actor} Z")),
            44 => self.say(format!("unlock {actor}")),
            45..=47 => self.starts_run(&actor, session),
            48..=49 => {
                let (run, overrides) = (self.run(), self.rng.one_of(&["", "", " force", " take"]));
                self.say(format!("adopt {run} {session} {actor}{overrides}"));
            }
            50 => {
                let run = self.run();
                self.say(format!("cancel {run}"));
            }
            51 => {
                let run = self.run();
                self.say(format!("finish {run} {actor}"));
            }
            52 => {
                let run = self.run();
                self.say(format!("update {run} {actor}"));
            }
            53..=55 => self.say("again".into()),
            56 => self.say("mute".into()),
            57..=58 => self.say("unmute".into()),
            59 => {
                let line = self.rng.one_of(&["days 1", "days 6", "days 8"]);
                self.say(line.into());
            }
            60 => {
                let line = self.rng.one_of(&["clock 7200000", "clock -7200000", "clock -864000000"]);
                self.say(line.into());
            }
            61 => self.say("reboot".into()),
            62 => {
                let line = self.rng.one_of(&["elsewhere", "container", "back", "back"]);
                self.say(line.into());
            }
            _ => self.opens_many_windows(),
        }
    }

    /// A new process resumes a session, as after a crash.
    fn resumes(&mut self) {
        let actor = self.fresh();
        let session = self.session(&actor);
        let source = self.rng.one_of(&["resume", "resume", "resume", "startup"]);
        self.say(format!("{actor} start {session} {source}"));
        if self.rng.once_in(3) {
            self.say(format!("{actor} prompt {session}"));
        }
    }

    /// Opens many windows, as a script does that resumes one session again and again.
    fn opens_many_windows(&mut self) {
        if !self.rng.once_in(8) {
            return;
        }
        let session = self.session("P");
        for _ in 0..18 {
            self.born += 1;
            self.say(format!("P{} start {session} resume", self.born));
            self.say(format!("P{} end {session}", self.born));
        }
    }
}
