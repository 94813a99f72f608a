//! `baton-view serve`, as a browser and as an attacker sees it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use agent_baton_core::agent::Agent;
use agent_baton_tests::view_server::{ViewServer, body, status};
use agent_baton_tests::{Scratch, Window};
use serde_json::{Value, json};

#[test]
fn the_page_comes_with_a_cookie_and_without_anything_of_others() {
    let scratch = Scratch::new();
    let server = ViewServer::start(&scratch, &[]);
    let host = format!("Host: {}\r\n", server.host);
    let entered = server.send(format!("GET /?token={} HTTP/1.1\r\n{host}\r\n", server.token).as_bytes());
    let cookie = format!("Set-Cookie: baton-{}={}; HttpOnly; SameSite=Strict; Path=/", server.port, server.token);
    assert_eq!(status(&entered), 303, "{entered}");
    assert!(entered.contains(&cookie) && entered.contains("Location: /\r\n"), "{entered}");
    // The page names its style and its first script, which names the others.
    let view = server.get("/view.js");
    let scripts = view.split("from './").skip(1).filter_map(|rest| rest.split('\'').next());
    let files = ["", "view.css", "view.js", "api/state"].into_iter().chain(scripts).map(|name| format!("/{name}"));
    let files: Vec<String> = files.collect();
    assert!(files.len() > 10, "{files:?}");
    for path in files {
        let answer = server.get(&path);
        assert_eq!(status(&answer), 200, "{path}: {answer}");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains("Content-Security-Policy: default-src 'self';"), "{head}");
        assert!(!head.contains("Access-Control"), "{head}");
        assert!(!body.contains("http") && !body.contains("innerHTML") && !body.contains("style="), "{path}");
        let refused = server.send(format!("GET {path} HTTP/1.1\r\n{host}\r\n").as_bytes());
        assert_eq!(status(&refused), 401, "{refused}");
    }
    assert_eq!(status(&server.get("/../etc/passwd")), 404);
}

#[test]
fn events_are_replayed_after_a_cut_and_begin_anew_after_a_restart() {
    let scratch = Scratch::new();
    let server = ViewServer::start(&scratch, &[]);
    let mut events = server.events(None);
    let (id, name, data) = events.read();
    assert_eq!((name.as_str(), &data["id"], &data["items"]), ("picture", &json!(id), &json!([])));
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    window.hook("SessionStart", "s1", &json!({}));
    let opened = events.wait_for("starting");
    drop(events);
    // What happens now is seen by a client that was there, and by one that comes back.
    let mut other = server.events(Some(&opened));
    window.hook("UserPromptSubmit", "s1", &json!({"prompt": "words"}));
    let active = other.wait_for("active");
    window.hook("Stop", "s1", &json!({}));
    let idle = other.wait_for("idle");
    let mut back = server.events(Some(&opened));
    assert_eq!((back.wait_for("active"), back.wait_for("idle")), (active, idle.clone()));
    drop(server);
    let server = ViewServer::start(&scratch, &[]);
    let (_, name, data) = server.events(Some(&idle)).read();
    assert_eq!((name.as_str(), &data["items"][0]["status"]), ("picture", &json!("idle")));
}

