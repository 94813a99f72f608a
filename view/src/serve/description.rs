//! Generates the OpenAPI description and the JSON Schemas of what the server reads and writes. A test compares them with
//! `schemas/view/`. The program contains the file, because the generator is larger.

use std::fs;

use agent_baton_tests::program::workspace;
use agent_baton_tests::scenario::BLESS;
use baton_engine::discovery::ForeignLoop;
use baton_status::{ProjectView, RunView, RunsView, SessionView, SessionsView};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::action::{Action, Done};
use super::api::{Content, Method, Parameter, ROUTES, Route};
use super::loops::LoopDetails;
use super::response::Failure;
use super::settings::SettingsView;
use crate::changes::Change;
use crate::conversation::ConversationEndView;
use crate::decisions::{DecisionView, DecisionsPage};
use crate::picture::Picture;

/// Returns the settings for a format that the server writes.
fn written() -> SchemaSettings {
    SchemaSettings::draft2020_12().for_serialize()
}

/// Returns a generator that puts the types where OpenAPI wants them.
fn generator(mut settings: SchemaSettings) -> SchemaGenerator {
    settings.definitions_path = "/components/schemas".into();
    settings.meta_schema = None;
    settings.into_generator()
}

/// Returns the media type of an answer, and its schema.
fn media(content: Content, types: &mut SchemaGenerator) -> (&'static str, Value) {
    fn of<T: JsonSchema>(types: &mut SchemaGenerator) -> Value {
        types.subschema_for::<T>().to_value()
    }
    let schema = match content {
        Content::Text(media) => return (media, json!({"schema": {"type": "string"}})),
        Content::Events => {
            // OpenAPI has no word for the data of an event.
            let events = json!({"picture": of::<Picture>(types), "changes": of::<Vec<Change>>(types)});
            return ("text/event-stream", json!({"schema": {"type": "string"}, "x-events": events}));
        }
        Content::LoopEvents => {
            let text = || json!({"type": "string"});
            let events = json!({"message": text(), "begun_anew": text(), "problem": text()});
            return ("text/event-stream", json!({"schema": {"type": "string"}, "x-events": events}));
        }
        Content::Loop => of::<LoopDetails>(types),
        Content::Description => json!({"type": "object"}),
        Content::Picture => of::<Picture>(types),
        Content::Sessions => of::<SessionsView>(types),
        Content::Session => of::<SessionView>(types),
        Content::Project => of::<ProjectView>(types),
        Content::Runs => of::<RunsView>(types),
        Content::RunOrLoop => json!({"anyOf": [of::<RunView>(types), of::<ForeignLoop>(types)]}),
        Content::Decisions => of::<DecisionsPage>(types),
        Content::ExplainedDecisions => of::<Vec<DecisionView>>(types),
        Content::Conversation => of::<ConversationEndView>(types),
        Content::Settings => of::<SettingsView>(types),
        Content::Done => of::<Done>(types),
    };
    ("application/json", json!({"schema": schema}))
}

fn parameters(route: &Route) -> Vec<Value> {
    let id = route.path.contains("{id}").then(|| {
        json!({"name": "id", "in": "path", "required": true, "schema": {"type": "string"},
            "description": "The id, a unique part of it, or the name."})
    });
    let parameter = |Parameter { name, place, meaning }: &Parameter| json!({"name": name, "in": place, "schema": {"type": "string"}, "description": meaning});
    id.into_iter().chain(route.parameters.iter().map(parameter)).collect()
}

fn operation(route: &Route, types: &mut SchemaGenerator) -> Value {
    let (media, content) = media(route.content, types);
    let mut operation = json!({
        "operationId": format!("{:?}", route.endpoint),
        "summary": route.summary,
        "responses": {
            "200": {"description": "The answer.", "content": {media: content}},
            "default": {"$ref": "#/components/responses/Failure"},
        },
    });
    let parameters = parameters(route);
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    if route.method == Method::Post {
        let action = json!({"schema": {"$ref": "#/components/schemas/Action"}});
        operation["requestBody"] = json!({"required": true, "content": {"application/json": action}});
    }
    operation
}

/// Returns the OpenAPI description.
fn description() -> Value {
    let (mut types, mut read) = (generator(written()), generator(SchemaSettings::draft2020_12()));
    let mut paths = Map::new();
    for route in ROUTES {
        let operations = paths.entry(route.path).or_insert_with(|| json!({}));
        operations[route.method.name().to_lowercase()] = operation(route, &mut types);
    }
    types.subschema_for::<Failure<'_>>();
    read.subschema_for::<Action>();
    let mut schemas = types.take_definitions(true);
    schemas.extend(read.take_definitions(true));
    let failure = json!({"schema": {"$ref": "#/components/schemas/Failure"}});
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "baton serve",
            "summary": "The live view of baton.",
            "version": env!("CARGO_PKG_VERSION"),
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{
            "url": "http://127.0.0.1:{port}",
            "variables": {"port": {"default": "7410", "description": "The port that `baton serve` printed."}},
        }],
        "security": [{"token": []}, {"cookie": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "The token that `baton serve` printed."},
                "cookie": {"type": "apiKey", "in": "cookie", "name": "baton-7410",
                    "description": "The token, in a cookie whose name has the port. `/?token=TOKEN` sets it. It counts for \
                        the printed name alone."},
            },
            "responses": {
                "Failure": {
                    "description": "400 for a malformed request or parameter, 401 without the token, 403 from another origin or \
                        account, 404 for an unknown address or id, 405 for another method, 408 for a slow client, 409 if \
                        the command refuses, 415 for an action that is no JSON, 431 for a long request, 503 for a server \
                        that is busy.",
                    "content": {"application/json": failure},
                },
            },
            "schemas": schemas,
        },
    })
}

fn of<T: JsonSchema>(settings: SchemaSettings) -> Value {
    Schema::to_value(settings.into_generator().into_root_schema_for::<T>())
}

#[test]
fn the_files_are_what_the_types_say() {
    let bless = std::env::var_os(BLESS).is_some();
    let dir = workspace().join("schemas/view");
    let files = [
        ("openapi", description()),
        ("picture", of::<Picture>(written())),
        ("changes", of::<Vec<Change>>(written())),
        ("action", of::<Action>(SchemaSettings::draft2020_12())),
        ("done", of::<Done>(written())),
        ("failure", of::<Failure<'_>>(written())),
    ];
    for (name, generated) in &files {
        let path = dir.join(name).with_extension("json");
        let generated = serde_json::to_string_pretty(generated).unwrap() + "\n";
        if bless {
            fs::write(&path, &generated).unwrap();
        }
        let file = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            file == generated,
            "{} differs from its type; `{BLESS}=1 cargo test -p baton-view --lib -- description` writes it again",
            path.display()
        );
    }
    assert_eq!(fs::read_dir(dir).unwrap().count(), files.len(), "a file is no schema");
}
