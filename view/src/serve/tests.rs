//! Who is let in, and what is refused.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use baton_status::{Item, ItemKind, Section};

use super::Server;
use super::access::{Access, Code, Keys, Verdict};
use super::address::Address;
use super::peer::Peer;
use super::request::Request;
use super::routes::Routes;
use crate::feed::{Feed, RingLimits};
use crate::logs::FollowedLogs;
use crate::picture::Picture;

const TOKEN: &str = "0123456789abcdef";

fn access(is_read_only: bool) -> Access {
    access_at(7410, is_read_only)
}

fn access_at(port: u16, is_read_only: bool) -> Access {
    let keys = Keys { token: Some(TOKEN.to_owned()), code: Code::Fresh("code".to_owned()) };
    Access { address: Address::new(Some("baton-1".to_owned()), port), keys: Mutex::new(keys), is_read_only }
}

/// Returns the status with which a request is refused, 303 if it is let in with a cookie, and 200 if it is answered.
fn status(access: &Access, head: &str) -> u16 {
    status_for(access, head, Peer::Own)
}

/// The same, for a client of this account.
fn status_for(access: &Access, head: &str, peer: Peer) -> u16 {
    let head = head.replace('\n', "\r\n").replace("TOKEN", TOKEN) + "\r\n\r\n";
    match Request::parse(head.as_bytes()).map(|request| access.check(&request, || peer)) {
        Err(_) => 400,
        Ok(Err(refusal)) => refusal.status,
        Ok(Ok(Verdict::Entered(response) | Verdict::Revoked(response))) => response.status,
        Ok(Ok(Verdict::LetIn)) => 200,
    }
}

#[test]
fn only_the_user_is_let_in() {
    const COOKIE: &str = "\nCookie: baton-7410=TOKEN";
    const HOST: &str = "\nHost: baton-1.localhost:7410";
    const OWN: &str = "\nOrigin: http://baton-1.localhost:7410\nContent-Type: application/json";
    for (head, expected) in [
        (format!("GET / HTTP/1.1{HOST}{COOKIE}"), 200),
        (format!("GET / HTTP/1.1{HOST}\nCookie: baton-7410=x; baton-7410=TOKEN"), 200),
        ("GET /api/state HTTP/1.1\nHost: 127.0.0.1:7410\nAuthorization: Bearer TOKEN".to_owned(), 200),
        ("GET /api/state HTTP/1.1\nHost: localhost:7410\nAuthorization: Bearer TOKEN".to_owned(), 200),
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
        // The address of the machine, where pages of other programs were before.
        (format!("GET / HTTP/1.1\nHost: 127.0.0.1:7410{COOKIE}"), 401),
        (format!("GET / HTTP/1.1\nHost: localhost:7410{COOKIE}"), 401),
        (format!("POST /api/actions HTTP/1.1\nHost: 127.0.0.1:7410{COOKIE}\nOrigin: http://127.0.0.1:7410"), 401),
        ("GET /?token=TOKEN HTTP/1.1\nHost: 127.0.0.1:7410".to_owned(), 401),
        ("GET /?token=code HTTP/1.1\nHost: localhost:7410".to_owned(), 401),
        // Another host: DNS rebinding.
        (format!("GET / HTTP/1.1\nHost: baton-2.localhost:7410{COOKIE}"), 403),
        (format!("GET / HTTP/1.1\nHost: x.baton-1.localhost:7410{COOKIE}"), 403),
        (format!("GET / HTTP/1.1{COOKIE}"), 403),
        (format!("GET / HTTP/1.1\nHost: evil.example:7410{COOKIE}"), 403),
        (format!("GET / HTTP/1.1\nHost: baton-1.localhost{COOKIE}"), 403),
        (format!("GET / HTTP/1.1\nHost: baton-1.localhost:7411{COOKIE}"), 403),
        (format!("GET / HTTP/1.1\nHost: localhost.evil.example:7410{COOKIE}"), 403),
        (format!("GET / HTTP/1.1\nHost: user@baton-1.localhost:7410{COOKIE}"), 403),
        (format!("GET / HTTP/1.1\nHost: [::1]:7410{COOKIE}"), 403),
        ("GET /?token=TOKEN HTTP/1.1\nHost: evil.example".to_owned(), 403),
        // A page of another origin or site.
        (format!("GET /api/state HTTP/1.1{HOST}{COOKIE}\nOrigin: http://evil.example"), 403),
        (format!("GET /api/state HTTP/1.1{HOST}{COOKIE}\nOrigin: http://baton-1.localhost:7411"), 403),
        (format!("GET /api/state HTTP/1.1{HOST}{COOKIE}\nOrigin: http://localhost:7410"), 403),
        (format!("GET /api/state HTTP/1.1{HOST}{COOKIE}\nOrigin: https://baton-1.localhost:7410"), 403),
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
                "POST /api/actions HTTP/1.1{HOST}{COOKIE}\nOrigin: http://baton-1.localhost:7410\nContent-Type: text/plain"
            ),
            415,
        ),
        (format!("POST /api/actions HTTP/1.1{HOST}{COOKIE}\nOrigin: http://baton-1.localhost:7410"), 415),
        // Another method.
        (format!("PUT /api/actions HTTP/1.1{HOST}{COOKIE}{OWN}"), 405),
        (format!("DELETE / HTTP/1.1{HOST}{COOKIE}"), 405),
        (format!("OPTIONS / HTTP/1.1{HOST}{COOKIE}"), 405),
        (format!("TRACE / HTTP/1.1{HOST}{COOKIE}"), 405),
        (format!("get / HTTP/1.1{HOST}{COOKIE}"), 405),
        // What no browser sends.
        (format!("GET http://baton-1.localhost:7410/ HTTP/1.1{HOST}{COOKIE}"), 400),
        (format!("CONNECT baton-1.localhost:7410 HTTP/1.1{HOST}{COOKIE}"), 400),
        (format!("GET * HTTP/1.1{HOST}{COOKIE}"), 400),
        (format!("GET / HTTP/3.0{HOST}{COOKIE}"), 400),
        (format!("GET / HTTP/1.1{HOST}{HOST}{COOKIE}"), 400),
        (format!("GET / HTTP/1.1{HOST}\nhost: evil.example{COOKIE}"), 400),
        (format!("GET / HTTP/1.1{HOST}{COOKIE}{COOKIE}"), 400),
        (format!("GET / HTTP/1.1{HOST}{COOKIE}\nOrigin: http://baton-1.localhost:7410\nOrigin: null"), 400),
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
            "{method} /api/actions HTTP/1.1\nHost: baton-1.localhost:7410\nCookie: baton-7410=TOKEN\nOrigin: http://baton-1.localhost:7410"
        )
    };
    assert_eq!(status(&access(true), &head("POST")), 403);
    assert_eq!(status(&access(true), &head("GET")), 200);
}

