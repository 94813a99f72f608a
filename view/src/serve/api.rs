//! The addresses of the server, but for the files of the page. The router and the description
//! (`schemas/view/openapi.json`) come from this table, so neither knows an address that the other does not.

/// What an address is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endpoint {
    Description,
    State,
    Events,
    Sessions,
    Session,
    SessionDecisions,
    Project,
    Conversation,
    Settings,
    Runs,
    Run,
    RunDecisions,
    RunLog,
    Loop,
    LoopEvents,
    Decisions,
    Act,
}

/// A method of HTTP that the server knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Get,
    Post,
}

/// What an answer contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(test), allow(dead_code, reason = "only the description reads it"))]
pub(super) enum Content {
    /// A text of this type.
    Text(&'static str),
    /// The OpenAPI description.
    Description,
    Picture,
    Events,
    Sessions,
    Session,
    Project,
    Runs,
    RunOrLoop,
    Loop,
    LoopEvents,
    Decisions,
    ExplainedDecisions,
    Conversation,
    Settings,
    Done,
}

/// A parameter of the query, or a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    /// `query` or `header`.
    pub(super) place: &'static str,
    /// What it means, as a sentence.
    pub(super) meaning: &'static str,
}

/// One address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Route {
    pub(super) method: Method,
    /// `{id}` stands for one part of a path.
    pub(super) path: &'static str,
    pub(super) endpoint: Endpoint,
    /// What it does, as a sentence.
    pub(super) summary: &'static str,
    pub(super) parameters: &'static [Parameter],
    pub(super) content: Content,
}

/// Every address.
pub(super) const ROUTES: &[Route] = &[
    get("/api/openapi.json", Endpoint::Description, "This description.", &[], Content::Description),
    get("/api/state", Endpoint::State, "Everything that the view shows.", &[], Content::Picture),
    get(
        "/api/events",
        Endpoint::Events,
        "Follows the picture, as server-sent events: first the whole `picture`, then `changes`.",
        &[
            header("Last-Event-ID", "Go on after the event with this id, if the server still knows it."),
            query("after", "The same, for a client that cannot set the header."),
        ],
        Content::Events,
    ),
    get(
        "/api/sessions",
        Endpoint::Sessions,
        "The sessions of all time, as `baton session list --json` prints them.",
        &[
            query(
                "text",
                "Only sessions in whose name, id, project, title or kept messages a word begins with this text.",
            ),
            query("cursor", "Continue after the previous page: the value of its `next`."),
        ],
        Content::Sessions,
    ),
    get(
        "/api/sessions/{id}",
        Endpoint::Session,
        "One session, as `baton session show --json` prints it.",
        &[],
        Content::Session,
    ),
    get(
        "/api/sessions/{id}/decisions",
        Endpoint::SessionDecisions,
        "The newest 200 decisions about a session, oldest first, with their sentences.",
        &[],
        Content::ExplainedDecisions,
    ),
    get(
        "/api/sessions/{id}/project",
        Endpoint::Project,
        "The project of a session with its protected files, as `baton project show --json` prints it.",
        &[],
        Content::Project,
    ),
    get(
        "/api/sessions/{id}/conversation",
        Endpoint::Conversation,
        "The end of the conversation, from the agent's own transcript: at most 20 messages.",
        &[],
        Content::Conversation,
    ),
    get("/api/settings", Endpoint::Settings, "What this server lets one do.", &[], Content::Settings),
    get(
        "/api/runs",
        Endpoint::Runs,
        "The runs of all time, as `baton run list --all --json` prints them.",
        &[query("cursor", "Continue after the previous page: the value of its `next`.")],
        Content::Runs,
    ),
    get("/api/runs/{id}", Endpoint::Run, "One run, as `baton run show --json` prints it.", &[], Content::RunOrLoop),
    get(
        "/api/runs/{id}/decisions",
        Endpoint::RunDecisions,
        "The newest 200 decisions about a run, oldest first, with their sentences.",
        &[],
        Content::ExplainedDecisions,
    ),
    get(
        "/api/runs/{id}/log",
        Endpoint::RunLog,
        "The log of a run, as `baton run log` prints it.",
        &[],
        Content::Text("text/plain"),
    ),
    get(
        "/api/loops/{id}",
        Endpoint::Loop,
        "A loop of another program that the picture shows, with the sections of its log.",
        &[],
        Content::Loop,
    ),
    get(
        "/api/loops/{id}/events",
        Endpoint::LoopEvents,
        "Follows the log of a loop, as server-sent events: each line is a message. After `begun_anew` the log begins again, \
         and `problem` says why it cannot be read, or with an empty text, that it can be read again.",
        &[
            header("Last-Event-ID", "Go on after the line with this id, if the server still knows it."),
            query("after", "The same, for a client that cannot set the header."),
        ],
        Content::LoopEvents,
    ),
    get(
        "/api/decisions",
        Endpoint::Decisions,
        "The recorded decisions, oldest first, in pages of at most 30. Those that follow a page are asked for with its `next`; where \
         none follow yet, the page is empty.",
        &[query("after", "Only decisions with a higher number than this. Without it, from the oldest that is kept.")],
        Content::Decisions,
    ),
    Route {
        method: Method::Post,
        path: "/api/actions",
        endpoint: Endpoint::Act,
        summary: "Runs a command of baton about an item. If the command refuses, the status is 409.",
        parameters: &[],
        content: Content::Done,
    },
];