#[test]
fn an_action_is_a_command_of_baton() {
    let scratch = Scratch::new();
    let _owner = Window::open_owner(&scratch, Agent::Claude, "%1");
    let run = scratch.state().only_run().id.to_string();
    let server = ViewServer::start(&scratch, &[]);
    let read_only = ViewServer::start(&scratch, &["--read-only"]);
    assert_eq!(status(&read_only.post(&json!({"action": "pause", "id": run}))), 403);
    let check = |action: Value, expected: u16, path: &str, field: &str, value: Value| {
        let answer = server.post(&action);
        assert_eq!(status(&answer), expected, "{action}: {answer}");
        assert_eq!(server.json(path)[field], value, "{action}");
    };
    let path = format!("/api/runs/{run}");
    check(json!({"action": "pause", "id": run}), 200, &path, "status", json!("paused"));
    check(json!({"action": "continue", "id": run}), 200, &path, "status", json!("active"));
    check(json!({"action": "pause", "id": "none"}), 404, &path, "status", json!("active"));
    check(json!({"action": "pause", "id": "--help"}), 404, &path, "status", json!("active"));
    check(json!({"action": "pause", "id": "a b"}), 400, &path, "status", json!("active"));
    check(json!({"action": "delete", "id": run}), 400, &path, "status", json!("active"));
    check(json!({"action": "pause"}), 400, &path, "status", json!("active"));
    check(json!({"action": "pin", "id": "s1"}), 200, "/api/sessions/s1", "pinned", json!(true));
    check(json!({"action": "unpin", "id": "s1"}), 200, "/api/sessions/s1", "pinned", json!(false));
    check(json!({"action": "name", "id": "s1"}), 400, "/api/sessions/s1", "name", json!(null));
    check(json!({"action": "name", "id": "s1", "name": "x"}), 200, "/api/sessions/s1", "name", json!("x"));
    check(json!({"action": "answer", "id": "s1"}), 400, "/api/sessions/s1", "name", json!("x"));
    let refused = server.post(&json!({"action": "answer", "id": "s1", "text": "go on"}));
    assert!(status(&refused) == 409 && refused.contains("answer = true below [view]"), "{refused}");
    check(json!({"action": "dismiss", "id": "s1"}), 409, "/api/sessions/s1", "dismissed", json!(false));
    check(json!({"action": "adopt", "id": run}), 409, &path, "status", json!("active"));
    check(json!({"action": "cancel", "id": run}), 200, &path, "status", json!("cancelled"));
    assert_eq!(server.json("/api/sessions?text=x")["sessions"][0]["id"], "s1");
    assert_eq!(server.json("/api/runs")["runs"][0]["id"], json!(run));
    assert!(body(&server.get(&format!("/api/runs/{run}/log"))).contains("Cancelled"));
    let decisions = server.json("/api/decisions?after=1");
    assert_eq!(decisions["decisions"][0]["n"], 2);
    for (path, expected, why) in [
        ("/api/sessions/none", 404, "no session has the id or name \"none\""),
        ("/api/runs/none/log", 404, "no run has the id or name \"none\""),
        ("/api/sessions?cursor=x", 400, "a cursor is the value that the previous page ended with"),
    ] {
        let answer = server.get(path);
        let error = serde_json::from_str::<Value>(body(&answer)).unwrap()["error"].as_str().unwrap().to_owned();
        assert!(status(&answer) == expected && error.contains(why) && !error.contains('\n'), "{path}: {answer}");
        assert!(!error.starts_with("error: "), "{error}");
    }
    for path in ["/api/sessions/s1/decisions".to_owned(), format!("/api/runs/{run}/decisions")] {
        let about = server.json(&path);
        assert!(about[0]["n"].is_u64() && about[0]["reasons"][0]["sentence"].is_string(), "{path}: {about}");
    }
    assert_eq!(server.json("/api/runs/none/decisions"), json!([]));
    assert_eq!(server.json("/api/sessions/--help/decisions"), json!([]));
    assert!(body(&server.get("/api/sessions/s1/project")).contains("protected"), "nothing is protected there");
}

#[test]
fn no_decision_is_skipped_between_two_pages() {
    let scratch = Scratch::new();
    let _owner = Window::open_owner(&scratch, Agent::Claude, "%1");
    for command in ["pause", "continue"].into_iter().cycle().take(30) {
        assert_eq!(scratch.baton(["run", command, "demo"]).run().code, Some(0));
    }
    let server = ViewServer::start(&scratch, &[]);
    let (mut read, mut next, mut pages) = (Vec::new(), 0, 0);
    loop {
        let page = server.json(&format!("/api/decisions?after={next}"));
        let numbers: Vec<_> =
            page["decisions"].as_array().unwrap().iter().map(|it| it["n"].as_u64().unwrap()).collect();
        if numbers.is_empty() {
            assert_eq!(page["next"], json!(next));
            break;
        }
        next = page["next"].as_u64().unwrap();
        read.extend(numbers);
        pages += 1;
    }
    assert_eq!(read, (1..=next).collect::<Vec<_>>());
    assert!(pages > 1 && next > 30, "{pages} pages, {next} decisions");
}

