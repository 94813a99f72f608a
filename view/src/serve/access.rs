//! Decides who may ask: a browser or a program of the user that has the token, and no page of another origin.

use std::sync::{Mutex, PoisonError};

use super::request::Request;
use super::response::Response;

/// What lets a client in.
#[derive(Debug)]
pub(super) struct Access {
    /// The port of this server.
    pub(super) port: u16,
    /// 256 random bits in hexadecimal.
    pub(super) token: String,
    /// A text that stands for the token once, for the browser that this program opens.
    pub(super) code: Mutex<Option<String>>,
    /// Whether nobody may act.
    pub(super) is_read_only: bool,
}

impl Access {
    /// Checks a request. Returns the response that lets a browser in, if it asks for that, and otherwise nothing.
    ///
    /// # Errors
    /// Returns the response that refuses it.
    pub(super) fn check(&self, request: &Request) -> Result<Option<Response>, Response> {
        let origin = self.check_origin(request)?;
        let is_post = match request.method.as_str() {
            "GET" => false,
            "POST" => true,
            _ => return Err(Response::error(405, "only GET and POST are known").with_header("Allow", "GET, POST")),
        };
        if let Some(given) = request.parameter("token").filter(|_| !is_post && request.path == "/") {
            return if self.is_key(given) { Ok(Some(self.enter())) } else { Err(no_token()) };
        }
        if !self.has_token(request) {
            return Err(no_token());
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
        Ok(None)
    }

    /// Checks where a request comes from, and returns the origin that it names.
    fn check_origin<'a>(&self, request: &'a Request) -> Result<Option<&'a str>, Response> {
        // Another name would be that of another site, which resolves to this machine (DNS rebinding).
        let hosts = [format!("127.0.0.1:{}", self.port), format!("localhost:{}", self.port)];
        let Some(host) = request.header("host").filter(|host| hosts.iter().any(|own| own == host)) else {
            return Err(Response::error(403, "the Host header does not name this server"));
        };
        let origin = request.header("origin");
        if origin.is_some_and(|origin| origin != format!("http://{host}")) {
            return Err(Response::error(403, "the request comes from a page of another origin"));
        }
        // Another port of this machine is the same site, and gets the cookie.
        if request.header("sec-fetch-site").is_some_and(|site| !matches!(site, "same-origin" | "none")) {
            return Err(Response::error(403, "the request comes from a page of another site"));
        }
        Ok(origin)
    }

    /// Returns the response that gives a browser the cookie, and takes the token out of its address.
    fn enter(&self) -> Response {
        let cookie = format!("{}={}; HttpOnly; SameSite=Strict; Path=/", self.cookie_name(), self.token);
        Response::new(303, "text/plain", "").with_header("Location", "/").with_header("Set-Cookie", &cookie)
    }

    /// Returns whether a text in the address lets a browser in. The code does so once: every account of the machine can
    /// see it in the arguments of the browser.
    fn is_key(&self, given: &str) -> bool {
        let mut code = self.code.lock().unwrap_or_else(PoisonError::into_inner);
        is_same(given, &self.token) || code.take_if(|code| is_same(given, code)).is_some()
    }

    /// Browsers give a cookie to every port of a host.
    fn cookie_name(&self) -> String {
        format!("baton-{}", self.port)
    }

    fn has_token(&self, request: &Request) -> bool {
        let bearer = request.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        let cookies = request.header("cookie").unwrap_or_default().split(';');
        let name = self.cookie_name();
        let cookie = cookies.filter_map(|cookie| cookie.trim().split_once('=')).find(|(known, _)| *known == name);
        let given = bearer.or(cookie.map(|(_, value)| value));
        given.is_some_and(|given| is_same(given, &self.token))
    }
}

/// Compares in a time that does not depend on where the texts differ.
fn is_same(given: &str, token: &str) -> bool {
    let difference = given.bytes().zip(token.bytes()).fold(0, |sum, (a, b)| sum | (a ^ b));
    given.len() == token.len() && difference == 0
}

fn no_token() -> Response {
    Response::error(401, "open the address that baton-view printed")
}
