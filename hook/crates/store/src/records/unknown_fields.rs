//! Preserves fields that this version does not know when a record is rewritten, at every depth.
//!
//! The record types keep unknown top-level fields and those of launches. Deeper unknown fields (in an owner, a
//! timestamp, an entry of a history) are lost on the way through the core. This module merges them back.

use serde_json::Value;

/// Merges into `new` the fields that the file (`raw`) has but that this version does not know. `known` is the same
/// record as this version writes it.
pub(crate) fn merge_unknown_fields(raw: &Value, known: &Value, new: &mut Value) {
    match (raw, known, new) {
        // Another process is another owner, so the old owner's unknown fields do not apply.
        (Value::Object(_), Value::Object(known), Value::Object(new)) if known.get("process") != new.get("process") => {}
        (Value::Object(raw), Value::Object(known), Value::Object(new)) => {
            for (name, raw) in raw {
                match (known.get(name), new.get_mut(name)) {
                    (Some(known), Some(new)) => merge_unknown_fields(raw, known, new),
                    (None, None) => {
                        new.insert(name.clone(), raw.clone());
                    }
                    // The entry was known and was removed, or the core added it.
                    (Some(_), None) | (None, Some(_)) => {}
                }
            }
        }
        (Value::Array(raw), Value::Array(known), Value::Array(new)) => {
            for new in new {
                let same = raw.iter().zip(known).find(|(_, known)| is_same(known, new));
                if let Some((raw, known)) = same {
                    merge_unknown_fields(raw, known, new);
                }
            }
        }
        _ => {}
    }
}

/// Returns whether two list entries are the same thing: they are equal, or they are launches of one process.
fn is_same(known: &Value, new: &Value) -> bool {
    known == new || (known.get("process").is_some() && known.get("process") == new.get("process"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn unknown_fields_are_put_back_where_they_stood() {
        let cases = [
            ("top", json!({"a":1,"x":2}), json!({"a":1}), json!({"a":3}), json!({"a":3,"x":2})),
            (
                "deep",
                json!({"o":{"p":{"x":1}}}),
                json!({"o":{"p":{}}}),
                json!({"o":{"p":{}}}),
                json!({"o":{"p":{"x":1}}}),
            ),
            ("removed by the core", json!({"a":1}), json!({"a":1}), json!({}), json!({})),
            (
                "another owner",
                json!({"o":{"process":1,"x":1}}),
                json!({"o":{"process":1}}),
                json!({"o":{"process":2}}),
                json!({"o":{"process":2}}),
            ),
            ("replaced", json!({"o":{"x":1}}), json!({"o":{}}), json!({"o":null}), json!({"o":null})),
            (
                "shifted",
                json!([{"n":1,"x":1},{"n":2,"x":2}]),
                json!([{"n":1},{"n":2}]),
                json!([{"n":2},{"n":3}]),
                json!([{"n":2,"x":2},{"n":3}]),
            ),
            (
                "one process",
                json!([{"process":{"pid":1,"x":0},"e":1}]),
                json!([{"process":{"pid":1},"e":1}]),
                json!([{"process":{"pid":1},"e":2}]),
                json!([{"process":{"pid":1,"x":0},"e":2}]),
            ),
        ];
        for (name, raw, known, mut new, expected) in cases {
            merge_unknown_fields(&raw, &known, &mut new);
            assert_eq!(new, expected, "{name}");
        }
    }
}
