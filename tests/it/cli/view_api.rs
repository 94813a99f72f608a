//! The OpenAPI description of `baton serve` describes what a running server answers.

use std::fs;
use std::path::Path;

use agent_baton_core::agent::Agent;
use agent_baton_tests::program::workspace;
use agent_baton_tests::view_server::{ViewServer, body, status};
use agent_baton_tests::{Project, Scratch, Window};
use jsonschema::Validator;
use serde_json::{Value, json};

/// A request of each address: its path, and the values that stand for its ids. An address without one fails the test.
const REQUESTS: &[(&str, &[&str])] = &[
    ("/api/openapi.json", &[""]),
    ("/api/state", &[""]),
    ("/api/events", &[""]),
    ("/api/sessions", &["", "?text=demo", "?text=none"]),
    ("/api/sessions/{id}", &["s1", "s2"]),
    ("/api/sessions/{id}/decisions", &["s1"]),
    ("/api/sessions/{id}/project", &["s1"]),
    ("/api/sessions/{id}/conversation", &["s1", "s2"]),
    ("/api/settings", &[""]),
    ("/api/runs", &[""]),
    ("/api/runs/{id}", &["demo", "LOOP"]),
    ("/api/runs/{id}/decisions", &["demo"]),
    ("/api/runs/{id}/log", &["demo", "LOOP"]),
    ("/api/loops/{id}", &["LOOP"]),
    ("/api/loops/{id}/events", &["LOOP"]),
    ("/api/decisions", &["", "?after=2"]),
    ("/api/actions", &[""]),
];

/// The description, and the server that it is of.
struct Described<'a> {
    description: Value,
    scratch: &'a Scratch,
    server: ViewServer,
    _windows: Vec<Window<'a>>,
}

impl<'a> Described<'a> {
    /// Starts a server with a run, a session that waits, protected files, and a loop of another program.
    fn start(scratch: &'a Scratch) -> Self {
        Project::protect_agents_file(scratch);
        let owner = Window::open_owner(scratch, Agent::Claude, "%1");
        let mut other = Window::open(scratch, Agent::Codex, "%2");
        for (event, fields) in
            [("SessionStart", json!({})), ("UserPromptSubmit", json!({"prompt": "words"})), ("Stop", json!({}))]
        {
            other.hook(event, "s2", &fields);
        }
        let log = scratch.home().join("work/.ralphex/progress/progress-fix.txt");
        fs::create_dir_all(log.parent().unwrap()).unwrap();
        let header = "# Ralphex Progress Log\nPlan: fix.md\nStarted: 2026-04-05 08:00:00\n";
        fs::write(&log, format!("{header}{}\n\nwords\n", "-".repeat(60))).unwrap();
        assert_eq!(scratch.baton(["session", "discover"]).run().code, Some(0));
        let server = ViewServer::start(scratch, &[]);
        Self { description: server.json("/api/openapi.json"), scratch, server, _windows: vec![owner, other] }
    }

    /// Returns the id of the loop.
    fn loop_id(&self) -> String {
        let found = self.scratch.baton(["session", "discover", "--json"]).run().json();
        found["loops"][0]["id"].as_str().unwrap_or_else(|| panic!("{found}")).to_owned()
    }

    /// Returns what the description says of an address.
    fn operation(&self, path: &str, method: &str) -> &Value {
        &self.description["paths"][path][method]
    }

    fn validator(&self, schema: &Value) -> Validator {
        assert!(schema.is_object(), "no schema: {schema}");
        let whole = json!({"allOf": [schema], "components": self.description["components"]});
        jsonschema::validator_for(&whole).unwrap()
    }

    fn check(&self, schema: &Value, value: &Value, what: &str) {
        let validator = self.validator(schema);
        let errors: Vec<String> =
            validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{what}: {errors:?}\n{value}");
        // A schema that accepts everything would make this prove nothing.
        assert!(schema["type"] == "object" || !validator.is_valid(&json!({"error": 1})), "{what} accepts everything");
    }

    /// Returns the media type and what is said of it, of an answer that is not an error.
    fn content(&self, path: &str, method: &str) -> (&str, &Value) {
        let content = self.operation(path, method)["responses"]["200"]["content"].as_object().unwrap();
        content.iter().next().map(|(media, content)| (media.as_str(), content)).unwrap()
    }

    fn check_get(&self, path: &str, id: &str) {
        let (media, content) = self.content(path, "get");
        let target = if path.contains("{id}") { path.replace("{id}", id) } else { format!("{path}{id}") };
        if media == "text/event-stream" {
            return if path == "/api/events" { self.check_events(content) } else { self.check_lines(content, &target) };
        }
        let answer = self.server.get(&target);
        let (head, text) = answer.split_once("\r\n\r\n").unwrap();
        assert_eq!(status(&answer), 200, "{target}: {answer}");
        assert!(head.contains(&format!("Content-Type: {media}; charset=utf-8\r\n")), "{target}: {head}");
        if media == "application/json" {
            self.check(&content["schema"], &serde_json::from_str(text).unwrap(), &target);
        }
    }

