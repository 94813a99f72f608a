//! `baton serve`: the live view in a browser.

mod access;
mod action;
mod api;
mod client;
#[cfg(test)]
mod description;
mod event_stream;
mod loops;
mod page;
mod places;
mod request;
mod response;
mod routes;
mod settings;
#[cfg(test)]
mod tests;

use std::io::{self, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use clap::Args;

use self::access::Access;
use self::client::Client;
use self::event_stream::{write_events, write_log};
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

/// How many ports are tried.
const PORTS: u16 = 100;

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
    #[error("cannot listen on 127.0.0.1 port {port}; without --port, the next free port is taken")]
    Listen {
        /// The last port that was tried.
        port: u16,
        /// Why.
        source: io::Error,
    },
    /// The feed cannot be started.
    #[error("cannot follow the state")]
    Start(#[from] StartError),
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    Random(#[source] io::Error),
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
        let (listener, port) = self.listen()?;
        let (token, code) = (new_token()?, self.open.then(new_token).transpose()?);
        let address = |key: &str| format!("http://127.0.0.1:{port}/?token={key}");
        let (printed, opened) = (address(&token), code.as_deref().map(address));
        let access = Access { port, token, code: Mutex::new(code), is_read_only: self.read_only };
        let routes = Routes { baton, is_read_only: self.read_only, logs: FollowedLogs::default() };
        let feed = watcher::start(source, RingLimits::default())?;
        let server = Arc::new(Server { access, places: Arc::default(), routes, feed, write_timeout: WRITE_TIMEOUT });
        let mut out = io::stdout().lock();
        writeln!(out, "{printed}").and_then(|()| out.flush()).map_err(ServeError::Output)?;
        drop(out);
        if let Some(address) = opened {
            open_browser(&address);
        }
        server.accept(&listener)
    }

    fn listen(&self) -> Result<(TcpListener, u16), ServeError> {
        let ports = self.port.map_or(FIRST_PORT..=FIRST_PORT + PORTS, |port| port..=port);
        let mut refused = (FIRST_PORT, io::Error::from(io::ErrorKind::AddrInUse));
        for port in ports {
            // No other address than that of this machine.
            match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
                Ok(listener) => {
                    let port = listener.local_addr().map_or(port, |address| address.port());
                    return Ok((listener, port));
                }
                Err(error) => refused = (port, error),
            }
        }
        let (port, source) = refused;
        Err(ServeError::Listen { port, source })
    }
}

impl Server {
    fn accept(self: &Arc<Self>, listener: &TcpListener) -> Result<(), ServeError> {
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
        Ok(())
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
        match self.answer(&request, place) {
            Answer::Response(response) => response.write(client),
            Answer::Events(after) => write_events(client, &self.feed, after),
            Answer::Log(log, id) => write_log(client, log, || loops::has_ended(&self.feed.picture(), &id)),
        }
    }

    fn answer(&self, request: &Request, place: &Place) -> Answer {
        match self.access.check(request) {
            Err(refusal) => Answer::Response(refusal),
            Ok(Some(entered)) => Answer::Response(entered),
            Ok(None) if !place.let_in() => Answer::Response(Response::error(503, "too many connections")),
            Ok(None) => self.routes.answer(request, &self.feed),
        }
    }
}

/// Returns 256 random bits in hexadecimal.
fn new_token() -> Result<String, ServeError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| ServeError::Random(error.into()))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Opens an address in the user's browser. The address was printed, so a failure costs nothing.
fn open_browser(address: &str) {
    let mut command = Command::new("xdg-open");
    command.arg(address).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if let Err(error) = command.spawn() {
        baton_display::warn(&format!("cannot run xdg-open: {error}"));
    }
}
