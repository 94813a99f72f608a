//! Who is let in, and what is refused.

use std::sync::Mutex;

use super::access::Access;
use super::request::Request;

const TOKEN: &str = "0123456789abcdef";

fn access(is_read_only: bool) -> Access {
    Access { port: 7410, token: TOKEN.to_owned(), code: Mutex::new(Some("code".to_owned())), is_read_only }
}

/// Returns the status with which a request is refused, 303 if it is let in with a cookie, and 200 if it is answered.
fn status(access: &Access, head: &str) -> u16 {
    let head = head.replace('\n', "\r\n").replace("TOKEN", TOKEN) + "\r\n\r\n";
    match Request::parse(head.as_bytes()).map(|request| access.check(&request)) {
        Err(_) => 400,
        Ok(Err(refusal)) => refusal.status,
        Ok(Ok(Some(entered))) => entered.status,
        Ok(Ok(None)) => 200,
    }
}

#[test]
fn only_the_user_is_let_in() {
    const COOKIE: &str = "\nCookie: baton-7410=TOKEN";
    const HOST: &str = "\nHost: 127.0.0.1:7410";
    const OWN: &str = "\nOrigin: http://127.0.0.1:7410\nContent-Type: application/json";
    for (head, expected) in [
        (format!("GET / HTTP/1.1{HOST}{COOKIE}"), 200),
        (format!("GET / HTTP/1.1\nHost: localhost:7410{COOKIE}"), 200),
        (format!("GET / HTTP/1.1{HOST}\nCookie: a=b; baton-7410=TOKEN; c=d"), 200),
        (format!("GET /api/state HTTP/1.1{HOST}\nAuthorization: Bearer TOKEN"), 200),
        (format!("GET /api/state HTTP/1.1{HOST}{COOKIE}\nSec-Fetch-Site: same-origin"), 200),
        (format!("GET /?token=TOKEN HTTP/1.1{HOST}"), 303),
        (format!("POST /api/actions HTTP/1.1{HOST}{COOKIE}{OWN}"), 200),
        // No token, or a wrong one.
        (format!("GET / HTTP/1.1{HOST}"), 401),
        (format!("GET / HTTP/1.1{HOST}\nCookie: baton-7410=0123456789abcdee"), 401),
        (format!("GET / HTTP/1.1{HOST}\nCookie: baton-7410=0123456789abcdef0"), 401),
        (format!("GET / HTTP/1.1{HOST}\nCookie: baton-7410=0123456789abcde"), 401),
        (format!("GET / HTTP/1.1{HOST}\nCookie: baton-7410="), 401),
        (format!("GET / HTTP/1.1{HOST}\nCookie: baton-7410"), 401),
        (format!("GET / HTTP/1.1{HOST}\nCookie: baton-7411=TOKEN"), 401),
        (format!("GET /?token=wrong HTTP/1.1{HOST}"), 401),
        (format!("GET /?token= HTTP/1.1{HOST}{COOKIE}"), 401),
        (format!("GET /api/state?token=TOKEN HTTP/1.1{HOST}"), 401),
        (format!("GET /api/events?token=TOKEN HTTP/1.1{HOST}"), 401),
        (format!("POST /?token=TOKEN HTTP/1.1{HOST}{OWN}"), 401),
        (format!("GET /api/state HTTP/1.1{HOST}\nAuthorization: Basic TOKEN"), 401),
        (format!("GET /api/state HTTP/1.1{HOST}\nAuthorization: TOKEN"), 401),
        (format!("POST /api/actions HTTP/1.1{HOST}{OWN}"), 401),
        // Another host: DNS rebinding.
        (format!("GET / HTTP/1.1{COOKIE}"), 403),
        (format!("GET / HTTP/1.1\nHost: evil.example:7410{COOKIE}"), 403),
        (format!("GET / HTTP/1.1\nHost: 127.0.0.1{COOKIE}"), 403),
        (format!("GET / HTTP/1.1\nHost: 127.0.0.1:7411{COOKIE}"), 403),
        (format!("GET / HTTP/1.1\nHost: localhost.evil.example:7410{COOKIE}"), 403),
        (format!("GET / HTTP/1.1\nHost: user@127.0.0.1:7410{COOKIE}"), 403),
        (format!("GET / HTTP/1.1\nHost: [::1]:7410{COOKIE}"), 403),
        ("GET /?token=TOKEN HTTP/1.1\nHost: evil.example".to_owned(), 403),
        // A page of another origin or site.
        (format!("GET /api/state HTTP/1.1{HOST}{COOKIE}\nOrigin: http://evil.example"), 403),
        (format!("GET /api/state HTTP/1.1{HOST}{COOKIE}\nOrigin: http://127.0.0.1:7411"), 403),
        (format!("GET /api/state HTTP/1.1{HOST}{COOKIE}\nOrigin: http://localhost:7410"), 403),
        (format!("GET /api/state HTTP/1.1{HOST}{COOKIE}\nOrigin: https://127.0.0.1:7410"), 403),
        (format!("GET /api/state HTTP/1.1{HOST}{COOKIE}\nOrigin: null"), 403),
        (format!("GET /api/state HTTP/1.1{HOST}{COOKIE}\nSec-Fetch-Site: cross-site"), 403),
        (format!("GET /api/events HTTP/1.1{HOST}{COOKIE}\nSec-Fetch-Site: same-site"), 403),
        (format!("GET /?token=TOKEN HTTP/1.1{HOST}\nSec-Fetch-Site: cross-site"), 403),
        (format!("POST /api/actions HTTP/1.1{HOST}{COOKIE}\nContent-Type: application/json"), 403),
        (
            format!(
                "POST /api/actions HTTP/1.1{HOST}{COOKIE}\nOrigin: http://evil.example\nContent-Type: application/json"
            ),
            403,
        ),
        (
            format!(
                "POST /api/actions HTTP/1.1{HOST}{COOKIE}\nOrigin: http://127.0.0.1:7410\nContent-Type: text/plain"
            ),
            415,
        ),
        (format!("POST /api/actions HTTP/1.1{HOST}{COOKIE}\nOrigin: http://127.0.0.1:7410"), 415),
        // Another method.
        (format!("PUT /api/actions HTTP/1.1{HOST}{COOKIE}{OWN}"), 405),
        (format!("DELETE / HTTP/1.1{HOST}{COOKIE}"), 405),
        (format!("OPTIONS / HTTP/1.1{HOST}{COOKIE}"), 405),
        (format!("TRACE / HTTP/1.1{HOST}{COOKIE}"), 405),
        (format!("get / HTTP/1.1{HOST}{COOKIE}"), 405),
        // What no browser sends.
        (format!("GET http://127.0.0.1:7410/ HTTP/1.1{HOST}{COOKIE}"), 400),
        (format!("CONNECT 127.0.0.1:7410 HTTP/1.1{HOST}{COOKIE}"), 400),
        (format!("GET * HTTP/1.1{HOST}{COOKIE}"), 400),
        (format!("GET / HTTP/3.0{HOST}{COOKIE}"), 400),
        (format!("GET / HTTP/1.1{HOST}{HOST}{COOKIE}"), 400),
        (format!("GET / HTTP/1.1{HOST}\nhost: evil.example{COOKIE}"), 400),
        (format!("GET / HTTP/1.1{HOST}{COOKIE}{COOKIE}"), 400),
        (format!("GET / HTTP/1.1{HOST}{COOKIE}\nOrigin: http://127.0.0.1:7410\nOrigin: null"), 400),
        (format!("GET / HTTP/1.1{HOST}{COOKIE}\n folded"), 400),
        (format!("GET /?a=%zz HTTP/1.1{HOST}{COOKIE}"), 400),
        (format!("GET /?a=%ff HTTP/1.1{HOST}{COOKIE}"), 400),
        (format!("GET /\u{e9} HTTP/1.1{HOST}{COOKIE}"), 400),
        (format!("GET /a b HTTP/1.1{HOST}{COOKIE}"), 400),
        ("GET /".to_owned(), 400),
        ("\u{16}\u{3}\u{1}".to_owned(), 400),
    ] {
        assert_eq!(status(&access(false), &head), expected, "{head}");
    }
}

#[test]
fn nobody_acts_on_a_server_that_only_shows() {
    let head = |method: &str| {
        format!(
            "{method} /api/actions HTTP/1.1\nHost: 127.0.0.1:7410\nCookie: baton-7410=TOKEN\nOrigin: http://127.0.0.1:7410"
        )
    };
    assert_eq!(status(&access(true), &head("POST")), 403);
    assert_eq!(status(&access(true), &head("GET")), 200);
}

#[test]
fn a_code_lets_in_once() {
    let access = access(false);
    let head = "GET /?token=code HTTP/1.1\nHost: 127.0.0.1:7410";
    assert_eq!((status(&access, head), status(&access, head)), (303, 401));
}