    /// Checks an event of each kind.
    fn check_events(&self, content: &Value) {
        let mut events = self.server.events(None);
        let (_, name, data) = events.read();
        assert_eq!(name, "picture");
        self.check(&content["x-events"][&name], &data, &name);
        let mut window = Window::open(self.scratch, Agent::Claude, "%3");
        window.hook("SessionStart", "s3", &json!({}));
        let (_, name, data) = events.read();
        assert_eq!(name, "changes");
        self.check(&content["x-events"][&name], &data, &name);
    }

    /// Checks the events of a log.
    fn check_lines(&self, content: &Value, target: &str) {
        let mut events = self.server.events_of(target, None);
        for expected in ["begun_anew", "message"] {
            let (_, name, text) = events.read_text();
            assert_eq!(name, expected);
            self.check(&content["x-events"][&name], &text.into(), &name);
        }
    }

    fn check_post(&self, path: &str) {
        let (media, content) = self.content(path, "post");
        let action = &self.operation(path, "post")["requestBody"]["content"][media]["schema"];
        for (request, is_action) in [
            (json!({"action": "pause", "id": "demo"}), true),
            (json!({"action": "continue", "id": "demo"}), true),
            (json!({"action": "name", "id": "s1", "name": "x"}), true),
            (json!({"action": "pin", "id": "s1"}), true),
            (json!({"action": "delete", "id": "s1"}), false),
            (json!({"action": "pin"}), false),
            (json!({"action": "pin", "id": "s1", "more": 1}), false),
            (json!({"action": "pin", "id": 1}), false),
        ] {
            assert_eq!(self.validator(action).is_valid(&request), is_action, "{request}");
            let answer = self.server.post(&request);
            assert_eq!(status(&answer), if is_action { 200 } else { 400 }, "{request}: {answer}");
            let schema =
                if is_action { &content["schema"] } else { &self.description["components"]["schemas"]["Failure"] };
            self.check(schema, &serde_json::from_str(body(&answer)).unwrap(), &request.to_string());
        }
    }
}

#[test]
fn every_described_address_answers_as_it_is_described() {
    let scratch = Scratch::new();
    let described = Described::start(&scratch);
    let file = fs::read_to_string(workspace().join("schemas/view/openapi.json")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&file).unwrap(), described.description);
    let mut answered = 0;
    for (path, operations) in described.description["paths"].as_object().unwrap() {
        let (_, ids) =
            REQUESTS.iter().find(|(known, _)| known == path).unwrap_or_else(|| panic!("no request of {path}"));
        for method in operations.as_object().unwrap().keys() {
            answered += 1;
            match method.as_str() {
                "get" => ids.iter().for_each(|id| described.check_get(path, &id.replace("LOOP", &described.loop_id()))),
                "post" => described.check_post(path),
                other => panic!("no request with {other}"),
            }
        }
    }
    assert_eq!(answered, REQUESTS.len(), "a request of an address that is not described");
}

#[test]
fn a_refusal_is_as_it_is_described() {
    let scratch = Scratch::new();
    let described = Described::start(&scratch);
    let (server, failure) = (&described.server, &described.description["components"]["schemas"]["Failure"]);
    for (request, expected) in [
        ("GET /none HTTP/1.1\r\nHost: HOST\r\nAuthorization: Bearer TOKEN\r\n\r\n", 404),
        ("GET /api/sessions/none HTTP/1.1\r\nHost: HOST\r\nAuthorization: Bearer TOKEN\r\n\r\n", 404),
        ("GET /api/runs?cursor=x HTTP/1.1\r\nHost: HOST\r\nAuthorization: Bearer TOKEN\r\n\r\n", 400),
        ("GET /api/state HTTP/1.1\r\nHost: HOST\r\n\r\n", 401),
        ("GET /api/state HTTP/1.1\r\nHost: other\r\n\r\n", 403),
        (
            "POST /api/state HTTP/1.1\r\nHost: HOST\r\nAuthorization: Bearer TOKEN\r\nOrigin: http://HOST\r\nContent-Type: application/json\r\n\r\n",
            405,
        ),
        ("PUT /api/state HTTP/1.1\r\nHost: HOST\r\n\r\n", 405),
        ("POST /api/actions HTTP/1.1\r\nHost: HOST\r\nAuthorization: Bearer TOKEN\r\nOrigin: http://HOST\r\n\r\n", 415),
        ("noise\r\n\r\n", 400),
    ] {
        let answer = server.send(request.replace("HOST", &server.host).replace("TOKEN", &server.token).as_bytes());
        assert_eq!(status(&answer), expected, "{request}: {answer}");
        described.check(failure, &serde_json::from_str(body(&answer)).unwrap(), request);
    }
}

#[test]
fn each_file_is_a_schema() {
    for entry in fs::read_dir(workspace().join("schemas/view")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let value: Value = serde_json::from_str(&text).unwrap();
        if path.file_stem() == Path::new("openapi.json").file_stem() {
            assert_eq!(value["openapi"], "3.1.0");
        } else {
            jsonschema::meta::validate(&value).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        }
    }
}