#[test]
fn another_account_is_not_let_in_with_a_key_that_it_saw() {
    let access = access(false);
    let code = "GET /?token=code HTTP/1.1\nHost: baton-1.localhost:7410";
    let token = "GET /?token=TOKEN HTTP/1.1\nHost: baton-1.localhost:7410";
    let bearer = "GET /api/state HTTP/1.1\nHost: 127.0.0.1:7410\nAuthorization: Bearer TOKEN";
    for (head, peer, expected) in [
        (code, Peer::Other, 403),
        // The code is to be seen by everybody, so it counts only for somebody who is known.
        (code, Peer::Unknown, 401),
        (token, Peer::Other, 403),
        (token, Peer::Unknown, 303),
        (bearer, Peer::Other, 403),
        (bearer, Peer::Unknown, 200),
        // Nobody has used up the code, and nobody has made the token worthless.
        (code, Peer::Own, 303),
        (code, Peer::Other, 403),
        (code, Peer::Unknown, 401),
        (bearer, Peer::Own, 200),
    ] {
        assert_eq!(status_for(&access, head, peer), expected, "{peer:?} {head}");
    }
}

#[test]
fn a_code_that_comes_twice_makes_the_token_worthless() {
    let access = access(false);
    let code = "GET /?token=code HTTP/1.1\nHost: baton-1.localhost:7410";
    let bearer = "GET /api/state HTTP/1.1\nHost: 127.0.0.1:7410\nAuthorization: Bearer TOKEN";
    assert_eq!((status(&access, code), status(&access, bearer)), (303, 200));
    assert_eq!((status(&access, code), status(&access, bearer)), (401, 401));
    let token = access.token().unwrap();
    assert_eq!((token.len(), status(&access, &bearer.replace("TOKEN", &token))), (64, 200));
    assert_eq!(status(&access, code), 401);
    assert_eq!(access.token().unwrap(), token, "it comes a third time");
}