const fn get(
    path: &'static str,
    endpoint: Endpoint,
    summary: &'static str,
    parameters: &'static [Parameter],
    content: Content,
) -> Route {
    Route { method: Method::Get, path, endpoint, summary, parameters, content }
}

const fn query(name: &'static str, meaning: &'static str) -> Parameter {
    Parameter { name, place: "query", meaning }
}

const fn header(name: &'static str, meaning: &'static str) -> Parameter {
    Parameter { name, place: "header", meaning }
}

impl Method {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// What there is at a path.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Lookup<'a> {
    /// A route, and the part of the path for which its `{id}` stands.
    Found(&'static Route, &'a str),
    /// The path takes another method.
    OtherMethod(Method),
    Nothing,
}

/// Looks up the route of a request.
pub(super) fn lookup<'a>(method: &str, path: &'a str) -> Lookup<'a> {
    let mut other = Lookup::Nothing;
    for route in ROUTES {
        let Some(id) = route.id_in(path) else { continue };
        if route.method.name() == method {
            return Lookup::Found(route, id);
        }
        other = Lookup::OtherMethod(route.method);
    }
    other
}

impl Route {
    /// Returns the part of a path for which `{id}` stands, if the path is one of this route. It is empty if the route has
    /// no `{id}`.
    fn id_in<'a>(&self, path: &'a str) -> Option<&'a str> {
        let Some((before, after)) = self.path.split_once("{id}") else { return (path == self.path).then_some("") };
        let id = path.strip_prefix(before)?.strip_suffix(after)?;
        (!id.contains('/')).then_some(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_to_its_route() {
        for (method, path, expected) in [
            ("GET", "/", ""),
            ("GET", "/api/state", "State "),
            ("GET", "/api/sessions", "Sessions "),
            ("GET", "/api/sessions/s1", "Session s1"),
            ("GET", "/api/sessions/", "Session "),
            ("GET", "/api/sessions/s1/project", "Project s1"),
            ("GET", "/api/runs/log", "Run log"),
            ("GET", "/api/runs/r1/log", "RunLog r1"),
            ("GET", "/api/runs/log/log", "RunLog log"),
            ("GET", "/api/loops/a-1", "Loop a-1"),
            ("GET", "/api/loops/a-1/events", "LoopEvents a-1"),
            ("POST", "/api/actions", "Act "),
            ("GET", "/api/actions", "POST"),
            ("POST", "/api/state", "GET"),
            ("POST", "/api/runs/r1", "GET"),
            ("GET", "/api/state/", ""),
            ("GET", "/api/sessions/a/b", ""),
            ("GET", "/api/runs/a/b/log", ""),
            ("GET", "/api/runs//log/log", ""),
            ("GET", "//", ""),
            ("POST", "/none", ""),
        ] {
            let found = match lookup(method, path) {
                Lookup::Found(route, id) => format!("{:?} {id}", route.endpoint),
                Lookup::OtherMethod(method) => method.name().to_owned(),
                Lookup::Nothing => String::new(),
            };
            assert_eq!(found, expected, "{method} {path}");
        }
    }
}
