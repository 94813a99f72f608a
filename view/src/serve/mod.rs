//! `baton serve`: the live view in a browser.

mod access;
mod action;
mod address;
mod api;
mod client;
#[cfg(test)]
mod description;
mod event_stream;
mod loops;
mod page;
mod peer;
mod places;
mod request;
mod response;
mod routes;
mod settings;
#[cfg(test)]
mod tests;

use std::io::{self, Write};
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use baton_fs::program;
use clap::Args;

use self::access::{Access, Code, Keys, Verdict, new_name, new_token};
use self::address::Address;
use self::client::Client;
use self::event_stream::{write_events, write_log};
use self::peer::Peer;
use self::places::{Place, Places};
use self::request::{READ_TIMEOUT, Request, RequestError};
use self::response::Response;
use self::routes::{Answer, Routes};
use crate::feed::{Feed, RingLimits};
use crate::logs::FollowedLogs;
use crate::source::Source;
use crate::watcher::{self, StartError};

/// The first port that is tried.
const FIRST_PORT: u16 = 7410;

/// The last port that is tried.
const LAST_PORT: u16 = FIRST_PORT + 99;

/// How often any free port is tried. It must be free in both families of addresses.
const ANY_PORT_ATTEMPTS: usize = 100;

/// How long a client may take to read a piece of what it is sent.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long to wait after a connection could not be accepted: too many files are open.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serve the live view to a browser on this machine.
#[derive(Args)]
pub struct Serve {
    /// The port [default: 7410, or the next one that is free]
    #[arg(long)]
    port: Option<u16>,
    /// Open the address in a browser
    #[arg(long)]
    open: bool,
    /// Use 127.0.0.1 in the address, for a browser that does not know names that end in .localhost. What another program's
    /// page left at 127.0.0.1 in that browser can then see and do everything here
    #[arg(long)]
    no_name: bool,
    /// Refuse every action
    #[arg(long)]
    read_only: bool,
    /// Look for the progress logs of other programs below these directories, instead of those of the configuration
    #[arg(long, value_name = "DIR", num_args = 1..)]
    pub watch: Vec<PathBuf>,
}

