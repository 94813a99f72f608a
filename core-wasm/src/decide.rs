//! One request, decided.

use crate::decision::Decision;
use crate::reason::Reason;
use crate::request::{Ask, PROTOCOL, Request};

/// Decides a request given as UTF-8 JSON; answers in the same form.
#[must_use]
pub fn decide_bytes(request: &[u8]) -> Vec<u8> {
    let decision = match serde_json::from_slice::<Request>(request) {
        Ok(request) if request.protocol == PROTOCOL => decide(&request),
        Ok(_) | Err(_) => Decision::nothing(Reason::RequestMalformed),
    };
    serde_json::to_vec(&decision).unwrap_or_default()
}

/// Decides a request.
#[must_use]
pub fn decide(request: &Request) -> Decision {
    match &request.ask {
        Ask::Event(_) => Decision::nothing(Reason::NotHooked),
        Ask::Command(_) => Decision::nothing(Reason::RunNotFound),
    }
}
