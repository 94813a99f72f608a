//! What each address answers. Records are read and changed by commands of `baton`, so the view has no rules of its own.

use std::path::{Path, PathBuf};

use baton_display::{error_chain, strip_control_chars_by_line};
use serde::{Deserialize, Serialize};

use super::action::{Action, Done, is_id};
use super::api::{Endpoint, Lookup, Route, lookup};
use super::loops;
use super::page;
use super::request::Request;
use super::response::Response;
use super::settings::SettingsView;
use crate::baton::{RunError, run_baton};
use crate::conversation;
use crate::decisions::{explained, page_after};
use crate::event_id::EventId;
use crate::feed::Feed;
use crate::logs::{FollowedLogs, LogClient};

/// The exit status of `baton` where no record has the id, or several have the name.
const NOT_FOUND: i32 = 4;

/// The exit status of `baton` where it does not understand its arguments.
const USAGE: i32 = 2;

/// How many decisions and sessions are listed.
const PAGE: &str = "--limit=200";

/// How many decisions a page has. Each has up to 256 KiB, and the output of a command has a limit.
const DECISIONS: &str = "--limit=30";

/// Why there are no details of a loop.
const NO_LOOP: &str = "no loop with this id is shown";

/// The project of a record that `baton` printed.
#[derive(Deserialize)]
struct InProject {
    project: Option<String>,
}

/// What to do with a request.
pub(super) enum Answer {
    /// Write this.
    Response(Response),
    /// Write events, after this one if that is known.
    Events(Option<EventId>),
    /// Write the lines of the log of the loop with this id.
    Log(LogClient, String),
}

/// Answers requests that were let in.
pub(super) struct Routes {
    /// The `baton` program.
    pub(super) baton: PathBuf,
    /// Whether every action is refused.
    pub(super) is_read_only: bool,
    /// The logs that clients follow.
    pub(super) logs: FollowedLogs,
}

/// Returns the id of the last event that a client saw.
fn last_event(request: &Request) -> Option<&str> {
    request.header("last-event-id").or_else(|| request.parameter("after"))
}

impl Routes {
    pub(super) fn answer(&self, request: &Request, feed: &Feed) -> Answer {
        let (route, id) = match lookup(&request.method, &request.path) {
            Lookup::Found(route, id) => (route, id),
            Lookup::OtherMethod(method) => {
                let name = method.name();
                let error = Response::error(405, &format!("this address takes {name} alone"));
                return Answer::Response(error.with_header("Allow", name));
            }
            Lookup::Nothing => {
                let file = request.path.strip_prefix('/').and_then(page::file);
                let nothing = || Response::error(404, "there is nothing at this address");
                return Answer::Response(file.unwrap_or_else(nothing));
            }
        };
        Answer::Response(match route.endpoint {
            Endpoint::Events => return Answer::Events(last_event(request).and_then(|id| id.parse().ok())),
            Endpoint::LoopEvents => {
                let after = last_event(request).and_then(|id| id.parse().ok());
                match loops::find(&feed.picture(), id).map(|item| loops::follow(&self.logs, item, after)) {
                    Some(Ok(client)) => return Answer::Log(client, id.to_owned()),
                    Some(Err(error)) => Response::error(500, &error.to_string()),
                    None => Response::error(404, NO_LOOP),
                }
            }
            Endpoint::Loop => match loops::find(&feed.picture(), id) {
                Some(item) => json(&loops::details(&self.logs, item)),
                None => Response::error(404, NO_LOOP),
            },
            Endpoint::Description => Response::json(200, include_str!("../../../schemas/view/openapi.json")),
            Endpoint::State => json(&*feed.picture()),
            Endpoint::Sessions => self.list(&["session", "list", "--json", PAGE], route, request),
            Endpoint::Session => self.print_about(&["session", "show", "--json"], id, "application/json"),
            Endpoint::Project => self.project(id),
            Endpoint::Conversation => self.conversation(id),
            Endpoint::Settings => self.settings(),
            Endpoint::SessionDecisions | Endpoint::RunDecisions => self.decisions_about(id),
            Endpoint::Runs => self.list(&["run", "list", "--all", "--json"], route, request),
            Endpoint::Run => self.print_about(&["run", "show", "--json"], id, "application/json"),
            Endpoint::RunLog => self.print_about(&["run", "log"], id, "text/plain"),
            Endpoint::Decisions => self.decisions(request.parameter("after").unwrap_or("0")),
            Endpoint::Act => self.act(&request.body),
        })
    }

