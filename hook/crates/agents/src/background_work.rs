//! What an agent has in the background when it stops: tasks that run on, and prompts that it scheduled.
//!
//! Claude Code names both in its `Stop`. A task that ends, or a prompt that is due, starts the next turn.

use serde::Deserialize;
use serde_json::value::RawValue;

use baton_fs::hash::sha256_hex;

/// The most entries that are looked at.
const MAX_ENTRIES: usize = 64;

/// The words for a task that does not run any more. Claude lists running tasks only; an unknown word counts as one that runs.
const ENDED: [&str; 18] = [
    "completed",
    "complete",
    "done",
    "finished",
    "succeeded",
    "success",
    "failed",
    "failure",
    "error",
    "errored",
    "killed",
    "stopped",
    "cancelled",
    "canceled",
    "aborted",
    "terminated",
    "exited",
    "timed_out",
];

/// An entry, as far as it is looked at. Its command, description and prompt are not.
#[derive(Default, Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    status: Option<&'a RawValue>,
}

/// Digests of the ids of what runs on: tasks, then scheduled prompts. What is no list is none.
pub(crate) fn running(tasks: Option<&RawValue>, crons: Option<&RawValue>) -> Vec<String> {
    let ids = |kind: &str, list: Option<&RawValue>| -> Vec<String> {
        let entries: Vec<&RawValue> = list.and_then(|list| serde_json::from_str(list.get()).ok()).unwrap_or_default();
        entries.into_iter().take(MAX_ENTRIES).filter_map(|entry| id_of(kind, entry)).collect()
    };
    let mut all = ids("task", tasks);
    all.extend(ids("cron", crons));
    all.truncate(MAX_ENTRIES);
    all
}

/// None of an entry that is over. Entries without an id are one and the same: whatever else they hold may change each time.
fn id_of(kind: &str, entry: &RawValue) -> Option<String> {
    if entry.get() == "null" {
        return None;
    }
    let Entry { id, status } = serde_json::from_str(entry.get()).unwrap_or_default();
    let status = status.and_then(|status| serde_json::from_str::<String>(status.get()).ok());
    if status.is_some_and(|status| ENDED.contains(&status.to_ascii_lowercase().as_str())) {
        return None;
    }
    let id = id.map_or("", RawValue::get);
    Some(sha256_hex(format!("{kind} {id}").as_bytes(), 8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_on_is_counted_by_its_id() {
        let raw = |text: &str| RawValue::from_string(text.to_owned()).unwrap();
        for (tasks, crons, count) in [
            ("[]", "[]", 0),
            ("null", "null", 0),
            (r#"[{"id":"b","type":"shell","status":"running","command":"make test"}]"#, "[]", 1),
            (
                r#"[{"id":"b","type":"subagent","status":"running"},{"id":"c","type":"workflow","status":"pending"}]"#,
                "[]",
                2,
            ),
            (r#"[{"id":"b","status":"completed"},{"id":"c","status":"Killed"},{"id":"d","status":"failed"}]"#, "[]", 0),
            (r#"[{"id":"b"}]"#, r#"[{"id":"b","schedule":"*/5 * * * *","recurring":true,"prompt":"look"}]"#, 2),
            // Of another shape than today's: something runs.
            (r#"["b"]"#, "[]", 1),
            (r#"[{"status":7}]"#, "[7]", 2),
            (r#"[{"id":"b","status":"running","command":"\ud83d"}]"#, "[]", 1),
            (r#"[{"id":"\ud83d"},null]"#, "[]", 1),
            // No list at all: nobody knows.
            (r#"{"id":"b"}"#, "true", 0),
        ] {
            assert_eq!(running(Some(&raw(tasks)), Some(&raw(crons))).len(), count, "{tasks} {crons}");
        }
        assert!(running(None, None).is_empty());
        let ids = |text: &str| running(Some(&raw(text)), None);
        assert_eq!(ids(r#"[{"id":"b","elapsed":1}]"#), ids(r#"[{"elapsed":2,"id":"b"}]"#));
        assert_ne!(ids(r#"[{"id":"b"}]"#), ids(r#"[{"id":"c"}]"#));
        assert_eq!(ids(r#"[{"elapsed":1}]"#), ids(r#"[{"elapsed":2}]"#));
        let many = format!("[{}]", vec!["{}"; 1000].join(","));
        assert_eq!(ids(&many).len(), MAX_ENTRIES);
    }
}
