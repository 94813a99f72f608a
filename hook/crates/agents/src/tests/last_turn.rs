//! How the newest turn of a transcript ended. The cases are lines as the clients write them, and damaged ones.

use std::path::PathBuf;

use agent_baton_core::agent::Agent;
use agent_baton_core::event::LastTurn::{self, Ended, InterruptedPrompt, InterruptedToolCall, Unknown};

use crate::spec;

fn on_disk(name: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    (dir, path)
}

fn check(agent: Agent, what: &str, text: &[u8], expected: LastTurn) {
    let (_dir, path) = on_disk("transcript.jsonl", text);
    assert_eq!(spec(agent).last_turn(&path), expected, "{agent}: {what}");
}

/// Returns the transcript lines that these words stand for.
fn lines(agent: Agent, words: &str) -> Vec<u8> {
    let line = |word: &str| match agent {
        Agent::Claude => claude(word),
        Agent::Codex => codex(word),
    };
    words.split_whitespace().map(|word| line(word) + "\n").collect::<String>().into_bytes()
}

fn claude(word: &str) -> String {
    let line = |kind: &str, more: &str, content: &str, reason: &str| {
        format!(
            r#"{{"parentUuid":"u","isSidechain":false,{more}"type":"{kind}","message":{{"role":"{kind}","content":{content},"stop_reason":{reason}}},"uuid":"u"}}"#
        )
    };
    let user = |content: &str| line("user", "", content, "null");
    let (word, id) = word.split_once(':').unwrap_or((word, ""));
    match word {
        "prompt" => user(r#""do it, half \ud83d of a pair""#),
        "blocks" => user(r#"[{"type":"image","source":{"data":"AAAA"}},{"type":"text","text":"what is this"}]"#),
        "picture" => user(r#"[{"type":"image","source":{"data":"AAAA"}}]"#),
        "interrupted" => user(r#"[{"type":"text","text":"[Request interrupted by user]"}]"#),
        "command" => user(r#""<command-name>/exit</command-name>""#),
        "output" => user(r#""<local-command-stdout>Bye</local-command-stdout>""#),
        "result" => user(&format!(r#"[{{"tool_use_id":"{id}","type":"tool_result","content":"x \ud83d"}}]"#)),
        "meta" => line("user", r#""isMeta":true,"#, r#""caveat""#, "null"),
        "summary" => line("user", r#""isCompactSummary":true,"#, r#""so far""#, "null"),
        "side" => {
            line("user", r#""isSidechain":true,"#, r#""look""#, "null").replacen(r#""isSidechain":false,"#, "", 1)
        }
        "answer" => line("assistant", "", r#"[{"type":"text","text":"done"}]"#, r#""end_turn""#),
        "before" => line("assistant", "", r#"[{"type":"text","text":"first I look"}]"#, r#""tool_use""#),
        "thought" => line("assistant", "", r#"[{"type":"thinking","thinking":"hm"}]"#, "null"),
        "failed" => line("assistant", r#""isApiErrorMessage":true,"#, r#"[{"type":"text","text":"500"}]"#, "null"),
        "call" => {
            line("assistant", "", &format!(r#"[{{"type":"tool_use","id":"{id}","name":"Bash"}}]"#), r#""tool_use""#)
        }
        "system" => {
            r#"{"parentUuid":"u","isSidechain":false,"type":"system","subtype":"stop_hook_summary"}"#.to_owned()
        }
        "last" => r#"{"type":"last-prompt","lastPrompt":"do it","sessionId":"s"}"#.to_owned(),
        "queue" => r#"{"type":"queue-operation","operation":"enqueue","content":"next"}"#.to_owned(),
        other => panic!("{other}"),
    }
}

fn codex(word: &str) -> String {
    let line =
        |kind: &str, payload: &str| format!(r#"{{"timestamp":"t","ordinal":1,"type":"{kind}","payload":{payload}}}"#);
    let (word, id) = word.split_once(':').unwrap_or((word, ""));
    let item = |more: &str| line("response_item", &format!("{{{more}}}"));
    let event = |more: &str| line("event_msg", &format!("{{{more}}}"));
    match word {
        "meta" => line("session_meta", r#"{"id":"s"}"#),
        "started" => event(r#""type":"task_started","turn_id":"t""#),
        "complete" => event(r#""type":"task_complete","last_agent_message":"done""#),
        "aborted" => event(r#""type":"turn_aborted","reason":"interrupted""#),
        "tokens" => event(r#""type":"token_count","info":{}"#),
        "settings" => event(r#""type":"thread_settings_applied""#),
        "context" => {
            item(r#""type":"message","role":"user","content":[{"type":"input_text","text":"<environment_context>"}]"#)
        }
        "told" => item(r#""type":"message","role":"developer","content":[{"type":"input_text","text":"baton: x"}]"#),
        "prompt" => item(
            r#""type":"message","role":"user","content":[{"type":"input_text","text":"go \ud83d"}],"internal_chat_message_metadata_passthrough":{"content_item_kinds":["user.text"]}"#,
        ),
        "typed" => event(r#""type":"item_completed","item":{"type":"UserMessage","content":[]}"#),
        "older" => event(r#""type":"user_message","message":"go""#),
        "item" => event(r#""type":"item_completed","item":{"type":"AgentMessage","content":[]}"#),
        "answer" => item(r#""type":"message","role":"assistant","content":[{"type":"output_text","text":"done"}]"#),
        "comment" => item(r#""type":"message","role":"assistant","phase":"commentary","content":[]"#),
        "thought" => item(r#""type":"reasoning","summary":[]"#),
        "call" => item(&format!(r#""type":"function_call","name":"exec","call_id":"{id}""#)),
        "custom" => item(&format!(r#""type":"custom_tool_call","name":"apply_patch","call_id":"{id}""#)),
        "result" => item(&format!(r#""type":"function_call_output","call_id":"{id}","output":"x""#)),
        "applied" => item(&format!(r#""type":"custom_tool_call_output","call_id":"{id}","output":"x""#)),
        other => panic!("{other}"),
    }
}

#[test]
fn turns_of_claude() {
    let cases = [
        ("", Unknown),
        ("last queue system", Unknown),
        ("prompt answer system last", Ended),
        ("prompt answer prompt last queue", InterruptedPrompt),
        ("prompt answer blocks", InterruptedPrompt),
        ("prompt answer picture", InterruptedPrompt),
        ("prompt call:a", InterruptedToolCall),
        ("prompt call:a result:a", InterruptedPrompt),
        ("prompt call:a result:a answer", Ended),
        ("prompt call:a call:b result:b", InterruptedToolCall),
        ("prompt call:a call:b result:a result:b", InterruptedPrompt),
        ("prompt before call:a", InterruptedToolCall),
        ("prompt before", InterruptedPrompt),
        ("prompt thought", InterruptedPrompt),
        ("prompt answer prompt interrupted", Ended),
        ("prompt call:a result:a interrupted", Ended),
        ("prompt answer command output", Ended),
        ("prompt answer meta", Ended),
        ("prompt answer side", Ended),
        ("prompt failed", InterruptedPrompt),
        ("prompt answer summary", Unknown),
        ("prompt answer summary prompt", InterruptedPrompt),
    ];
    for (words, expected) in cases {
        check(Agent::Claude, words, &lines(Agent::Claude, words), expected);
    }
}

#[test]
fn turns_of_codex() {
    let cases = [
        ("", Unknown),
        ("meta settings", Unknown),
        ("meta started context prompt typed answer tokens complete", Ended),
        // The hook of a resume runs after the new turn has begun and before its prompt is written.
        ("meta started prompt typed answer complete settings started", Ended),
        ("meta started prompt typed settings started", InterruptedPrompt),
        ("meta started prompt typed call:a settings started told", InterruptedToolCall),
        ("meta started prompt", InterruptedPrompt),
        ("meta started older", InterruptedPrompt),
        ("meta started prompt typed thought", InterruptedPrompt),
        ("meta started prompt typed call:a result:a tokens", InterruptedPrompt),
        ("meta started prompt typed custom:a applied:a", InterruptedPrompt),
        ("meta started prompt typed custom:a", InterruptedToolCall),
        ("meta started prompt typed call:a call:b result:a", InterruptedToolCall),
        ("meta started prompt typed item answer", Ended),
        ("meta started prompt typed item comment", InterruptedPrompt),
        ("meta started prompt typed aborted", Ended),
        ("meta started prompt answer complete context", Ended),
    ];
    for (words, expected) in cases {
        check(Agent::Codex, words, &lines(Agent::Codex, words), expected);
    }
}

#[test]
fn a_damaged_transcript_costs_what_is_damaged() {
    for agent in Agent::ALL {
        let whole = lines(agent, "prompt answer prompt");
        let answered = lines(agent, "prompt answer");
        let next = lines(agent, "prompt");
        let nul = vec![0; 512];
        let cases: [(&str, Vec<u8>, LastTurn); 6] = [
            ("a torn end", [&answered[..], &next[..next.len() / 2]].concat(), Ended),
            ("NULs at the end", [&whole[..], &nul].concat(), InterruptedPrompt),
            ("NULs before a line", [&answered[..], &nul, &next].concat(), InterruptedPrompt),
            ("no line break", [answered.trim_ascii_end(), &next].concat(), InterruptedPrompt),
            (
                "a torn line joined with a whole one",
                [&answered[..answered.len() - 30], &next].concat(),
                InterruptedPrompt,
            ),
            ("no UTF-8", [&answered[..], b"\xff\xfe\n", &next].concat(), InterruptedPrompt),
        ];
        for (what, text, expected) in cases {
            check(agent, what, &text, expected);
        }
        // Every line is read to its end, whatever it holds.
        for cut in 0..whole.len() {
            let (_dir, path) = on_disk("transcript.jsonl", &whole[..cut]);
            let _ = spec(agent).last_turn(&path);
        }
    }
}

/// What is not decoded, or has another type than before, costs its field and not its line.
#[test]
fn an_odd_field_costs_itself() {
    let odd = |agent: Agent, words: &str, from: &str, to: &[u8]| {
        let text = String::from_utf8(lines(agent, words)).unwrap();
        let at = text.rfind(from).unwrap();
        [&text.as_bytes()[..at], to, &text.as_bytes()[at + from.len()..]].concat()
    };
    for (agent, words, from, to, expected) in [
        (Agent::Claude, "prompt answer", r#""done""#, br#""\ud83d""#.as_slice(), Ended),
        (Agent::Claude, "prompt answer", r#""done""#, b"\"\xff\"", Ended),
        (Agent::Claude, "prompt answer", r#""done""#, b"7", Ended),
        (Agent::Claude, "prompt answer", r#""end_turn""#, b"[]", Ended),
        (Agent::Claude, "prompt answer", r#""isSidechain":false"#, br#""isSidechain":null"#, Ended),
        (Agent::Claude, "prompt call:a", r#""a""#, br#""\udc00""#, InterruptedToolCall),
        (Agent::Claude, "prompt answer prompt", r#""uuid":"u""#, br#""uuid":"\ud800""#, InterruptedPrompt),
        (Agent::Claude, "prompt call:a", r#""content":["#, br#""content":["of a later version","#, InterruptedToolCall),
        (Agent::Codex, "prompt", r#"["user.text"]"#, br#"[7,"user.text"]"#, InterruptedPrompt),
        (Agent::Codex, "meta started prompt typed call:a", r#""a""#, br#""\udc00""#, InterruptedToolCall),
        (Agent::Codex, "meta started prompt typed call:a", r#""a""#, b"\"\xff\"", InterruptedToolCall),
        (Agent::Codex, "meta started prompt typed answer", r#""assistant""#, br#""assistant","phase":7"#, Ended),
    ] {
        check(agent, &format!("{words}: {}", String::from_utf8_lossy(to)), &odd(agent, words, from, to), expected);
    }
}

#[test]
fn only_the_end_of_a_long_transcript_is_read() {
    for agent in Agent::ALL {
        let long = lines(agent, "prompt answer").repeat(4000);
        check(agent, "long", &[&long[..], &lines(agent, "prompt")].concat(), InterruptedPrompt);
        // The last line shows nothing, and is longer than the first part that is read.
        let picture = format!("{{\"type\":\"x\",\"data\":\"{}\"}}\n", "A".repeat(600_000));
        check(agent, "a picture", &[&long[..], picture.as_bytes()].concat(), Ended);
    }
}

#[test]
fn a_transcript_that_was_compressed_is_unpacked() {
    let text = lines(Agent::Codex, "meta started prompt typed call:a").repeat(20_000);
    let packed = ruzstd::encoding::compress_to_vec(&text[..], ruzstd::encoding::CompressionLevel::Fastest);
    let (_dir, path) = on_disk("rollout.jsonl.zst", &packed);
    assert_eq!(spec(Agent::Codex).last_turn(&path), InterruptedToolCall);
    assert_eq!(spec(Agent::Codex).last_turn(&path.with_extension("")), InterruptedToolCall, "by the name that it had");
    for cut in [0, 3, packed.len() / 2, packed.len() - 1] {
        let (_dir, path) = on_disk("rollout.jsonl.zst", &packed[..cut]);
        assert_eq!(spec(Agent::Codex).last_turn(&path), Unknown, "cut at {cut}");
    }
}

#[test]
fn what_cannot_be_read_is_not_known() {
    let (dir, path) = on_disk("transcript.jsonl", &lines(Agent::Claude, "prompt"));
    let link = dir.path().join("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    for path in [link, dir.path().to_owned(), dir.path().join("missing"), "/dev/zero".into()] {
        assert_eq!(spec(Agent::Claude).last_turn(&path), Unknown, "{}", path.display());
    }
}
