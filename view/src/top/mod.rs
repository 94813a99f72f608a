//! `baton top`: the live view in a terminal.

mod archive;
mod command;
mod following;
mod item_text;
mod keys;
mod log_pane;
mod log_screen;
mod mode;
mod notify;
mod screen;
mod signals;
mod terminal;
#[cfg(test)]
mod tests;
mod typed_text;
mod ui;

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use agent_baton_core::timestamp::Timestamp;
use baton_fs::child::CommandOutput;
use baton_system::{CurrentSystem, System, SystemError};
use clap::Args;
use crossterm::event::{self, Event as Input, MouseButton, MouseEvent, MouseEventKind};
use signal_hook::consts::SIGTSTP;
use signal_hook::iterator::Signals;

use self::archive::Query;
use self::command::{Command, printed};
use self::following::Following;
use self::log_pane::LogNews;
use self::mode::{Effect, Mode};
use self::notify::{BELL, Sequence, notify_desktop};
use self::screen::Drawn;
pub use self::signals::ending_signals;
use self::terminal::TakenTerminal;
use self::ui::Ui;
use crate::feed::{Feed, RingLimits};
use crate::logs::{FollowedLogs, has_ended};
use crate::notifications::{Waits, sentence};
use crate::picture::Picture;
use crate::source::Source;
use crate::watcher::{self, StartError};

/// How long after the end of the keys a signal may come that explains it.
const HANG_UP: Duration = Duration::from_millis(500);

/// How long an age on the screen may be out of date.
const AGES: Duration = Duration::from_secs(20);

/// The longest output of a command that is shown, in bytes. Its beginning is kept.
const MAX_TEXT: usize = 1 << 20;

/// Show the live view in this terminal
#[derive(Debug, Args)]
pub struct Top {
    /// Notify you when something begins to wait for you: by the bell, and by the desktop or else the terminal
    #[arg(long)]
    notify: bool,
    /// Look for the progress logs of other programs below these directories, instead of those of the configuration
    #[arg(long, value_name = "DIR", num_args = 1..)]
    pub watch: Vec<PathBuf>,
}

