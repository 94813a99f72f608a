//! Decides who may ask: a browser or a program of the user that has the token, and no page of another origin.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::address::{Address, Named};
use super::peer::Peer;
use super::request::Request;
use super::response::Response;

/// What lets a client in.
#[derive(Debug)]
pub(super) struct Access {
    pub(super) address: Address,
    pub(super) keys: Mutex<Keys>,
    /// Whether nobody may act.
    pub(super) is_read_only: bool,
}

/// The texts that let a client in.
#[derive(Debug)]
pub(super) struct Keys {
    /// 256 random bits in hexadecimal. Without one, nobody is let in.
    pub(super) token: Option<String>,
    /// A text that stands for the token once, for the browser that this program opens.
    pub(super) code: Code,
}

/// The code. Every account of the machine can see it in the arguments of the browser.
#[derive(Debug, Clone)]
pub(super) enum Code {
    /// There is none.
    Nothing,
    /// It lets one browser in.
    Fresh(String),
    /// It has let one in.
    Used(String),
}

/// What becomes of a request that is not refused at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is answered.
    LetIn,
    /// The response lets the browser in, with a cookie.
    Entered(Response),
    /// The code came a second time, so somebody else had it. The token counts no more.
    Revoked(Response),
}

impl Access {
    /// Checks a request. Who is at the other end is looked up only for somebody who has a key.
    ///
    /// # Errors
    /// Returns the response that refuses it.
    pub(super) fn check(&self, request: &Request, peer: impl Fn() -> Peer) -> Result<Verdict, Response> {
        let (named, origin) = self.check_origin(request)?;
        let is_post = match request.method.as_str() {
            "GET" => false,
            "POST" => true,
            _ => return Err(Response::error(405, "only GET and POST are known").with_header("Allow", "GET, POST")),
        };
        if let Some(given) = request.parameter("token").filter(|_| !is_post && request.path == "/") {
            return if named == Named::Own { self.enter(given, peer) } else { Err(no_token()) };
        }
        if !self.has_token(request) {
            return Err(no_token());
        }
        if peer() == Peer::Other {
            return Err(other_account());
        }
        if is_post && self.is_read_only {
            return Err(Response::error(403, "this server was started with --read-only"));
        }
        if is_post && origin.is_none() {
            return Err(Response::error(403, "an action needs the Origin header"));
        }
        if is_post && request.header("content-type") != Some("application/json") {
            return Err(Response::error(415, "an action is JSON"));
        }
        Ok(Verdict::LetIn)
    }

    /// Returns whether a request has the token: as a program's header, or as a browser's cookie.
    pub(super) fn has_token(&self, request: &Request) -> bool {
        let Some(token) = self.token() else { return false };
        let bearer = request.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        if let Some(given) = bearer {
            return is_same(given, &token);
        }
        // Any page that was ever shown at the address of the machine may have left something there that uses the cookie.
        let named = request.header("host").and_then(|host| self.address.named_by(host));
        let cookies = request.header("cookie").unwrap_or_default().split(';');
        let name = self.cookie_name();
        // Another port of the same host can set a cookie of this name too.
        let mut given = cookies.filter_map(|cookie| cookie.trim().split_once('=')).filter(|(known, _)| *known == name);
        named == Some(Named::Own) && given.any(|(_, value)| is_same(value, &token))
    }

    /// Returns the token, unless the system had no random bytes for a new one.
    pub(super) fn token(&self) -> Option<String> {
        self.keys().token.clone()
    }

    /// Checks where a request comes from. Returns what it asks, and the origin that it names.
    fn check_origin<'a>(&self, request: &'a Request) -> Result<(Named, Option<&'a str>), Response> {
        let host = request.header("host").unwrap_or_default();
        let Some(named) = self.address.named_by(host) else {
            return Err(Response::error(403, "the Host header does not name this server"));
        };
        let origin = request.header("origin");
        if origin.is_some_and(|origin| origin != format!("http://{host}")) {
            return Err(Response::error(403, "the request comes from a page of another origin"));
        }
        if request.header("sec-fetch-site").is_some_and(|site| !matches!(site, "same-origin" | "none")) {
            return Err(Response::error(403, "the request comes from a page of another site"));
        }
        Ok((named, origin))
    }

    /// Lets a browser in whose address has a key.
    fn enter(&self, given: &str, peer: impl Fn() -> Peer) -> Result<Verdict, Response> {
        let mut keys = self.keys();
        let is_code = keys.code.text().is_some_and(|code| is_same(given, code));
        if !is_code && !keys.token.as_ref().is_some_and(|token| is_same(given, token)) {
            return Err(no_token());
        }
        match peer() {
            Peer::Other => return Err(other_account()),
            Peer::Unknown if is_code => return Err(no_token()),
            Peer::Own | Peer::Unknown => {}
        }
        if is_code {
            match std::mem::replace(&mut keys.code, Code::Nothing) {
                Code::Fresh(code) => keys.code = Code::Used(code),
                Code::Used(_) | Code::Nothing => {
                    keys.token = new_token().ok();
                    return Ok(Verdict::Revoked(no_token()));
                }
            }
        }
        let token = keys.token.as_deref().ok_or_else(no_token)?;
        Ok(Verdict::Entered(self.entered(token)))
    }

    /// Returns the response that gives a browser the cookie, and takes the key out of its address.
    fn entered(&self, token: &str) -> Response {
        let cookie = format!("{}={token}; HttpOnly; SameSite=Strict; Path=/", self.cookie_name());
        Response::new(303, "text/plain", "").with_header("Location", "/").with_header("Set-Cookie", &cookie)
    }

    /// Browsers give a cookie to every port of a host.
    fn cookie_name(&self) -> String {
        format!("baton-{}", self.address.port())
    }

    fn keys(&self) -> MutexGuard<'_, Keys> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Code {
    fn text(&self) -> Option<&str> {
        match self {
            Self::Nothing => None,
            Self::Fresh(code) | Self::Used(code) => Some(code),
        }
    }
}

/// Returns 256 random bits in hexadecimal.
pub(super) fn new_token() -> Result<String, getrandom::Error> {
    random::<32>()
}

/// Returns a name for an address, which nobody can have used before.
pub(super) fn new_name() -> Result<String, getrandom::Error> {
    Ok(format!("baton-{}", random::<10>()?))
}

fn random<const BYTES: usize>() -> Result<String, getrandom::Error> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Compares in a time that does not depend on where the texts differ.
fn is_same(given: &str, token: &str) -> bool {
    let difference = given.bytes().zip(token.bytes()).fold(0, |sum, (a, b)| sum | (a ^ b));
    given.len() == token.len() && difference == 0
}

fn no_token() -> Response {
    Response::error(401, "open the address that baton-view printed")
}

fn other_account() -> Response {
    Response::error(403, "the request comes from another account of this machine")
}