#[test]
fn what_a_command_refuses_has_nothing_that_controls_a_page() {
    let scratch = Scratch::new();
    let server = ViewServer::start(&scratch, &[]);
    for name in ["a\u{202e}b", "a\u{1b}[31mb", "-a\u{202e}b"] {
        let answer = server.post(&json!({"action": "name", "id": "none", "name": name}));
        assert!(status(&answer) >= 400, "{answer}");
        assert!(
            !body(&answer).contains(['\u{202e}', '\u{1b}']) && !answer.contains("For more information"),
            "{answer}"
        );
        assert!(!answer.contains("\\u001b"), "{answer}");
    }
}

#[test]
fn the_settings_are_those_of_the_user_and_of_the_server() {
    let scratch = Scratch::new();
    let (server, read_only) = (ViewServer::start(&scratch, &[]), ViewServer::start(&scratch, &["--read-only"]));
    let check = |server: &ViewServer, read_only: bool, answer: bool| {
        assert_eq!(server.json("/api/settings"), json!({"read_only": read_only, "answer": answer}));
    };
    check(&server, false, false);
    let config = scratch.home().join(".config/baton/config.toml");
    std::fs::create_dir_all(config.parent().unwrap()).unwrap();
    std::fs::write(&config, "[view]\nanswer = true\n").unwrap();
    check(&server, false, true);
    check(&read_only, true, false);
    std::fs::write(&config, "[view]\nanswer = 1\n").unwrap();
    check(&server, false, false);
}

#[test]
fn the_end_of_a_conversation_is_read_from_the_transcript_alone() {
    let scratch = Scratch::new();
    let server = ViewServer::start(&scratch, &[]);
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    let transcript = scratch.root().join("s1.jsonl");
    let lines = [
        json!({"type": "user", "message": {"content": "fix <script>\n\u{1b}[31m"}}),
        json!({"type": "assistant", "message": {"content": [{"type": "text", "text": "done; what next?"}]}}),
    ];
    std::fs::write(&transcript, lines.map(|line| format!("{line}\n")).concat()).unwrap();
    for event in ["SessionStart", "UserPromptSubmit", "Stop"] {
        window.hook(event, "s1", &json!({"transcript_path": transcript, "prompt": "x"}));
    }
    let path = "/api/sessions/s1/conversation";
    assert_eq!(
        server.json(path),
        json!({"prompt": "fix <script> \u{fffd}[31m", "question": "done; what next?", "messages": [
            {"role": "user", "text": "fix <script>\n\u{fffd}[31m"},
            {"role": "agent", "text": "done; what next?"},
        ]})
    );
    let nothing = json!({"prompt": null, "question": null, "messages": []});
    std::fs::remove_file(&transcript).unwrap();
    assert_eq!(server.json(path), nothing);
    nix::unistd::mkfifo(&transcript, nix::sys::stat::Mode::S_IRWXU).unwrap();
    assert_eq!(server.json(path), nothing);
    assert_eq!(status(&server.get("/api/sessions/none/conversation")), 404);
    assert_eq!(status(&server.get("/api/sessions/a%20b/conversation")), 404);
}

