//! Whatever happens to a log and to a connection, a client that has caught up has what a fresh reading gives.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::LogLimits;
use super::followed::{FollowedLogs, LogClient};
use super::received::ReceivedLines;
use super::replay::{LogEvent, Position};
use super::sections::sections;

/// So small that every limit is met.
const SMALL: LogLimits = LogLimits { lines: 9, bytes: 60, block: 8 };

/// A directory with a log.
struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn log(&self) -> PathBuf {
        self.dir.path().join("progress-a.txt")
    }

    fn append(&self, text: &str) {
        let mut file = OpenOptions::new().append(true).create(true).open(self.log()).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    fn replace(&self, text: &str) {
        let next = self.dir.path().join("next");
        fs::write(&next, text).unwrap();
        fs::rename(next, self.log()).unwrap();
    }

    fn truncate(&self, length: u64) {
        let Ok(file) = OpenOptions::new().write(true).open(self.log()) else { return };
        file.set_len(length.min(file.metadata().unwrap().len())).unwrap();
    }
}

/// What a client of the server keeps: lines, the last id, and a connection.
struct Page {
    lines: ReceivedLines,
    id: Option<String>,
    client: LogClient,
}

impl Page {
    fn open(logs: &FollowedLogs, limits: LogLimits, path: &Path) -> Self {
        Self { lines: ReceivedLines::new(limits), id: None, client: logs.follow(path, true, None).unwrap() }
    }

    /// The connection was cut. The page connects with the last id that it saw.
    fn reconnect(&mut self, logs: &FollowedLogs, path: &Path) {
        let after = self.id.as_deref().and_then(|id| id.parse::<Position>().ok());
        self.client = logs.follow(path, true, after).unwrap();
    }

    /// Takes some events, of which only the first `seen` arrive. Returns whether there were none.
    fn take(&mut self, limit: usize, seen: usize) -> bool {
        let Ok(events) = self.client.next(limit) else { return true };
        let is_at_rest = events.is_empty();
        for event in events.into_iter().take(seen) {
            self.id = Some(event.position().to_string());
            self.lines.take(event);
        }
        is_at_rest
    }

    fn texts(&self) -> Vec<String> {
        self.lines.iter().map(str::to_owned).collect()
    }

    fn catch_up(&mut self) {
        for _ in 0..1000 {
            if self.take(3, usize::MAX) {
                return;
            }
        }
        panic!("there is no end");
    }
}

/// Returns what a fresh reading of a log gives.
fn fresh(path: &Path, limits: LogLimits, has_ended: bool) -> Vec<String> {
    let mut page = Page::open(&FollowedLogs::new(limits, 1), limits, path);
    page.client.set_has_ended(has_ended);
    page.catch_up();
    page.texts()
}

/// Returns the same, from the whole text and without any of the code that follows.
fn expected(text: &str, limits: LogLimits, has_ended: bool) -> Vec<String> {
    let block = usize::try_from(limits.block).unwrap();
    let (mut lines, mut start) = (Vec::new(), 0);
    let bytes = text.as_bytes();
    for end in 1..=bytes.len() {
        let is_cut = end % block == 0 && end >= block && !bytes[end - block..end].contains(&b'\n');
        if bytes[end - 1] == b'\n' || is_cut || has_ended && end == bytes.len() {
            lines.push((end - start, text[start..end].trim_end_matches('\n').to_owned()));
            start = end;
        }
    }
    let mut bytes = 0;
    let kept = lines.iter().rev().take(limits.lines).take_while(|(length, _)| {
        bytes += *length as u64;
        bytes <= limits.bytes
    });
    let mut kept: Vec<String> = kept.map(|(_, line)| line.clone()).collect();
    kept.reverse();
    kept
}

#[derive(Debug, Clone)]
enum Happening {
    Append(String),
    Truncate(u64),
    /// Made longer by more than is kept.
    Extend(usize),
    /// Emptied and written again, in the same file.
    Restart(String),
    /// Another file with the same name.
    Replace(String),
    Remove,
    /// Its writer ends, or another one goes on.
    End(bool),
    Take {
        limit: usize,
        seen: usize,
    },
    Cut,
    /// The server was started again: it knows no id.
    OtherServer,
    /// The server needed its memory for another log.
    Evict,
}

