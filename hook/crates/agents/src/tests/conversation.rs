//! The end of a conversation. The cases are lines as the clients write them.

use agent_baton_core::agent::Agent;

use crate::{ConversationEnd, ConversationLimits, Extent, Speaker, spec};

/// Returns the transcript line that a word stands for. An underscore stands for a space.
fn claude(word: &str) -> String {
    let (word, value) = word.split_once(':').unwrap_or((word, ""));
    let line = |kind: &str, more: &str, content: &str| {
        format!(
            r#"{{"parentUuid":"u","isSidechain":false,{more}"type":"{kind}","message":{{"role":"{kind}","content":{content}}}}}"#
        )
    };
    let call = |id: &str, name: &str, input: &str| {
        line("assistant", "", &format!(r#"[{{"type":"tool_use","id":"{id}","name":"{name}","input":{input}}}]"#))
    };
    let text = value.replace('_', " ");
    match word {
        "prompt" => line("user", "", &format!(r#""{text}""#)),
        "picture" => line("user", "", &format!(r#"[{{"type":"image"}},{{"type":"text","text":"{text}"}}]"#)),
        "say" => line("assistant", "", &format!(r#"[{{"type":"text","text":"{text}"}}]"#)),
        "side" => line("assistant", "", r#"[{"type":"text","text":"aside"}]"#).replacen("false", "true", 1),
        "meta" => line("user", r#""isMeta":true,"#, r#""caveat""#),
        "task" => line("user", "", r#""<task-notification>over</task-notification>""#),
        "result" => line("user", "", &format!(r#"[{{"type":"tool_result","tool_use_id":"{value}"}}]"#)),
        "bash" => call(value, "Bash", r#"{"command":"cargo test","description":"tests"}"#),
        "edit" => call(value, "Edit", r#"{"file_path":"/a.rs","old_string":"a"}"#),
        "odd" => call(value, "Odd", r#""no object""#),
        "ask" => {
            call(value, "AskUserQuestion", r#"{"questions":[{"question":"Which one?","options":[{"label":"A"}]}]}"#)
        }
        other => panic!("{other}"),
    }
}

fn codex(word: &str) -> String {
    let line = |kind: &str, payload: &str| format!(r#"{{"timestamp":"t","type":"{kind}","payload":{{{payload}}}}}"#);
    let (word, value) = word.split_once(':').unwrap_or((word, ""));
    let text = value.replace('_', " ");
    let item = |more: &str| line("response_item", more);
    match word {
        "prompt" => line(
            "event_msg",
            &format!(
                r#""type":"item_completed","item":{{"type":"UserMessage","content":[{{"type":"text","text":"{text}"}}]}}"#
            ),
        ),
        "older" => line("event_msg", &format!(r#""type":"user_message","message":"{text}""#)),
        "typed" => item(&format!(
            r#""type":"message","role":"user","content":[{{"type":"input_text","text":"{text}"}}],"internal_chat_message_metadata_passthrough":{{"content_item_kinds":["user.text"]}}"#
        )),
        "context" => item(r#""type":"message","role":"user","content":[{"type":"input_text","text":"<environment>"}]"#),
        "say" => item(&format!(
            r#""type":"message","role":"assistant","content":[{{"type":"output_text","text":"{text}"}}]"#
        )),
        "exec" => item(&format!(
            r#""type":"function_call","name":"exec_command","call_id":"{value}","arguments":"{{\"cmd\":\"ls\"}}""#
        )),
        "shell" => item(&format!(
            r#""type":"function_call","name":"shell","call_id":"{value}","arguments":"{{\"command\":[\"bash\",\"-lc\",\"ls\"]}}""#
        )),
        "patch" => item(&format!(r#""type":"custom_tool_call","name":"apply_patch","call_id":"{value}","input":"x""#)),
        "result" => item(&format!(r#""type":"function_call_output","call_id":"{value}","output":"x""#)),
        other => panic!("{other}"),
    }
}

fn end(agent: Agent, words: &str, limits: ConversationLimits) -> ConversationEnd {
    let line = if agent == Agent::Claude { claude } else { codex };
    let text: String = words.split_whitespace().map(|word| line(word) + "\n").collect();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("transcript.jsonl");
    std::fs::write(&path, text).unwrap();
    spec(agent).conversation_end(&path, limits)
}

/// Returns the messages and the open call, as `u TEXT | a TEXT ? CALL`.
fn words(end: &ConversationEnd) -> String {
    let by = |by: Speaker| if by == Speaker::User { "u" } else { "a" };
    let messages: Vec<_> = end.messages.iter().map(|it| format!("{} {}", by(it.by), it.text)).collect();
    let call = end.open_call.as_ref().map(|call| format!("? {call}"));
    messages.join(" | ") + &call.unwrap_or_default()
}

fn check(agent: Agent, lines: &str, expected: &str) {
    let limits = ConversationLimits { extent: Extent::Messages(4), chars: 20 };
    assert_eq!(words(&end(agent, lines, limits)), expected, "{agent}: {lines}");
}

#[test]
fn conversations_of_claude() {
    for (lines, expected) in [
        ("", ""),
        ("prompt:do_it", "u do it"),
        ("picture:what_is_this say:a_cat", "u what is this | a a cat"),
        ("prompt:a say:b prompt:c say:d say:e", "a b | u c | a d | a e"),
        ("prompt:a meta side task say:b", "u a | a b"),
        ("prompt:0123456789012345678901234", "u 01234567890123456789"),
        ("prompt:a bash:1", "u a? Bash: cargo test"),
        ("prompt:a bash:1 result:1", "u a"),
        // The first of several open calls is asked for.
        ("prompt:a bash:1 edit:2", "u a? Bash: cargo test"),
        ("prompt:a bash:1 edit:2 result:1", "u a? Edit: /a.rs"),
        ("prompt:a say:wait ask:1", "u a | a wait? Which one?"),
        ("prompt:a odd:1", "u a? Odd"),
        // What was said later says that the call is over.
        ("prompt:a bash:1 prompt:b", "u a | u b"),
    ] {
        check(Agent::Claude, lines, expected);
    }
}

#[test]
fn conversations_of_codex() {
    for (lines, expected) in [
        ("", ""),
        ("context typed:do_it prompt:do_it say:done", "u do it | a done"),
        ("typed:do_it older:do_it say:done", "u do it | a done"),
        ("prompt:a exec:1", "u a? exec_command: ls"),
        ("prompt:a shell:1", "u a? shell: bash -lc ls"),
        ("prompt:a patch:1", "u a? apply_patch"),
        ("prompt:a exec:1 result:1 say:b", "u a | a b"),
    ] {
        check(Agent::Codex, lines, expected);
    }
}

#[test]
fn a_preview_ends_at_the_newest_prompt() {
    for (lines, prompt, said) in [
        ("prompt:a say:b prompt:c say:d say:e", Some("c"), Some("e")),
        ("prompt:a say:b prompt:c", Some("c"), None),
        ("say:b", None, Some("b")),
        ("", None, None),
    ] {
        for agent in Agent::ALL {
            let found = end(agent, lines, ConversationLimits { extent: Extent::Turn, chars: 9 });
            assert_eq!((found.prompt(), found.said()), (prompt, said), "{agent}: {lines}");
        }
    }
}

#[test]
fn what_cannot_be_read_shows_no_conversation() {
    let limits = ConversationLimits { extent: Extent::Messages(9), chars: 9 };
    let dir = tempfile::tempdir().unwrap();
    let fifo = dir.path().join("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    for agent in Agent::ALL {
        for path in [dir.path().join("absent"), dir.path().to_owned(), fifo.clone()] {
            assert_eq!(spec(agent).conversation_end(&path, limits), ConversationEnd::default(), "{}", path.display());
        }
    }
}