#[test]
fn without_random_bytes_nobody_is_let_in() {
    let access = access(false);
    access.keys.lock().unwrap().token = None;
    for head in [
        "GET /api/state HTTP/1.1\nHost: 127.0.0.1:7410\nAuthorization: Bearer ",
        "GET /?token= HTTP/1.1\nHost: baton-1.localhost:7410",
        "GET /api/state HTTP/1.1\nHost: baton-1.localhost:7410\nCookie: baton-7410=",
    ] {
        assert_eq!(status(&access, head), 401, "{head}");
    }
}

/// How many events are published to a client that does not read.
const EVENTS: u64 = 100_000;

/// How much more memory the process may need for it, in KiB: the feed keeps 16,384 events, and a client none.
const MAX_MEMORY_KIB: u64 = 64 * 1024;

fn picture(number: u64) -> Picture {
    let item = Item { title: Some("x".repeat(500)), ..Item::new(Section::Working, ItemKind::Session, "s1") };
    Picture::new(0, Vec::new(), vec![Item { status: number.to_string(), ..item }])
}

/// Starts a server that cuts off a client after this time, and returns the port.
fn serve(feed: &Arc<Feed>, write_timeout: Duration) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let access = access_at(port, false);
    let routes = Routes { baton: "baton".into(), is_read_only: false, logs: FollowedLogs::default() };
    let places = Arc::default();
    let server = Arc::new(Server { access, places, routes, feed: Arc::clone(feed), write_timeout });
    thread::spawn(move || server.accept(&listener));
    port
}

/// Enters with the code, and returns the answer.
fn enter(port: u16) -> String {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    stream
        .write_all(format!("GET /?token=code HTTP/1.1\r\nHost: baton-1.localhost:{port}\r\n\r\n").as_bytes())
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn who_had_the_token_is_cut_off_when_it_becomes_worthless() {
    let feed = Arc::new(Feed::new(1, RingLimits::default(), picture(0)));
    let port = serve(&feed, Duration::from_secs(60));
    assert!(enter(port).starts_with("HTTP/1.1 303 "));
    let mut client = follow(port);
    assert!(reads(&mut client, "picture"));
    assert!(enter(port).starts_with("HTTP/1.1 401 "));
    assert!(is_cut_off(&mut client), "it goes on");
    assert!(reads(&mut follow(port), "HTTP/1.1 401 "), "the old token counts");
}

/// Connects, and asks for the events.
fn follow(port: u16) -> TcpStream {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let head = format!("GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {TOKEN}\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

/// Reads until this text was there. Returns `false` if the stream ends before.
fn reads(stream: &mut TcpStream, text: &str) -> bool {
    let (mut seen, mut chunk) = (Vec::new(), [0; 65_536]);
    loop {
        match stream.read(&mut chunk) {
            Ok(0) | Err(_) => return false,
            Ok(count) => seen.extend_from_slice(&chunk[..count]),
        }
        if String::from_utf8_lossy(&seen).contains(text) {
            return true;
        }
        seen.drain(..seen.len().saturating_sub(text.len()));
    }
}

/// Returns whether the server ends a stream.
fn is_cut_off(stream: &mut TcpStream) -> bool {
    loop {
        match stream.read(&mut [0; 4096]) {
            Ok(0) => return true,
            Ok(_) => {}
            // Nothing comes for a minute.
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => return false,
            Err(_) => return true,
        }
    }
}

fn memory_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn a_client_that_never_reads_is_cut_off_and_holds_up_nobody() {
    let feed = Arc::new(Feed::new(1, RingLimits::default(), picture(0)));
    let port = serve(&feed, Duration::from_secs(1));
    let before = memory_kib();
    let mut silent = follow(port);
    let mut other = follow(port);
    assert!(reads(&mut other, "picture"));
    let reader = thread::spawn(move || reads(&mut other, &format!("\"status\":\"{EVENTS}\"")));
    for number in 1..=EVENTS {
        feed.publish(picture(number));
    }
    assert!(reader.join().unwrap(), "the other client missed the last event");
    // Whatever was sent can still be read, and then the stream is at its end, long before the last event.
    assert!(!reads(&mut silent, &format!("\"status\":\"{EVENTS}\"")));
    let grown = memory_kib().saturating_sub(before);
    assert!(grown < MAX_MEMORY_KIB, "{grown} KiB");
    assert!(reads(&mut follow(port), &format!("\"status\":\"{EVENTS}\"")), "a new client");
}