fn text() -> impl Strategy<Value = String> {
    // Short and endless lines, and parts of lines.
    "([ab]{0,6}\n|[ab]{0,40}|\n){0,8}"
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        6 => text().prop_map(Happening::Append),
        1 => (0_u64..80).prop_map(Happening::Truncate),
        1 => (1_usize..12).prop_map(Happening::Extend),
        1 => text().prop_map(Happening::Restart),
        1 => text().prop_map(Happening::Replace),
        1 => Just(Happening::Remove),
        2 => any::<bool>().prop_map(Happening::End),
        8 => (1_usize..6, 0_usize..7).prop_map(|(limit, seen)| Happening::Take { limit, seen }),
        2 => Just(Happening::Cut),
        1 => Just(Happening::OtherServer),
        1 => Just(Happening::Evict),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn a_client_at_rest_has_what_a_fresh_reading_gives(happenings in prop::collection::vec(happening(), 0..40)) {
        let place = Place::new();
        let path = place.log();
        let (other, third) = (place.dir.path().join("other"), place.dir.path().join("third"));
        let mut logs = FollowedLogs::new(SMALL, 1);
        let mut page = Page::open(&logs, SMALL, &path);
        let mut second = Page::open(&logs, SMALL, &path);
        let mut has_ended = false;
        for happening in happenings {
            match happening {
                Happening::Append(text) => place.append(&text),
                Happening::Truncate(length) => place.truncate(length),
                Happening::Extend(lines) => place.append(&"c\nendless, endless, endless\n".repeat(lines)),
                Happening::Restart(text) => fs::write(&path, text).unwrap(),
                Happening::Replace(text) => place.replace(&text),
                Happening::Remove => drop(fs::remove_file(&path)),
                Happening::End(value) => has_ended = value,
                Happening::Take { limit, seen } => {
                    page.client.set_has_ended(has_ended);
                    page.take(limit, seen);
                    if seen < limit + 1 {
                        // What was sent and did not arrive.
                        page.reconnect(&logs, &path);
                    }
                }
                Happening::Cut => page.reconnect(&logs, &path),
                Happening::OtherServer => {
                    logs = FollowedLogs::new(SMALL, 1);
                    page.reconnect(&logs, &path);
                    second.reconnect(&logs, &path);
                }
                Happening::Evict => {
                    page.client = logs.follow(&other, true, None).unwrap();
                    second.client = logs.follow(&third, true, None).unwrap();
                    page.reconnect(&logs, &path);
                    second.reconnect(&logs, &path);
                }
            }
        }
        place.append("");
        page.client.set_has_ended(has_ended);
        second.client.set_has_ended(has_ended);
        page.catch_up();
        second.catch_up();
        let text = fs::read_to_string(&path).unwrap();
        let expected = expected(&text, SMALL, has_ended);
        prop_assert_eq!(fresh(&path, SMALL, has_ended), expected.clone(), "fresh");
        prop_assert_eq!(page.texts(), expected.clone(), "one that was cut");
        prop_assert_eq!(second.texts(), expected.clone(), "one that only waited");
    }
}

/// Steps: `+text` appends to the log (`/` is a line break), `=text` empties it first, `>text` replaces the file, `-` removes it,
/// `.` and `,` say that its writer has ended or goes on, `?` reads. Each reading is its lines, behind `!` if the log was begun anew.
fn check(steps: &str, expected: &[&str]) {
    let place = Place::new();
    let logs = FollowedLogs::default();
    let mut client = logs.follow(&place.log(), true, None).unwrap();
    let mut found = Vec::new();
    for step in steps.split(' ') {
        let text = step.get(1..).unwrap_or_default().replace('/', "\n");
        match step.get(..1) {
            Some("+") => place.append(&text),
            Some("=") => fs::write(place.log(), text).unwrap(),
            Some(">") => place.replace(&text),
            Some("-") => fs::remove_file(place.log()).unwrap(),
            Some(it @ ("." | ",")) => client.set_has_ended(it == "."),
            _ => found.push(match client.next(100) {
                Err(error) => error.kind().to_string(),
                Ok(events) => events.iter().map(as_text).collect(),
            }),
        }
    }
    assert_eq!(found, expected, "{steps}");
}

fn as_text(event: &LogEvent) -> String {
    match event {
        LogEvent::BegunAnew(_) => "!".to_owned(),
        LogEvent::Line(_, text) => format!("{text}/"),
    }
}

#[test]
fn each_line_once_and_whole() {
    check("+a/ ? ? +b/c ? +d/ ?", &["!a/", "", "b/", "cd/"]);
    check("+a/// ? +/ ?", &["!a///", "/"]);
}

#[test]
fn a_log_that_is_begun_anew_is_read_anew() {
    check("+a/b/ ? =c/ ? +d/ ?", &["!a/b/", "!c/", "d/"]);
    check("+a/b/ ? >a/b/ ? +d/ ?", &["!a/b/", "!a/b/", "d/"]);
    check("+a/ ? = ? +b/ ?", &["!a/", "!", "b/"]);
}