    fn act(&self, body: &[u8]) -> Response {
        let action = serde_json::from_slice::<Action>(body).map_err(|_| "an action has an action and an id");
        let needs_project = action.as_ref().is_ok_and(Action::needs_project);
        let (id, args) = match action.and_then(|action| Ok((action.id().to_owned(), action.command()?))) {
            Ok(done) => done,
            Err(why) => return Response::error(400, why),
        };
        let directory = if needs_project { self.project_of_run(&id) } else { None };
        match self.run_in(directory.as_deref(), args) {
            Ok(output) => json(&Done { output: String::from_utf8_lossy(&output).into_owned() }),
            Err(response) => response,
        }
    }

    /// Prints the end of a session's conversation.
    fn conversation(&self, id: &str) -> Response {
        if !is_id(id) {
            return Response::error(404, "this is not an id");
        }
        let shown = self.run(["session", "show", "--json", "--", id]);
        shown.map_or_else(|response| response, |shown| json(&conversation::of_session(&shown)))
    }

    /// Prints what this server lets one do. A configuration that cannot be read allows nothing.
    fn settings(&self) -> Response {
        let printed = self.run(["config", "--json"]).unwrap_or_default();
        json(&SettingsView::new(self.is_read_only, &printed))
    }

    /// Prints the decisions that follow the one with this number.
    fn decisions(&self, after: &str) -> Response {
        let Ok(after) = after.parse::<u64>() else { return Response::error(400, "after is a number") };
        let after_option = format!("--after={after}");
        let page = self.run(["log", "--json", DECISIONS, &after_option]);
        page.map_or_else(|response| response, |output| json(&page_after(&output, after)))
    }

    /// Prints the newest decisions about a session or a run, oldest first, with their sentences.
    fn decisions_about(&self, id: &str) -> Response {
        if !is_id(id) {
            return Response::error(404, "this is not an id");
        }
        let about = format!("--about={id}");
        self.run(["log", "--json", PAGE, &about]).map_or_else(|response| response, |output| json(&explained(&output)))
    }

    /// Prints the project of a session, with its protected files.
    fn project(&self, id: &str) -> Response {
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

    /// Prints a list. The parameters of the route are options of the command.
    fn list(&self, words: &[&str], route: &Route, request: &Request) -> Response {
        let option = |name: &str| request.parameter(name).map(|value| format!("--{name}={value}"));
        let options = route.parameters.iter().filter_map(|parameter| option(parameter.name));
        self.print(words.iter().copied().map(str::to_owned).chain(options), "application/json")
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

    /// Returns the project of a run, if the run and the directory exist.
    fn project_of_run(&self, id: &str) -> Option<PathBuf> {
        let shown = self.run(["run", "show", "--json", "--", id]).ok()?;
        let InProject { project } = serde_json::from_slice(&shown).ok()?;
        project.map(PathBuf::from).filter(|project| project.is_dir())
    }

    /// Runs a command of `baton`. If it refuses, the response says what it printed.
    fn run(&self, args: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Vec<u8>, Response> {
        self.run_in(None, args)
    }

    /// The same, in a directory.
    fn run_in(
        &self,
        directory: Option<&Path>,
        args: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Result<Vec<u8>, Response> {
        let args: Vec<String> = args.into_iter().map(|arg| arg.as_ref().to_owned()).collect();
        let output = run_baton(&self.baton, &args, directory).map_err(|error| {
            let status = if matches!(error, RunError::Start { .. }) { 500 } else { 503 };
            Response::error(status, &error_chain(&error))
        })?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        // It repeats what the client sent, which a page shows.
        Err(refusal(output.status.code(), &strip_control_chars_by_line(&String::from_utf8_lossy(&output.stderr))))
    }
}

/// Returns the response to a request whose command failed with this status. If an id or a parameter is wrong, it has the
/// first line alone: the others are advice for a command line.
fn refusal(exit_status: Option<i32>, printed: &str) -> Response {
    let status = match exit_status {
        Some(NOT_FOUND) => 404,
        Some(USAGE) => 400,
        _ => return Response::error(409, printed.trim()),
    };
    let line = printed.lines().next().unwrap_or_default();
    Response::error(status, line.strip_prefix("error: ").unwrap_or(line))
}

fn json(value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => Response::json(200, body),
        Err(error) => Response::error(500, &error.to_string()),
    }
}