#[test]
fn what_no_browser_sends_is_refused_and_harms_nobody() {
    let scratch = Scratch::new();
    let server = ViewServer::start(&scratch, &[]);
    let post = |more: &str| {
        let origin = format!("Origin: http://{}\r\nContent-Type: application/json\r\n", server.host);
        format!("{}{origin}{more}", server.head("POST /api/actions"))
    };
    let long = "x".repeat(20_000);
    for (what, bytes, expected) in [
        ("noise", "\u{0}\u{1}\u{2}\r\n\r\n".to_owned(), 400),
        ("a long path", server.head(&format!("GET /{long}")) + "\r\n", 431),
        ("a long header", format!("{}X: {long}\r\n\r\n", server.head("GET /")), 431),
        ("a head without end", "x".repeat(10_000_000), 431),
        ("many headers", (0..100).fold(server.head("GET /"), |head, n| head + &format!("X{n}: 1\r\n")) + "\r\n", 431),
        ("a long body", post("Content-Length: 100000\r\n\r\n"), 431),
        ("two lengths", post("Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"), 400),
        ("a length and chunks", post("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}"), 400),
        ("chunks", post("Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"), 400),
        ("a length that is none", post("Content-Length: +2\r\n\r\n{}"), 400),
        ("a request behind another", post("Content-Length: 2\r\n\r\n{}GET / HTTP/1.1\r\n\r\n"), 400),
        ("a request behind line feeds", server.head("GET /").replace('\r', "") + "\nGET / HTTP/1.1\r\n\r\n", 400),
        ("a line feed", server.head("GET /") + "X: 1\nY: 2\r\n\r\n", 400),
        ("a GET with a body", server.head("GET /") + "Content-Length: 2\r\n\r\n{}", 400),
        ("an expectation", post("Expect: 100-continue\r\nContent-Length: 2\r\n\r\n"), 400),
        ("no JSON", post("Content-Length: 2\r\n\r\n[]"), 400),
        ("half a request", server.head("GET /"), 408),
        ("nothing", String::new(), 408),
    ] {
        let answer = server.send(bytes.as_bytes());
        // The connection may be reset before the answer of a server that does not read everything arrives.
        assert!(status(&answer) == expected || answer.is_empty() && bytes.len() > 10_000, "{what}: {answer}");
    }
    assert_eq!(status(&server.get("/api/state")), 200);
}

#[test]
fn silent_clients_are_cut_off() {
    let scratch = Scratch::new();
    let server = ViewServer::start(&scratch, &[]);
    let silent: Vec<TcpStream> = (0..64).map(|_| server.connect()).collect();
    for mut stream in silent {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert_eq!(status(&answer), 408, "{answer}");
    }
    assert_eq!(status(&server.get("/api/state")), 200);
}

#[test]
fn silent_clients_keep_nobody_out() {
    let scratch = Scratch::new();
    let server = ViewServer::start(&scratch, &[]);
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..128 {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    // Until it is cut off.
                    let mut stream = server.connect();
                    stream.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
                    drop(stream.read(&mut [0]));
                }
            });
        }
        let statuses: Vec<u16> = (0..20).map(|_| status(&server.get("/api/state"))).collect();
        is_over.store(true, Ordering::Relaxed);
        assert_eq!(statuses, [200; 20]);
    });
}

#[test]
fn a_cookie_of_another_port_keeps_nobody_out() {
    let scratch = Scratch::new();
    let server = ViewServer::start(&scratch, &[]);
    let (port, host, token) = (server.port, &server.host, &server.token);
    let get = |cookies: &str| {
        let head = format!("GET /api/state HTTP/1.1\r\nHost: {host}\r\nCookie: {cookies}\r\n\r\n");
        status(&server.send(head.as_bytes()))
    };
    assert_eq!(get(&format!("baton-{port}=x; baton-{port}={token}")), 200);
    assert_eq!(get(&format!("baton-{port}={token}; baton-{port}=x")), 200);
    assert_eq!(get(&format!("baton-{port}=x; baton-{port}=y")), 401);
}

