//! What a transcript shows about its conversation. The cases are lines as the clients write them, and damaged ones.

use agent_baton_core::agent::Agent;

use crate::{TranscriptStats, spec};

/// Returns the transcript line that a word stands for.
fn claude(word: &str) -> String {
    let (word, value) = word.split_once(':').unwrap_or((word, ""));
    let line = |kind: &str, more: &str, message: &str| {
        format!(
            r#"{{"parentUuid":"u","isSidechain":false,{more}"type":"{kind}","message":{{"role":"{kind}",{message}}}}}"#
        )
    };
    let answer = |more: &str, model: &str, cached: &str| {
        let usage = format!(
            r#""usage":{{"input_tokens":2,"cache_creation_input_tokens":3,"cache_read_input_tokens":{cached},"output_tokens":5,"service_tier":null}}"#
        );
        line("assistant", more, &format!(r#""model":"{model}","content":[{{"type":"text","text":"x"}}],{usage}"#))
    };
    let text = |more: &str, text: &str| line("user", more, &format!(r#""content":"{text}""#));
    match word {
        "prompt" if value.is_empty() => text("", "do it"),
        "prompt" => text(&format!(r#""turnPosition":{{"promptIndex":{value},"turnIndex":9}},"#), "do it"),
        "task" => text("", "<task-notification>over</task-notification>"),
        "command" => text("", "<command-name>/exit</command-name>"),
        "meta" => text(r#""isMeta":true,"#, "caveat"),
        "summary" => text(r#""isCompactSummary":true,"#, "so far"),
        "result" => line("user", "", r#""content":[{"tool_use_id":"a","type":"tool_result","content":"x"}]"#),
        "answer" => answer("", "opus", value),
        "other" => answer("", "haiku", value),
        "synthetic" => answer("", "<synthetic>", "0"),
        "failed" => answer(r#""isApiErrorMessage":true,"#, "opus", "0"),
        "side" => answer("", "haiku", "7").replacen("false", "true", 1),
        "odd" => answer("", "opus", r#""many""#),
        "title" => format!(r#"{{"type":"ai-title","aiTitle":"{value}","sessionId":"s"}}"#),
        "named" => format!(r#"{{"type":"custom-title","customTitle":"{value}","sessionId":"s"}}"#),
        "number" => r#"{"type":"custom-title","customTitle":7,"sessionId":"s"}"#.to_owned(),
        other => panic!("{other}"),
    }
}

fn codex(word: &str) -> String {
    let (word, value) = word.split_once(':').unwrap_or((word, ""));
    let line = |kind: &str, payload: &str| format!(r#"{{"timestamp":"t","type":"{kind}","payload":{{{payload}}}}}"#);
    let event = |payload: &str| line("event_msg", payload);
    match word {
        "started" => event(r#""type":"task_started","model_context_window":258400"#),
        "turn" => line("turn_context", &format!(r#""turn_id":"t","model":"{value}""#)),
        "prompt" => event(r#""type":"item_completed","item":{"type":"UserMessage","content":[]}"#),
        "older" => event(r#""type":"user_message","message":"go""#),
        "item" => event(r#""type":"item_completed","item":{"type":"AgentMessage","content":[]}"#),
        "record" => line("token_usage_record", &format!(r#""usage":{{"input_tokens":1,"total_tokens":{value}}}"#)),
        "count" => event(&format!(
            r#""type":"token_count","info":{{"total_token_usage":{{"total_tokens":999}},"last_token_usage":{{"total_tokens":{value}}},"model_context_window":200000}}"#
        )),
        "limits" => event(r#""type":"token_count","info":null"#),
        "compacted" => line("compacted", r#""message":"so far""#),
        "named" => event(&format!(r#""type":"thread_name_updated","thread_id":"s","thread_name":"{value}""#)),
        other => panic!("{other}"),
    }
}

fn stats(agent: Agent, text: &[u8]) -> TranscriptStats {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("transcript.jsonl");
    std::fs::write(&path, text).unwrap();
    spec(agent).transcript_stats(&path)
}

/// Returns `model title prompts context turn-start window`, with `-` for each one that is `None`.
fn words(stats: &TranscriptStats) -> String {
    let number = |number: Option<u64>| number.map_or_else(|| "-".to_owned(), |number| number.to_string());
    let prompts = stats.prompts.map(|it| format!("{}{}", it.count, if it.at_least { "+" } else { "" }));
    let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let context = [stats.context.now, stats.context.turn_start, stats.context.window].map(number).join(" ");
    format!("{} {} {} {context}", text(&stats.model), text(&stats.title), text(&prompts))
}

fn check(agent: Agent, lines: &str, expected: &str) {
    let line = if agent == Agent::Claude { claude } else { codex };
    let text: String = lines.split_whitespace().map(|word| line(word) + "\n").collect();
    assert_eq!(words(&stats(agent, text.as_bytes())), expected, "{agent}: {lines}");
}

#[test]
fn context_usage_of_claude() {
    for (lines, expected) in [
        ("", "- - 0 - - -"),
        ("prompt", "- - 1 - - -"),
        ("prompt answer:90", "opus - 1 100 - -"),
        ("prompt answer:90 prompt answer:190", "opus - 2 200 100 -"),
        // The newest size in the turn counts as the present one, and the one before the prompt as the turn's start.
        ("prompt answer:90 prompt answer:190 result answer:290", "opus - 2 300 100 -"),
        // A prompt that has no answer yet.
        ("prompt answer:90 prompt", "opus - 2 100 100 -"),
        ("prompt:1 answer:90 prompt:7 answer:190", "opus - 7 200 100 -"),
        ("prompt answer:90 task answer:190", "opus - 1 200 100 -"),
        ("prompt answer:90 meta command", "opus - 1 100 - -"),
        ("prompt answer:90 prompt other:190 synthetic failed side", "haiku - 2 200 100 -"),
        // A compaction removes the prompts before it from the context.
        ("prompt answer:990 summary", "opus - 1 - - -"),
        ("prompt answer:990 summary answer:90", "opus - 1 100 - -"),
        ("prompt answer:90 prompt answer:990 summary answer:190", "opus - 2 200 100 -"),
        ("prompt answer:990 summary prompt answer:90", "opus - 2 100 - -"),
        ("prompt title:one answer:90 title:two", "opus two 1 100 - -"),
        ("named:mine prompt answer:90 title:two", "opus mine 1 100 - -"),
        ("title:two prompt answer:90 named:", "opus two 1 100 - -"),
        ("title:two prompt answer:90 number", "opus two 1 100 - -"),
        ("prompt answer:90 prompt odd", "opus - 2 100 100 -"),
    ] {
        check(Agent::Claude, lines, expected);
    }
}

#[test]
fn context_usage_of_codex() {
    for (lines, expected) in [
        ("", "- - 0 - - -"),
        ("started turn:gpt prompt", "gpt - 1 - - 258400"),
        ("started turn:gpt prompt item record:110 count:110", "gpt - 1 110 - 200000"),
        ("started turn:a prompt count:110 started turn:b older record:300", "b - 2 300 110 258400"),
        ("started turn:a prompt count:110 started turn:a prompt count:150 count:200", "a - 2 200 110 200000"),
        ("started turn:a prompt count:110 limits", "a - 1 110 - 200000"),
        ("started turn:a prompt count:910 compacted", "a - 1 - - 200000"),
        ("started turn:a prompt count:910 compacted started turn:a prompt count:90", "a - 2 90 - 200000"),
        ("started turn:a prompt count:110 named:one named:two", "a two 1 110 - 200000"),
    ] {
        check(Agent::Codex, lines, expected);
    }
}

#[test]
fn of_a_long_transcript_its_end_is_read_and_says_that_there_may_be_more() {
    let many = |line: fn(&str) -> String, turn: &str| {
        let turn: String = turn.split_whitespace().map(|word| line(word) + "\n").collect();
        turn.repeat(2_000)
    };
    let long = stats(Agent::Claude, many(claude, "prompt answer:90").as_bytes());
    let prompts = long.prompts.unwrap();
    assert!(prompts.at_least && (2..2_000).contains(&prompts.count), "{prompts:?}");
    assert_eq!((long.context.now, long.context.turn_start), (Some(100), Some(100)));
    let numbered = stats(Agent::Claude, many(claude, "prompt:2000 answer:90").as_bytes());
    assert_eq!(numbered.prompts.map(|it| (it.count, it.at_least)), Some((2_000, false)));
    let long = stats(Agent::Codex, many(codex, "started turn:a prompt count:110").as_bytes());
    assert!(long.prompts.unwrap().at_least && long.model.as_deref() == Some("a"), "{long:?}");
}

#[test]
fn what_cannot_be_read_says_nothing() {
    for agent in Agent::ALL {
        assert_eq!(spec(agent).transcript_stats(std::path::Path::new("/nowhere/at/all")), TranscriptStats::default());
        assert_eq!(words(&stats(agent, &[0xff; 4096])), "- - 0 - - -");
        // A line that is cut anywhere never shows more than the whole line, and never fails.
        let line = if agent == Agent::Claude { claude } else { codex };
        let text = ["prompt", "prompt"].map(|word| line(word) + "\n").concat();
        for end in 0..text.len() {
            let found = stats(agent, &text.as_bytes()[..end]).prompts.unwrap().count;
            assert!(found <= 2, "{agent} {end}");
        }
    }
}