const HEAD: &str = "Plan:p/Started:2026-04-05T08:00:00/-----/";

/// A log that is truncated and has grown past its former length, with the same beginning, within one second.
#[test]
fn a_restart_in_the_same_second_is_noticed() {
    // The beginning or the end of what was read can be the same.
    let long = format!("{HEAD}{}/", "x".repeat(5000));
    for (before, after) in [
        (format!("{HEAD}first/"), format!("{HEAD}again/and/more/")),
        (format!("{long}first/"), format!("{long}again/and/more/")),
        (format!("first/{long}"), format!("again/{long}more/")),
    ] {
        check(&format!("+{before} ? ={after} ?"), &[&format!("!{before}"), &format!("!{after}")]);
    }
}

#[test]
fn ralphex_025_discover_active_tails_from_start() {
    check(&format!("+{HEAD}first/second/ ?"), &[&format!("!{HEAD}first/second/")]);
}

#[test]
fn ralphex_035_refresh_skips_idle() {
    let place = Place::new();
    place.append("a\n");
    let logs = FollowedLogs::default();
    let client = logs.follow(&place.log(), true, None).unwrap();
    drop(client);
    place.append("b\n");
    // Nobody asks for it, so nothing is open.
    let fds = fs::read_dir("/proc/self/fd").unwrap().flatten();
    let open: Vec<_> = fds.filter_map(|fd| fs::read_link(fd.path()).ok()).filter(|to| *to == place.log()).collect();
    assert_eq!(open, Vec::<PathBuf>::new());
}

#[test]
fn ralphex_037_write_reactivates_only_that_file() {
    let (one, other) = (Place::new(), Place::new());
    let logs = FollowedLogs::default();
    let mut clients = [&one, &other].map(|place| {
        place.append("a\n");
        let mut client = logs.follow(&place.log(), false, None).unwrap();
        client.next(10).unwrap();
        client
    });
    one.append("b\n");
    assert_eq!(clients.each_mut().map(|client| client.next(10).unwrap().len()), [1, 0]);
}

/// A client that comes back goes on where it was, although nobody followed the log meanwhile.
#[test]
fn ralphex_038_active_not_tailing_resumes() {
    let place = Place::new();
    place.append("a\nb\n");
    let logs = FollowedLogs::default();
    let mut client = logs.follow(&place.log(), true, None).unwrap();
    let position = client.next(10).unwrap().last().map(LogEvent::position);
    drop(client);
    place.append("c\n");
    let mut client = logs.follow(&place.log(), true, position).unwrap();
    assert_eq!(client.next(10).unwrap().iter().map(as_text).collect::<String>(), "c/");
}

#[test]
fn ralphex_039_stop_captures_offset() {
    let place = Place::new();
    place.append("first\nsecond\n");
    let logs = FollowedLogs::default();
    let mut client = logs.follow(&place.log(), true, None).unwrap();
    let last = client.next(10).unwrap().last().map(|event| event.position().to_string()).unwrap();
    assert!(last.ends_with("-13"), "{last}");
}

#[test]
fn ralphex_041_reactivate_missing_file() {
    check("?", &["entity not found"]);
    check("+a/ ? - ? ?", &["!a/", "entity not found", "entity not found"]);
    check("+a/ ? - ? +b/ ?", &["!a/", "entity not found", "!b/"]);
}

/// Here a client without a position has nothing, so it gets everything.
#[test]
fn ralphex_043_reactivate_offset_zero() {
    check("+a/b/ ? +c/ ?", &["!a/b/", "c/"]);
}

#[test]
fn ralphex_053_load_partial_last_line() {
    check("+a/cut ? ?", &["!a/", ""]);
    // These are the last words of a writer that was killed. If another one goes on, they are the beginning of its line.
    check("+a/cut ? . ? ?", &["!a/", "cut/", ""]);
    check("+a/cut . ? +ter/ ? ?", &["!a/cut/", "!a/cutter/", ""]);
    check("+a/cut . ? , ? +ter/ ?", &["!a/cut/", "!a/", "cutter/"]);
}

#[test]
fn ralphex_054_load_crlf() {
    let place = Place::new();
    place.append("a\r\nb\r\n");
    let events = FollowedLogs::default().follow(&place.log(), true, None).unwrap().next(10).unwrap();
    assert_eq!(events.iter().map(as_text).collect::<String>(), "!a/b/");
    assert!(events.last().unwrap().position().to_string().ends_with("-6"), "{events:?}");
}