/// Why the view ended without being asked to.
#[derive(Debug, thiserror::Error)]
pub enum TopError {
    /// There is no feed.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The host cannot be identified.
    #[error(transparent)]
    System(#[from] SystemError),
    /// Nobody could see it.
    #[error("standard input and standard output are not a terminal")]
    NoTerminal,
    /// Nobody could leave it.
    #[error("no more keys can be read from the terminal")]
    NoKeys(#[source] Option<io::Error>),
    /// The terminal failed.
    #[error("the terminal cannot be used")]
    Terminal(#[source] io::Error),
}

/// Something that happened.
enum Happening {
    Input(Input),
    /// No more keys are read.
    InputEnded(Option<io::Error>),
    Picture(Arc<Picture>),
    /// No desktop took this notification.
    NoDesktop(String),
    /// A signal that ends the program or stops it.
    Signal(i32),
    /// A command has ended. The line is for the user.
    Done(String),
    /// Everything about an item was read.
    Details(String, String),
    /// Something is new in the log of an item.
    Log(String, LogNews),
    /// A page of a search was read, or why it could not be.
    Found(Query, Result<String, String>),
}

impl Top {
    /// Shows the view until the user leaves it or a signal ends it. `baton` is the program whose commands the keys run.
    ///
    /// # Errors
    /// Returns an error if there is no terminal, or if it cannot be used.
    pub fn run(&self, source: impl Source + Send + 'static, baton: &Path) -> Result<(), TopError> {
        if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
            return Err(TopError::NoTerminal);
        }
        let host = CurrentSystem.current_process()?.place;
        let feed = watcher::start(source, RingLimits::NOTHING)?;
        let ended_by = self.show(&feed, baton, || CurrentSystem.now(&host))?;
        if let Some(signal) = ended_by {
            // The terminal is given back by now. Whoever started this sees the signal, as without a handler.
            signals::end_by(signal);
        }
        Ok(())
    }

    /// Returns the signal that ended the view, if one did.
    fn show(&self, feed: &Arc<Feed>, baton: &Path, now: impl Fn() -> Timestamp) -> Result<Option<i32>, TopError> {
        let (sender, happenings) = mpsc::channel();
        watch_signals(sender.clone()).map_err(TopError::Terminal)?;
        let mut terminal = TakenTerminal::take().map_err(TopError::Terminal)?;
        let picture = feed.picture();
        watch_feed(Arc::clone(feed), picture.id.number, sender.clone()).map_err(TopError::Terminal)?;
        watch_input(sender.clone()).map_err(TopError::Terminal)?;
        let mut waits = Waits::new(&picture);
        let mut ui = Ui::new(Picture::clone(&picture), is_in_multiplexer());
        let mut drawn = Drawn::default();
        let logs = FollowedLogs::default();
        let mut followed: Option<Following> = None;
        let colored = is_unset("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        loop {
            let draw = terminal.draw(|frame| screen::draw(frame, &ui, &now(), colored, &mut drawn));
            draw.map_err(TopError::Terminal)?;
            ui.limit_scroll(drawn.last_scroll);
            let effect = match happenings.recv_timeout(AGES) {
                Ok(Happening::Input(Input::Key(key))) => ui.key(key),
                Ok(Happening::Input(Input::Mouse(mouse))) => click(&mut ui, &mouse, &drawn),
                // Resized: it is drawn again.
                Ok(Happening::Input(_)) | Err(mpsc::RecvTimeoutError::Timeout) => None,
                Ok(Happening::InputEnded(error)) => {
                    let signal = signal_after(&happenings);
                    return if signal.is_some() { Ok(signal) } else { Err(TopError::NoKeys(error)) };
                }
                Ok(Happening::Picture(picture)) => {
                    if self.notify {
                        for item in waits.begun(&picture) {
                            terminal.write(BELL).map_err(TopError::Terminal)?;
                            let (text, sender) = (sentence(item), sender.clone());
                            let tell = move || notify_desktop(&text) || sender.send(Happening::NoDesktop(text)).is_ok();
                            say_failure(&mut ui, start(tell));
                        }
                    }
                    ui.show(Picture::clone(&picture));
                    None
                }
                Ok(Happening::NoDesktop(text)) => {
                    let sequence = Sequence::of(&variable("TERM"), !is_unset("VTE_VERSION"));
                    terminal.write(&sequence.show(&text, is_in_multiplexer())).map_err(TopError::Terminal)?;
                    None
                }
                Ok(Happening::Signal(SIGTSTP)) => Some(Effect::Suspend),
                Ok(Happening::Signal(signal)) => return Ok(Some(signal)),
                Ok(Happening::Done(line)) => {
                    ui.message = Some(line);
                    None
                }
                Ok(Happening::Details(key, text)) => {
                    ui.show_details(&key, text);
                    None
                }
                Ok(Happening::Log(key, news)) => {
                    ui.show_log(&key, news);
                    None
                }
                Ok(Happening::Found(query, printed)) => {
                    ui.show_found(&query, printed);
                    None
                }
                Err(mpsc::RecvTimeoutError::Disconnected) => return Ok(None),
            };
            // A log that the user no longer looks at is not read.
            followed = followed.filter(|it: &Following| ui.follows(it.key()));
            match effect {
                None => {}
                Some(Effect::Follow { key, path }) => match logs.follow(&path, true, None) {
                    Ok(client) => {
                        let (of, sender) = (key.clone(), sender.clone());
                        let send = move |news| sender.send(Happening::Log(of.clone(), news)).is_ok();
                        let (of, feed) = (key.clone(), Arc::clone(feed));
                        let has_ended = move || feed.picture().items.iter().any(|it| it.key == of && has_ended(it));
                        match Following::start(key.clone(), client, has_ended, send) {
                            Ok(following) => followed = Some(following),
                            Err(error) => ui.show_log(&key, Err(format!("cannot start a thread: {error}"))),
                        }
                    }
                    Err(error) => ui.show_log(&key, Err(error.to_string())),
                },
                Some(Effect::Quit) => return Ok(None),
                Some(Effect::Suspend) => terminal.suspend().map_err(TopError::Terminal)?,
                Some(Effect::Copy(text)) => {
                    terminal.copy(&text).map_err(TopError::Terminal)?;
                    ui.message = Some(format!("copied {text}"));
                }
                Some(Effect::Run(command)) => {
                    let (baton, sender) = (baton.to_owned(), sender.clone());
                    let run = move || sender.send(Happening::Done(outcome(&baton, &command)));
                    say_failure(&mut ui, start(run));
                }
                Some(Effect::Search(query)) => {
                    let (baton, sender) = (baton.to_owned(), sender.clone());
                    let search = move || {
                        let page = |output: CommandOutput| String::from_utf8_lossy(&output.stdout).into_owned();
                        let printed = query.command().run(&baton).map(page);
                        sender.send(Happening::Found(query, printed))
                    };
                    say_failure(&mut ui, start(search));
                }
                Some(Effect::Read(item)) => {
                    let (baton, sender) = (baton.to_owned(), sender.clone());
                    let read = move || {
                        let texts = command::details(&item).into_iter().map(|part| {
                            let text = part.command().run(&baton).map(|output| part.text(&output));
                            beginning(text.unwrap_or_else(|problem| problem))
                        });
                        let text = texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n");
                        sender.send(Happening::Details(item.key, text))
                    };
                    say_failure(&mut ui, start(read));
                }
            }
        }
    }
}

/// Starts a thread.
///
/// # Errors
/// Returns an error if there can be no more.
fn start<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> io::Result<()> {
    thread::Builder::new().spawn(work).map(drop)
}

fn say_failure(ui: &mut Ui, started: io::Result<()>) {
    if let Err(error) = started {
        ui.message = Some(format!("cannot start a thread: {error}"));
    }
}

/// Handles the mouse: a click selects an item, a second one goes to it, and the wheel moves.
fn click(ui: &mut Ui, mouse: &MouseEvent, drawn: &Drawn) -> Option<Effect> {
    match mouse.kind {
        MouseEventKind::ScrollUp => return ui.turn_wheel(-1),
        MouseEventKind::ScrollDown => return ui.turn_wheel(1),
        MouseEventKind::Down(MouseButton::Left) if ui.mode == Mode::List => {
            let key = drawn.rows.get(usize::from(mouse.row))?.as_ref()?;
            if ui.select(key) {
                return ui.act(command::Wish::Go);
            }
        }
        _ => {}
    }
    None
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

fn is_unset(variable: &str) -> bool {
    std::env::var_os(variable).is_none_or(|value| value.is_empty())
}

/// Returns whether a session that is resumed can get a pane of its own.
fn is_in_multiplexer() -> bool {
    !is_unset("TMUX")
}

fn watch_input(sender: Sender<Happening>) -> io::Result<()> {
    /// Says that no more keys are read, also after a panic. Without keys, nobody could leave.
    struct End {
        sender: Sender<Happening>,
        error: Option<io::Error>,
    }
    impl Drop for End {
        fn drop(&mut self) {
            // Without a receiver, the view has ended.
            let _ = self.sender.send(Happening::InputEnded(self.error.take()));
        }
    }
    start(move || {
        let mut end = End { sender, error: None };
        loop {
            match event::read() {
                Ok(input) => {
                    if end.sender.send(Happening::Input(input)).is_err() {
                        break;
                    }
                }
                Err(error) => {
                    end.error = Some(error);
                    break;
                }
            }
        }
    })
}

/// Returns the signal that comes with the end of the keys, if one does: the terminal may have been closed.
fn signal_after(happenings: &Receiver<Happening>) -> Option<i32> {
    let deadline = Instant::now() + HANG_UP;
    loop {
        match happenings.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(Happening::Signal(signal)) if signal != SIGTSTP => return Some(signal),
            Ok(_) => {}
            Err(_) => return None,
        }
    }
}

fn watch_feed(feed: Arc<Feed>, mut seen: u64, sender: Sender<Happening>) -> io::Result<()> {
    start(move || {
        loop {
            let picture = feed.wait(seen, Duration::from_secs(3600));
            if picture.id.number != seen {
                seen = picture.id.number;
                if sender.send(Happening::Picture(picture)).is_err() {
                    break;
                }
            }
        }
    })
}

fn watch_signals(sender: Sender<Happening>) -> io::Result<()> {
    let mut signals = Signals::new(ending_signals().into_iter().chain([SIGTSTP]))?;
    start(move || {
        for signal in signals.forever() {
            if sender.send(Happening::Signal(signal)).is_err() {
                break;
            }
        }
    })
}

/// Runs a command, and returns the line that tells of it.
fn outcome(baton: &Path, command: &Command) -> String {
    let printed = command.run(baton).map(|output| printed(&output));
    let end = if printed.is_ok() { ": done" } else { " failed" };
    let text = beginning(printed.unwrap_or_else(|problem| problem));
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if lines.is_empty() { format!("baton {}{end}", command.args.join(" ")) } else { lines.join("  ") }
}

/// Returns the part of an output that is shown. If there is more, it says so.
fn beginning(mut text: String) -> String {
    let mut end = MAX_TEXT.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    if end < text.len() {
        text.truncate(end);
        text.push_str("\n(the rest is not shown)\n");
    }
    text
}
