//! What each address answers. Records are read and changed by commands of `baton`, so the view has no rules of its own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use baton_fs::child::run_with_timeout;
use serde::Deserialize;

use super::decisions::{explained, stored_after};
use super::page;
use super::request::Request;
use super::response::Response;
use crate::event_id::EventId;
use crate::feed::Feed;

/// How long a command may take.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(20);

/// The maximum length of the output of a command, in bytes.
const MAX_OUTPUT_BYTES: usize = 8 * 1024 * 1024;

/// The maximum length of an id, in bytes.
const MAX_ID_BYTES: usize = 256;

/// How many decisions and sessions are listed.
const PAGE: &str = "--limit=200";

/// What to do with a request.
pub(super) enum Answer {
    /// Write this.
    Response(Response),
    /// Write events, after this one if that is known.
    Events(Option<EventId>),
}

/// What an action does.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Action {
    action: ActionName,
    id: String,
    /// The name to give.
    name: Option<String>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ActionName {
    Go,
    Resume,
    Pause,
    Continue,
    Cancel,
    Pin,
    Unpin,
    Name,
}

/// Answers requests that were let in.
pub(super) struct Routes {
    /// The `baton` program.
    pub(super) baton: PathBuf,
}

impl Routes {
    pub(super) fn answer(&self, request: &Request, feed: &Feed) -> Answer {
        let parts: Vec<&str> = request.path.split('/').skip(1).collect();
        let found = match (request.method.as_str(), parts.as_slice()) {
            ("GET", ["api", "events"]) => {
                let after = request.header("last-event-id").or_else(|| request.parameter("after"));
                return Answer::Events(after.and_then(|id| id.parse().ok()));
            }
            ("GET", ["api", "state"]) => match serde_json::to_vec(&*feed.picture()) {
                Ok(picture) => Response::json(200, picture),
                Err(error) => Response::error(500, &error.to_string()),
            },
            ("GET", ["api", "sessions"]) => {
                let option = |name: &str| request.parameter(name).map(|value| format!("--{name}={value}"));
                let options = ["text", "cursor"].into_iter().filter_map(option);
                let args = ["session", "list", "--json", PAGE].into_iter().map(str::to_owned).chain(options);
                self.print(args, "application/json")
            }
            ("GET", ["api", "sessions", id]) => {
                self.print_about(&["session", "show", "--json"], id, "application/json")
            }
            ("GET", ["api", "sessions", id, "project"]) => self.project(id),
            ("GET", ["api", "sessions" | "runs", id, "decisions"]) => self.decisions_about(id),
            ("GET", ["api", "runs"]) => {
                let cursor = request.parameter("cursor").map(|value| format!("--cursor={value}"));
                let args = ["run", "list", "--all", "--json"].into_iter().map(str::to_owned).chain(cursor);
                self.print(args, "application/json")
            }
            ("GET", ["api", "runs", id]) => self.print_about(&["run", "show", "--json"], id, "application/json"),
            ("GET", ["api", "runs", id, "log"]) => self.print_about(&["run", "log"], id, "text/plain"),
            ("GET", ["api", "decisions"]) => self.decisions(request.parameter("after").unwrap_or("0")),
            ("POST", ["api", "actions"]) => self.act(&request.body),
            (_, ["api", "actions"]) => Response::error(405, "an action is a POST").with_header("Allow", "POST"),
            ("POST", _) => Response::error(405, "only /api/actions takes a POST").with_header("Allow", "GET"),
            ("GET", [name]) => page::file(name).unwrap_or_else(nothing),
            _ => nothing(),
        };
        Answer::Response(found)
    }