#[test]
fn ralphex_056_load_missing() {
    let logs = FollowedLogs::default();
    let place = Place::new();
    let mut client = logs.follow(&place.log(), true, None).unwrap();
    assert!(client.next(10).is_err());
    place.append("a\n");
    assert_eq!(client.next(10).unwrap().iter().map(as_text).collect::<String>(), "!a/");
}

#[test]
fn a_log_of_any_size_costs_what_is_kept_of_it() {
    let place = Place::new();
    place.append("--- task iteration 1 ---\n");
    // A terabyte without a line break, and then two lines.
    OpenOptions::new().append(true).open(place.log()).unwrap().set_len(1 << 40).unwrap();
    place.append("\nlast\n");
    let mut page = Page::open(&FollowedLogs::default(), LogLimits::default(), &place.log());
    while !page.take(1000, usize::MAX) {}
    assert_eq!(page.lines.iter().last(), Some("last"));
    let kept: usize = page.lines.iter().map(|line| line.chars().count()).sum();
    assert!((1024 * 1024..=2 * 1024 * 1024).contains(&kept), "{kept}");
}

/// Nothing is written, and the log is a terabyte longer.
#[test]
fn a_followed_log_that_is_extended_is_read_in_part() {
    let place = Place::new();
    place.append("first\n");
    let mut page = Page::open(&FollowedLogs::default(), LogLimits::default(), &place.log());
    page.catch_up();
    OpenOptions::new().append(true).open(place.log()).unwrap().set_len(1 << 40).unwrap();
    place.append("\nlast\n");
    while !page.take(1000, usize::MAX) {}
    assert_eq!(page.lines.iter().last(), Some("last"));
    assert_eq!(page.texts(), fresh(&place.log(), LogLimits::default(), false));
}

#[test]
fn the_newest_ten_thousand_lines_are_kept() {
    let place = Place::new();
    let lines = |from: usize, to: usize| (from..to).map(|n| format!("{n}\n")).collect::<String>();
    place.append(&lines(0, 15_000));
    let mut page = Page::open(&FollowedLogs::default(), LogLimits::default(), &place.log());
    while !page.take(1000, usize::MAX) {}
    assert_eq!((page.lines.len(), page.lines.iter().next()), (10_000, Some("5000")));
}

#[test]
fn what_is_no_log_of_this_account_is_refused_at_once() {
    let place = Place::new();
    let logs = FollowedLogs::default();
    let refused = |path: &Path| logs.follow(path, true, None).unwrap().next(1).unwrap_err().to_string();
    assert_eq!(refused(place.dir.path()), "is not a regular file");
    let fifo = place.dir.path().join("fifo");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    assert_eq!(refused(&fifo), "is not a regular file");
    assert_eq!(refused(Path::new("/dev/zero")), "is not a regular file");
}

#[test]
fn a_log_that_ran_is_remembered_longer_than_one_that_ended() {
    let place = Place::new();
    let path = |name: &str| place.dir.path().join(name);
    let logs = FollowedLogs::new(LogLimits::default(), 2);
    for (name, is_running) in [("runs", true), ("ended", false), ("late", true)] {
        File::create(path(name)).unwrap();
        drop(logs.follow(&path(name), is_running, None).unwrap());
    }
    let last = logs.follow(&path("last"), false, None).unwrap();
    assert_eq!(logs.remembered(), [path("last"), path("late"), path("runs")]);
    drop(last);
}

#[test]
fn a_line_controls_no_terminal() {
    let place = Place::new();
    place.append("\x1b[2Ja\tb\u{202e}\r\n");
    let events = FollowedLogs::default().follow(&place.log(), true, None).unwrap().next(10).unwrap();
    assert_eq!(events.last().map(as_text).unwrap(), "\u{fffd}[2Ja    b\u{fffd}/");
}

#[test]
fn the_sections_of_a_log() {
    let place = Place::new();
    place.append(
        "head\n--- task iteration 1 ---\nno time\n[26-04-05 08:00:01] words\n\n--- codex iteration 1 ---\n[x] words\n",
    );
    let client = FollowedLogs::default().follow(&place.log(), true, None).unwrap();
    let (read, omitted) = client.sections().unwrap();
    let found: Vec<_> =
        read.iter().map(|it| (it.name.as_str(), it.phase.as_deref(), it.begun.as_deref(), it.lines)).collect();
    let expected = [
        ("task iteration 1", Some("task"), Some("26-04-05 08:00:01"), 3),
        ("codex iteration 1", Some("codex"), None, 1),
    ];
    assert_eq!((found.as_slice(), omitted), (expected.as_slice(), 0));
    assert_eq!(sections(std::iter::empty()), []);
}
