//! Writes responses.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

/// The headers of every response. Nothing of another origin may read, frame or run anything.
const SECURITY_HEADERS: &str = "Connection: close\r\n\
    Cache-Control: no-store\r\n\
    Content-Security-Policy: default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n\
    Cross-Origin-Opener-Policy: same-origin\r\n\
    Cross-Origin-Resource-Policy: same-origin\r\n\
    Referrer-Policy: no-referrer\r\n\
    X-Content-Type-Options: nosniff\r\n\
    X-Frame-Options: DENY\r\n";

/// A response with a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Response {
    pub(super) status: u16,
    content_type: &'static str,
    /// More headers, each with its line break.
    headers: String,
    body: Vec<u8>,
}

/// The answer to a request that was refused, or that failed.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Failure<'a> {
    /// What is wrong, as a sentence.
    error: &'a str,
}

impl Response {
    pub(super) fn new(status: u16, content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, content_type, headers: String::new(), body: body.into() }
    }

    pub(super) fn json(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::new(status, "application/json", body)
    }

    /// A response whose body says what is wrong.
    pub(super) fn error(status: u16, why: &str) -> Self {
        // A text can always be written.
        Self::json(status, serde_json::to_vec(&Failure { error: why }).unwrap_or_default())
    }

    /// Adds a header.
    pub(super) fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push_str(&format!("{name}: {value}\r\n"));
        self
    }

    pub(super) fn write(&self, to: &mut impl Write) -> io::Result<()> {
        let (length, headers) = (self.body.len(), &self.headers);
        let head = head(self.status, self.content_type);
        to.write_all(format!("{head}Content-Length: {length}\r\n{headers}\r\n").as_bytes())?;
        to.write_all(&self.body)
    }
}

/// Returns the beginning of a stream of events.
pub(super) fn stream_head() -> String {
    format!("{}\r\n", head(200, "text/event-stream"))
}

fn head(status: u16, content_type: &str) -> String {
    format!("HTTP/1.1 {status} {}\r\nContent-Type: {content_type}; charset=utf-8\r\n{SECURITY_HEADERS}", phrase(status))
}

const fn phrase(status: u16) -> &'static str {
    match status {
        200 => "OK",
        303 => "See Other",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        409 => "Conflict",
        415 => "Unsupported Media Type",
        431 => "Request Header Fields Too Large",
        503 => "Service Unavailable",
        _ => "Internal Server Error",
    }
}
