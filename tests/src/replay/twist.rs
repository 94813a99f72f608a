//! How a recorded call is changed, to test orders of events that no recording contains.

use serde_json::{Map, Value};

/// The changes to a recorded call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Twist {
    /// The process that makes the call instead of the recorded one. It is started if it does not exist.
    pub instead: Option<String>,
    /// The process below which it is started.
    pub inside: Option<String>,
    /// Fields of the payload, and `pane`.
    pub fields: Vec<(String, String)>,
}

impl Twist {
    /// Parses `as P9`, `inside P1` and `with FIELD=VALUE...`. Each is optional, and they must be in this order.
    pub(crate) fn parse(mut words: &[&str]) -> Option<Self> {
        let mut twist = Self::default();
        if let ["as", label, rest @ ..] = words {
            twist.instead = Some((*label).to_owned());
            words = rest;
        }
        if let ["inside", label, rest @ ..] = words {
            twist.instead.as_ref()?;
            twist.inside = Some((*label).to_owned());
            words = rest;
        }
        if let ["with", fields @ ..] = words {
            let fields = fields.iter().map(|field| field.split_once('='));
            let fields: Option<Vec<_>> = fields.map(|pair| pair.map(|(k, v)| (k.to_owned(), v.to_owned()))).collect();
            twist.fields = fields.filter(|fields| !fields.is_empty())?;
            words = &[];
        }
        words.is_empty().then_some(twist)
    }

    /// Returns the pane that the call comes from instead of its own.
    pub(super) fn pane(&self) -> Option<&str> {
        self.fields.iter().find(|(name, _)| name == "pane").map(|(_, pane)| pane.as_str())
    }

    /// Returns the payload with its fields changed. Without changes, the bytes stay the same.
    pub(super) fn payload(&self, text: String, expand: impl Fn(&str) -> String) -> String {
        let fields: Vec<_> = self.fields.iter().filter(|(name, _)| name != "pane").collect();
        if fields.is_empty() {
            return text;
        }
        let mut payload: Map<String, Value> = serde_json::from_str(&text).unwrap();
        for (name, value) in fields {
            assert!(payload.contains_key(name), "the recorded payload has no {name}");
            payload.insert(name.clone(), Value::String(expand(value)));
        }
        Value::Object(payload).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_twist_is_parsed_or_refused() {
        let words = |text: &'static str| text.split_whitespace().collect::<Vec<_>>();
        assert_eq!(Twist::parse(&[]), Some(Twist::default()));
        let all = Twist::parse(&words("as P9 inside P1 with source=clear pane=%0")).unwrap();
        assert_eq!((all.instead.as_deref(), all.inside.as_deref(), all.pane()), (Some("P9"), Some("P1"), Some("%0")));
        assert_eq!(all.fields[0], ("source".to_owned(), "clear".to_owned()));
        for wrong in ["as", "inside P1", "with", "with x", "as P9 hop", "with a=b c"] {
            assert_eq!(Twist::parse(&words(wrong)), None, "{wrong}");
        }
    }

    #[test]
    fn a_payload_is_changed_where_it_is_said_and_nowhere_else() {
        let text = r#"{"b": "x",  "a": 1}"#.to_owned();
        let with = |fields: &[(&str, &str)]| Twist {
            fields: fields.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            ..Twist::default()
        };
        assert_eq!(with(&[("pane", "%1")]).payload(text.clone(), str::to_owned), text);
        assert_eq!(with(&[("b", "{A}")]).payload(text, |value| value.replace("{A}", "s")), r#"{"a":1,"b":"s"}"#);
    }
}