#[test]
fn each_server_has_an_address_that_nobody_had_before() {
    let scratch = Scratch::new();
    let name = |server: &ViewServer| server.host.split_once(".localhost:").unwrap().0.to_owned();
    let first = ViewServer::start(&scratch, &[]);
    let other = ViewServer::start(&scratch, &[]);
    assert_ne!(name(&first), name(&other));
    let cookie = format!("baton-{}={}", first.port, first.token);
    let bearer = format!("Authorization: Bearer {}", first.token);
    for (host, header, expected) in [
        (first.host.clone(), format!("Cookie: {cookie}"), 200),
        (first.host.clone(), bearer.clone(), 200),
        (format!("127.0.0.1:{}", first.port), bearer.clone(), 200),
        (format!("localhost:{}", first.port), bearer.clone(), 200),
        // What a worker has that another program left at the address of the machine.
        (format!("127.0.0.1:{}", first.port), format!("Cookie: {cookie}"), 401),
        (format!("localhost:{}", first.port), format!("Cookie: {cookie}"), 401),
        (format!("{}.localhost:{}", name(&other), first.port), bearer.clone(), 403),
        (format!("{}.localhost:{}", name(&first), other.port), bearer, 403),
    ] {
        let head = format!("GET /api/state HTTP/1.1\r\nHost: {host}\r\n{header}\r\n\r\n");
        assert_eq!(status(&first.send(head.as_bytes())), expected, "{head}");
    }
    let enter = format!("GET /?token={} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\r\n", first.token, first.port);
    assert_eq!(status(&first.send(enter.as_bytes())), 401);
}

#[test]
fn a_browser_that_knows_no_names_gets_the_address_of_the_machine() {
    let scratch = Scratch::new();
    let server = ViewServer::start(&scratch, &["--no-name"]);
    assert_eq!(server.host, format!("127.0.0.1:{}", server.port));
    assert_eq!(status(&server.get("/api/state")), 200);
    let enter = format!("GET /?token={} HTTP/1.1\r\nHost: {}\r\n\r\n", server.token, server.host);
    assert_eq!(status(&server.send(enter.as_bytes())), 303);
}

#[test]
fn a_request_that_comes_byte_by_byte_is_cut_off() {
    let scratch = Scratch::new();
    let server = ViewServer::start(&scratch, &[]);
    let mut stream = server.connect();
    let mut sender = stream.try_clone().unwrap();
    let sending = std::thread::spawn(move || {
        // It ends when the server closes the connection.
        while sender.write_all(b"x").is_ok() {
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    let mut answer = String::new();
    // The end may be a reset: the server does not read what is sent after its answer.
    drop(stream.read_to_string(&mut answer));
    assert!(status(&answer) == 408 || answer.is_empty(), "{answer}");
    sending.join().unwrap();
    assert_eq!(status(&server.get("/api/state")), 200);
}

#[test]
fn the_sixty_fifth_client_gets_a_place_when_another_one_leaves() {
    let scratch = Scratch::new();
    let server = ViewServer::start(&scratch, &[]);
    let mut streams: Vec<_> = (0..64).map(|_| server.events(None)).collect();
    assert_eq!(status(&server.get("/api/state")), 503);
    drop(streams.pop());
    // It is noticed within a second or two, also while nothing happens.
    server.wait_for_place();
    // The others have missed nothing.
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    window.hook("SessionStart", "s1", &json!({}));
    for events in &mut streams {
        assert_eq!(events.read().1, "picture");
        events.wait_for("starting");
    }
}

#[test]
fn clients_that_leave_in_the_middle_leave_nothing_behind() {
    let scratch = Scratch::new();
    let server = ViewServer::start(&scratch, &[]);
    let files = || std::fs::read_dir(format!("/proc/{}/fd", server.pid())).unwrap().count();
    let head = server.head("GET /api/sessions");
    assert_eq!(status(&server.get("/api/state")), 200);
    let before = files();
    for part in [&b""[..], b"GET", head.as_bytes(), format!("{head}\r\n").as_bytes()] {
        for _ in 0..20 {
            let mut stream = server.connect();
            stream.write_all(part).unwrap();
        }
    }
    let end = Instant::now() + Duration::from_secs(60);
    while status(&server.get("/api/state")) != 200 || files() > before {
        assert!(Instant::now() < end, "{} files instead of {before}", files());
        std::thread::sleep(Duration::from_millis(10));
    }
}
