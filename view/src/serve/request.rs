//! Reads a request from a connection, within limits of size and time.
//!
//! A connection carries one request. What a browser has no reason to send is refused: a body of unknown length, a header
//! twice, bytes after the end.

use std::io::{self, Read};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// The maximum length of the request line and the headers, in bytes.
const MAX_HEAD_BYTES: usize = 16 * 1024;

/// The maximum number of headers.
const MAX_HEADERS: usize = 64;

/// The maximum length of a body, in bytes.
const MAX_BODY_BYTES: usize = 4 * 1024;

/// How long a client may take to send a request.
pub(super) const READ_TIMEOUT: Duration = Duration::from_secs(5);

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) method: String,
    /// The path, which begins with `/`.
    pub(super) path: String,
    query: Vec<(String, String)>,
    /// The headers, with names in lower case. Each name is there once.
    headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

/// Why there is no request.
#[derive(Debug, thiserror::Error)]
pub(super) enum RequestError {
    /// It is not HTTP, or not as browsers write it.
    #[error("the request is malformed")]
    Malformed,
    /// It is too long.
    #[error("the request is too long: 16 KB of headers, such as cookies, and 4 KB of body are read")]
    TooLong,
    /// It did not arrive in time.
    #[error("the request did not arrive in time")]
    TooSlow,
    /// The client has gone.
    #[error("the client has gone")]
    Gone(#[source] io::Error),
}

impl Request {
    /// Reads a request.
    pub(super) fn read(stream: &TcpStream, timeout: Duration) -> Result<Self, RequestError> {
        let deadline = Instant::now() + timeout;
        let mut bytes = Vec::new();
        let end = loop {
            let seen = bytes.len().saturating_sub(3);
            read_some(stream, &mut bytes, deadline)?;
            let new = bytes.get(seen..).unwrap_or_default();
            if let Some(at) = new.windows(4).position(|window| window == b"\r\n\r\n") {
                break seen + at + 4;
            }
            if bytes.len() > MAX_HEAD_BYTES {
                return Err(RequestError::TooLong);
            }
        };
        if end > MAX_HEAD_BYTES {
            return Err(RequestError::TooLong);
        }
        let body = bytes.split_off(end);
        let mut request = Self::parse(&bytes)?;
        let length = request.body_length()?;
        request.body = body;
        while request.body.len() < length {
            read_some(stream, &mut request.body, deadline)?;
        }
        if request.body.len() > length { Err(RequestError::Malformed) } else { Ok(request) }
    }

    /// Parses a request line and headers.
    pub(super) fn parse(head: &[u8]) -> Result<Self, RequestError> {
        // To the parser, two line feeds are the end, and what follows them is another request.
        if head.split_inclusive(|byte| *byte == b'\n').any(|line| !line.ends_with(b"\r\n")) {
            return Err(RequestError::Malformed);
        }
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut parsed = httparse::Request::new(&mut headers);
        match parsed.parse(head) {
            Ok(httparse::Status::Complete(_)) => {}
            Err(httparse::Error::TooManyHeaders) => return Err(RequestError::TooLong),
            Ok(httparse::Status::Partial) | Err(_) => return Err(RequestError::Malformed),
        }
        let (Some(method), Some(target)) = (parsed.method, parsed.path) else { return Err(RequestError::Malformed) };
        if !target.starts_with('/') || !target.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#') {
            return Err(RequestError::Malformed);
        }
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut request = Self {
            method: method.to_owned(),
            path: path.to_owned(),
            query: parse_query(query).ok_or(RequestError::Malformed)?,
            headers: Vec::new(),
            body: Vec::new(),
        };
        for header in parsed.headers.iter() {
            let name = header.name.to_ascii_lowercase();
            let value = std::str::from_utf8(header.value).map_err(|_| RequestError::Malformed)?.trim();
            if request.header(&name).is_some() {
                return Err(RequestError::Malformed);
            }
            request.headers.push((name, value.to_owned()));
        }
        Ok(request)
    }

    /// Returns a header, by its name in lower case.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Returns a parameter of the query.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn body_length(&self) -> Result<usize, RequestError> {
        if self.header("transfer-encoding").is_some() || self.header("expect").is_some() {
            return Err(RequestError::Malformed);
        }
        let Some(length) = self.header("content-length") else { return Ok(0) };
        let is_number = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number || (self.method != "POST" && length != "0") {
            return Err(RequestError::Malformed);
        }
        length.parse().ok().filter(|length| *length <= MAX_BODY_BYTES).ok_or(RequestError::TooLong)
    }
}

/// Reads what is there, or waits for it until the deadline.
fn read_some(mut stream: &TcpStream, bytes: &mut Vec<u8>, deadline: Instant) -> Result<(), RequestError> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(RequestError::TooSlow);
    }
    stream.set_read_timeout(Some(left)).map_err(RequestError::Gone)?;
    let mut chunk = [0; 4096];
    match stream.read(&mut chunk) {
        Ok(0) => Err(RequestError::Gone(io::ErrorKind::UnexpectedEof.into())),
        Ok(count) => {
            bytes.extend_from_slice(chunk.get(..count).unwrap_or_default());
            Ok(())
        }
        Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
            Err(RequestError::TooSlow)
        }
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
        Err(error) => Err(RequestError::Gone(error)),
    }
}

fn parse_query(query: &str) -> Option<Vec<(String, String)>> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        Some((decode(name)?, decode(value)?))
    });
    pairs.collect()
}

/// Decodes `%41` and `+`.
pub(super) fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                let (high, low) = (digit()?, digit()?);
                u8::try_from(high * 16 + low).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}