    fn act(&self, body: &[u8]) -> Response {
        let Ok(Action { action, id, name }) = serde_json::from_slice(body) else {
            return Response::error(400, "an action has an action and an id");
        };
        let words: &[&str] = match action {
            ActionName::Go => &["go"],
            ActionName::Resume => &["resume", "--tmux"],
            ActionName::Pause => &["run", "pause"],
            ActionName::Continue => &["run", "continue"],
            ActionName::Cancel => &["run", "cancel"],
            ActionName::Pin => &["session", "pin"],
            ActionName::Unpin => &["session", "pin", "--off"],
            ActionName::Name => &["session", "name"],
        };
        if !is_id(&id) {
            return Response::error(400, "this is not an id");
        }
        let mut args: Vec<String> = words.iter().copied().chain(["--", &id]).map(str::to_owned).collect();
        match (action, name) {
            (ActionName::Name, Some(name)) => args.push(name),
            (ActionName::Name, None) => return Response::error(400, "a name is missing"),
            _ => {}
        }
        match self.run(args) {
            Ok(output) => {
                Response::json(200, serde_json::json!({ "output": String::from_utf8_lossy(&output) }).to_string())
            }
            Err(response) => response,
        }
    }

    /// Prints the decisions with a higher number than this, oldest first, as an array.
    fn decisions(&self, after: &str) -> Response {
        let Ok(after) = after.parse::<u64>() else { return Response::error(400, "after is a number") };
        match self.run(["log", "--json", PAGE]) {
            Ok(output) => Response::json(200, stored_after(&output, after)),
            Err(response) => response,
        }
    }

    /// Prints the newest decisions about a session or a run, oldest first, with their sentences.
    fn decisions_about(&self, id: &str) -> Response {
        if !is_id(id) {
            return Response::error(404, "this is not an id");
        }
        let about = format!("--about={id}");
        match self.run(["log", "--json", PAGE, &about]).map(|output| serde_json::to_vec(&explained(&output))) {
            Ok(Ok(found)) => Response::json(200, found),
            Ok(Err(error)) => Response::error(500, &error.to_string()),
            Err(response) => response,
        }
    }

    /// Prints the project of a session, with its protected files.
    fn project(&self, id: &str) -> Response {
        #[derive(Deserialize)]
        struct InProject {
            project: Option<String>,
        }
        if !is_id(id) {
            return Response::error(404, "this is not an id");
        }
        let session = match self.run(["session", "show", "--json", "--", id]) {
            Ok(output) => output,
            Err(response) => return response,
        };
        match serde_json::from_slice(&session) {
            Ok(InProject { project: Some(project) }) => {
                self.print(["project", "show", "--json", "--", &project], "application/json")
            }
            _ => Response::error(404, "this session has no project"),
        }
    }

    fn print_about(&self, words: &[&str], id: &str, content_type: &'static str) -> Response {
        if !is_id(id) {
            return Response::error(404, "this is not an id");
        }
        self.print(words.iter().copied().chain(["--", id]), content_type)
    }

    fn print(&self, args: impl IntoIterator<Item = impl AsRef<str>>, content_type: &'static str) -> Response {
        self.run(args).map_or_else(|response| response, |output| Response::new(200, content_type, output))
    }

    /// Runs a command of `baton`. If it refuses, the response says what it printed.
    fn run(&self, args: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Vec<u8>, Response> {
        let mut command = Command::new(&self.baton);
        command.args(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        let output = run_with_timeout(&mut command, COMMAND_TIMEOUT, MAX_OUTPUT_BYTES).map_err(|error| {
            let program = Path::new(&self.baton).display();
            Response::error(500, &format!("cannot run {program}: {error}"))
        })?;
        let Some(output) = output else { return Err(Response::error(503, "the command took too long")) };
        match output.status.success() {
            true => Ok(output.stdout),
            false => Err(Response::error(409, String::from_utf8_lossy(&output.stderr).trim())),
        }
    }
}

fn nothing() -> Response {
    Response::error(404, "there is nothing at this address")
}

/// Returns whether a text can be an id. It is an argument of a command.
fn is_id(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':');
    !text.is_empty() && text.len() <= MAX_ID_BYTES && text.bytes().all(is_part)
}
