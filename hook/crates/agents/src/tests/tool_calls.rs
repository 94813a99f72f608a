//! The tool calls of the newest turn. The cases are lines as the clients write them.

use agent_baton_core::agent::Agent;

use crate::{ToolCalls, spec};

/// Returns the transcript line that a word stands for: what, whose, and after an `@` when.
fn claude(word: &str) -> String {
    let (word, at) = word.split_once('@').unwrap_or((word, "0"));
    let (word, id) = word.split_once(':').unwrap_or((word, ""));
    let line = |kind: &str, more: &str, content: &str| {
        format!(
            r#"{{"parentUuid":"u","isSidechain":false,{more}"type":"{kind}","message":{{"role":"{kind}","content":{content}}},"timestamp":"{at}"}}"#
        )
    };
    match word {
        "prompt" => line("user", "", r#""go on""#),
        "task" => line("user", "", r#""<task-notification>over</task-notification>""#),
        "interrupted" => line("user", "", r#"[{"type":"text","text":"[Request interrupted by user for tool use]"}]"#),
        "summary" => line("user", r#""isCompactSummary":true,"#, r#""what was said""#),
        "say" => line("assistant", "", r#"[{"type":"text","text":"words"}]"#),
        "call" => line("assistant", "", &format!(r#"[{{"type":"tool_use","id":"{id}","name":"Bash","input":{{}}}}]"#)),
        "result" => line("user", "", &format!(r#"[{{"type":"tool_result","tool_use_id":"{id}"}}]"#)),
        "side" => claude(&format!("call:{id}@{at}")).replacen("false", "true", 1),
        other => panic!("{other}"),
    }
}

fn codex(word: &str) -> String {
    let (word, at) = word.split_once('@').unwrap_or((word, "0"));
    let (word, id) = word.split_once(':').unwrap_or((word, ""));
    let line = |kind: &str, payload: &str| format!(r#"{{"timestamp":"{at}","type":"{kind}","payload":{{{payload}}}}}"#);
    match word {
        "prompt" => line("event_msg", r#""type":"user_message","message":"go on""#),
        "say" => line("response_item", r#""type":"message","role":"assistant","content":[]"#),
        "call" => line("response_item", &format!(r#""type":"function_call","name":"shell","call_id":"{id}""#)),
        "result" => line("response_item", &format!(r#""type":"function_call_output","call_id":"{id}""#)),
        other => panic!("{other}"),
    }
}

/// Checks when the open calls of a transcript were made, newest first, and when the newest result came.
fn check(agent: Agent, words: &str, open: &[&str], newest_result: Option<&str>) {
    let line = match agent {
        Agent::Claude => claude,
        Agent::Codex => codex,
    };
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.jsonl");
    let text: String = words.split_whitespace().map(|word| format!("{}\n", line(word))).collect();
    std::fs::write(&path, text).unwrap();
    let expected = ToolCalls {
        open: open.iter().map(|at| Some((*at).to_owned())).collect(),
        newest_result: newest_result.map(str::to_owned),
    };
    assert_eq!(spec(agent).tool_calls(&path), expected, "{agent}: {words}");
}

#[test]
fn calls_are_open_until_they_have_a_result() {
    for agent in Agent::ALL {
        check(agent, "", &[], None);
        check(agent, "prompt@1 call:a@2", &["2"], None);
        check(agent, "prompt@1 call:a@2 result:a@3", &[], Some("3"));
        check(agent, "prompt@1 call:a@2 call:b@3 result:a@4", &["3"], Some("4"));
        check(agent, "prompt@1 call:a@2 result:a@3 say@4 call:b@5", &["5"], Some("3"));
        check(agent, "call:a@1 call:b@2 result:b@3 prompt@4 call:c@5", &["5"], None);
    }
}

#[test]
fn what_claude_writes_itself_is_no_prompt() {
    check(Agent::Claude, "prompt@1 call:a@2 result:a@3 interrupted@4", &[], Some("3"));
    check(Agent::Claude, "call:a@1 task@2 call:b@3", &["3"], None);
    check(Agent::Claude, "call:a@1 summary@2 call:b@3", &["3"], None);
    check(Agent::Claude, "prompt@1 call:a@2 side:b@3", &["2"], None);
}

#[test]
fn a_transcript_that_cannot_be_read_shows_no_calls() {
    let none = std::path::Path::new("/nowhere/t.jsonl");
    assert_eq!(spec(Agent::Claude).tool_calls(none), ToolCalls::default());
}
