//! `baton serve`, as its clients see it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::{Scratch, program};

/// How long to wait: far more than needed, so only a fault reaches it.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long to wait before looking again.
const PAUSE: Duration = Duration::from_millis(10);

/// A running server.
pub struct ViewServer {
    child: Child,
    /// The port where it listens.
    pub port: u16,
    /// What a browser sends as `Host`.
    pub host: String,
    /// The token that lets a client in.
    pub token: String,
}

impl Drop for ViewServer {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl ViewServer {
    /// Starts a server with these options, on a free port.
    #[must_use]
    pub fn start(scratch: &Scratch, options: &[&str]) -> Self {
        Self::start_in(scratch, Path::new("."), options)
    }

    /// Starts a server in a directory.
    #[must_use]
    pub fn start_in(scratch: &Scratch, directory: &Path, options: &[&str]) -> Self {
        let mut command = Command::new(program::baton_view());
        command.current_dir(directory);
        // A view that is not beside a baton takes the one on the path.
        let path = format!("{}:{}", program::baton().parent().unwrap().display(), scratch.env()["PATH"]);
        command.args(["serve", "--port", "0"]).args(options).env_clear().envs(scratch.env()).env("PATH", path);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut address = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut address).unwrap();
        let (host, token) = address.trim().strip_prefix("http://").unwrap().split_once("/?token=").unwrap();
        let port = host.split_once(':').unwrap().1.parse().unwrap();
        Self { child, port, host: host.to_owned(), token: token.to_owned() }
    }

    /// Returns the process id of the server.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Connects to it.
    #[must_use]
    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream
    }

    /// Waits until a request that is let in gets a place.
    pub fn wait_for_place(&self) {
        let end = Instant::now() + PATIENCE;
        while status(&self.get("/api/state")) == 503 {
            assert!(Instant::now() < end, "no place becomes free");
            thread::sleep(PAUSE);
        }
    }

    /// Sends bytes, and returns the answer. An answer may be lost if the server closes before it has read everything.
    #[must_use]
    pub fn send(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect();
        drop(stream.write_all(bytes));
        let mut answer = Vec::new();
        drop(stream.read_to_end(&mut answer));
        String::from_utf8(answer).unwrap()
    }

    /// Returns the head of a request that is let in.
    #[must_use]
    pub fn head(&self, line: &str) -> String {
        format!("{line} HTTP/1.1\r\nHost: {}\r\nCookie: baton-{}={}\r\n", self.host, self.port, self.token)
    }

    /// Returns the answer to a request that is let in.
    #[must_use]
    pub fn get(&self, path: &str) -> String {
        self.send(format!("{}\r\n", self.head(&format!("GET {path}"))).as_bytes())
    }

    /// Returns the body of such an answer.
    #[must_use]
    pub fn json(&self, path: &str) -> Value {
        serde_json::from_str(body(&self.get(path))).unwrap()
    }

    /// Returns the answer to an action.
    #[must_use]
    pub fn post(&self, action: &Value) -> String {
        let (body, host) = (action.to_string(), &self.host);
        let head = self.head("POST /api/actions");
        let more =
            format!("Origin: http://{host}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n", body.len());
        self.send(format!("{head}{more}\r\n{body}").as_bytes())
    }

    /// Follows the events, after the one with this id.
    #[must_use]
    pub fn events(&self, last: Option<&str>) -> ViewEvents {
        self.events_of("/api/events", last)
    }

    /// Follows the events of an address, after the one with this id.
    #[must_use]
    pub fn events_of(&self, path: &str, last: Option<&str>) -> ViewEvents {
        let mut stream = self.connect();
        let last = last.map_or_else(String::new, |id| format!("Last-Event-ID: {id}\r\n"));
        stream.write_all(format!("{}{last}\r\n", self.head(&format!("GET {path}"))).as_bytes()).unwrap();
        let mut lines = BufReader::new(stream);
        let mut head = String::new();
        while head.lines().last() != Some("") {
            assert!(lines.read_line(&mut head).unwrap() > 0, "{head}");
        }
        assert_eq!(status(&head), 200, "{head}");
        ViewEvents(lines)
    }
}

/// A stream of events.
pub struct ViewEvents(BufReader<TcpStream>);

impl ViewEvents {
    /// Returns the id, the name and the data of the next event.
    pub fn read(&mut self) -> (String, String, Value) {
        let (id, name, data) = self.read_text();
        (id, name, serde_json::from_str(&data).unwrap())
    }

    /// Returns the id, the name and the text of the next event. One without a name is a message.
    pub fn read_text(&mut self) -> (String, String, String) {
        let (mut id, mut name) = (String::new(), "message".to_owned());
        loop {
            let mut line = String::new();
            assert!(self.0.read_line(&mut line).unwrap() > 0, "the stream ended");
            match line.trim_end_matches('\n').split_once(':') {
                Some(("id", value)) => id = value.trim_start().to_owned(),
                Some(("event", value)) => name = value.trim_start().to_owned(),
                Some(("data", value)) => return (id, name, value.strip_prefix(' ').unwrap_or(value).to_owned()),
                _ => {}
            }
        }
    }

    /// Returns the id of the event after which a session has this status.
    pub fn wait_for(&mut self, status: &str) -> String {
        loop {
            let (id, name, data) = self.read();
            assert_eq!(name, "changes");
            if data.as_array().unwrap().iter().any(|change| change["item"]["status"] == status) {
                return id;
            }
        }
    }
}

/// Returns the status of an answer, or 0 if there is none.
#[must_use]
pub fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).map_or(0, |status| status.parse().unwrap())
}

/// Returns the body of an answer.
#[must_use]
pub fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").unwrap().1
}