/// Why the live view cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The port cannot be used.
    #[error("cannot listen on port {port} of this machine; without --port, the next free port is taken")]
    Listen {
        /// The port.
        port: u16,
        /// Why.
        source: io::Error,
    },
    /// None of the usual ports can be used.
    #[error("cannot listen on any of the ports {FIRST_PORT} to {LAST_PORT} of this machine; --port 0 takes any other")]
    NoPort(#[source] io::Error),
    /// The feed cannot be started.
    #[error("cannot follow the state")]
    Start(#[from] StartError),
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    Random(#[source] io::Error),
    /// There is no thread that accepts connections.
    #[error("cannot start a thread")]
    Thread(#[source] io::Error),
    /// The address cannot be printed.
    #[error("cannot write to standard output")]
    Output(#[source] io::Error),
}

/// What every connection needs.
struct Server {
    access: Access,
    places: Arc<Places>,
    routes: Routes,
    feed: Arc<Feed>,
    /// How long a client may take to read a piece of what it is sent.
    write_timeout: Duration,
}

impl Serve {
    /// Serves a source, with this `baton` program for commands, until the process ends.
    ///
    /// # Errors
    /// Returns an error if it cannot begin.
    pub fn run(self, source: impl Source + Send + 'static, baton: PathBuf) -> Result<(), ServeError> {
        let (listeners, port) = self.listen()?;
        let random = |error: getrandom::Error| ServeError::Random(error.into());
        let name = (!self.no_name).then(new_name).transpose().map_err(random)?;
        let (address, token) = (Address::new(name, port), new_token().map_err(random)?);
        let code = self.open.then(new_token).transpose().map_err(random)?;
        let (printed, opened) = (address.with_key(&token), code.as_deref().map(|code| address.with_key(code)));
        let keys = Mutex::new(Keys { token: Some(token), code: code.map_or(Code::Nothing, Code::Fresh) });
        let access = Access { address, keys, is_read_only: self.read_only };
        let routes = Routes { baton, is_read_only: self.read_only, logs: FollowedLogs::default() };
        let feed = watcher::start(source, RingLimits::default())?;
        let places = Arc::default();
        let server = Arc::new(Server { access, places, routes, feed, write_timeout: WRITE_TIMEOUT });
        print(&printed).map_err(ServeError::Output)?;
        if let Some(address) = opened {
            open_browser(&address);
        }
        server.accept_all(listeners)
    }

    fn listen(&self) -> Result<(Vec<TcpListener>, u16), ServeError> {
        let ports: Vec<u16> = match self.port {
            None => (FIRST_PORT..=LAST_PORT).collect(),
            Some(0) => vec![0; ANY_PORT_ATTEMPTS],
            Some(port) => vec![port],
        };
        let mut refused = io::Error::from(io::ErrorKind::AddrInUse);
        for port in ports {
            match bind(port, !self.no_name) {
                Ok(bound) => return Ok(bound),
                Err(error) => refused = error,
            }
        }
        Err(match self.port {
            Some(port) => ServeError::Listen { port, source: refused },
            None => ServeError::NoPort(refused),
        })
    }
}

/// Listens on a port of this machine, and of no other address. A browser may look for a name at either of the two addresses
/// of this machine, so another program must not have the same port at one of them.
fn bind(port: u16, has_name: bool) -> io::Result<(Vec<TcpListener>, u16)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    let port = listener.local_addr()?.port();
    let mut listeners = vec![listener];
    if has_name {
        match TcpListener::bind((Ipv6Addr::LOCALHOST, port)) {
            Ok(listener) => listeners.push(listener),
            // There is no such address here, so nobody can have it.
            Err(error) if matches!(error.kind(), io::ErrorKind::AddrNotAvailable | io::ErrorKind::Unsupported) => {}
            Err(error) if error.raw_os_error() == Some(nix::errno::Errno::EAFNOSUPPORT as i32) => {}
            Err(error) => return Err(error),
        }
    }
    Ok((listeners, port))
}

impl Server {
    fn accept_all(self: Arc<Self>, mut listeners: Vec<TcpListener>) -> Result<(), ServeError> {
        let last = listeners.pop();
        for listener in listeners {
            let server = Arc::clone(&self);
            thread::Builder::new().spawn(move || server.accept(&listener)).map_err(ServeError::Thread)?;
        }
        if let Some(listener) = last {
            self.accept(&listener);
        }
        Ok(())
    }

    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        for connection in listener.incoming() {
            let Ok(stream) = connection.map(Arc::new) else {
                thread::sleep(ACCEPT_PAUSE);
                continue;
            };
            let place = self.places.enter(&stream);
            let (mut client, server) = (Client::new(stream, self.write_timeout), Arc::clone(self));
            let handle = move || {
                // A client that has gone needs no answer.
                let _ = server.handle(&mut client, &place);
                drop((client, place));
            };
            // Without a thread, the connection is closed.
            let _ = thread::Builder::new().name("client".to_owned()).spawn(handle);
        }
    }

    fn handle(&self, client: &mut Client, place: &Place) -> io::Result<()> {
        let request = match Request::read(&client.stream, READ_TIMEOUT) {
            Ok(request) => request,
            Err(RequestError::Gone(error)) => return Err(error),
            Err(error) => {
                let status = match error {
                    RequestError::TooLong => 431,
                    RequestError::TooSlow => 408,
                    RequestError::Malformed | RequestError::Gone(_) => 400,
                };
                return Response::error(status, &error.to_string()).write(client);
            }
        };
        match self.answer(&request, &client.stream, place) {
            Answer::Response(response) => response.write(client),
            Answer::Events(after) => write_events(client, &self.feed, after),
            Answer::Log(log, id) => write_log(client, log, || loops::has_ended(&self.feed.picture(), &id)),
        }
    }

    fn answer(&self, request: &Request, stream: &TcpStream, place: &Place) -> Answer {
        match self.access.check(request, || Peer::of(stream)) {
            Err(refusal) => Answer::Response(refusal),
            Ok(Verdict::Entered(response)) => Answer::Response(response),
            Ok(Verdict::Revoked(refusal)) => {
                self.places.end_clients();
                self.tell_of_new_token();
                Answer::Response(refusal)
            }
            Ok(Verdict::LetIn) if !place.let_in() => Answer::Response(Response::error(503, "too many connections")),
            // If the token was replaced after the check, nobody has ended this connection.
            Ok(Verdict::LetIn) if !self.access.has_token(request) => {
                Answer::Response(Response::error(401, "the address was replaced by a new one"))
            }
            Ok(Verdict::LetIn) => self.routes.answer(request, &self.feed),
        }
    }

    fn tell_of_new_token(&self) {
        baton_display::warn(
            "the address that --open gave to the browser was opened a second time: somebody else may have seen it. \
             All clients were cut off, and need the new address",
        );
        match self.access.token() {
            // Who reads no output gets a browser in by starting the server again.
            Some(token) => drop(print(&self.access.address.with_key(&token))),
            None => baton_display::warn("there are no random bytes for a new address; start `baton serve` again"),
        }
    }
}

fn print(address: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{address}").and_then(|()| out.flush())
}

/// Opens an address in the user's browser. The address was printed, so a failure costs nothing.
fn open_browser(address: &str) {
    let opened = program::command("xdg-open").and_then(|mut command| {
        // It is a script that looks for browsers on the path. In the root directory it finds none of the current project.
        command.arg(address).current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn()?;
        // The kernel keeps an ended child until somebody waits for it.
        thread::Builder::new().name("browser".to_owned()).spawn(move || child.wait())
    });
    if let Err(error) = opened {
        baton_display::warn(&format!("cannot run xdg-open: {error}"));
    }
}
