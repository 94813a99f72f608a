//! Why a payload is not an event.

/// Why a payload is not an event. The message never contains anything from the payload.
#[derive(Debug, thiserror::Error)]
pub enum PayloadError {
    /// It is not JSON. The parser's error may quote the payload, so it is not a source that is printed.
    #[error("the event is not JSON: line {}, column {}", .0.line(), .0.column())]
    Json(serde_json::Error),
    /// It does not say what it is.
    #[error("the event has no {field}; was the hook installed for another agent?")]
    NoKind {
        /// The field.
        field: &'static str,
    },
    /// The field that says what it is holds something else.
    #[error("the event's {field} is not a string; was the hook installed for another agent?")]
    Kind {
        /// The field.
        field: &'static str,
    },
    /// Its id cannot be used.
    #[error("the event names no session: its {field} {why}")]
    Session {
        /// The field.
        field: &'static str,
        /// What is wrong with the id.
        why: String,
    },
}
