//! A proxy between client and server that does to the connection what a network can do.

use std::io::{self, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use crate::messages;

/// How long to wait for a condition that must become true.
const WAIT: Duration = Duration::from_secs(60);

/// What happens to the next statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The connection is cut before the server gets the statement.
    LoseStatement,
    /// The server gets the statement, and the connection is cut instead of its answer.
    LoseAnswer,
    /// The statement reaches the server only after [`Proxy::release`], even if the client is gone by then.
    DelayStatement,
    /// The client gets the answer only after [`Proxy::release`].
    DelayAnswer,
}

#[derive(Default)]
struct State {
    /// A fault, and after how many statements it comes.
    fault: Option<(u64, Fault)>,
    refuses: bool,
    partitioned: bool,
    released: bool,
    connections: u64,
    statements: u64,
    /// How many statements or answers are being delayed.
    delayed: u64,
    streams: Vec<TcpStream>,
}

struct Shared {
    server: u16,
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn wait_while(&self, condition: impl FnMut(&mut State) -> bool) {
        drop(self.changed.wait_while(self.lock(), condition).unwrap());
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }
}

impl State {
    /// Counts a statement, and returns what happens to it.
    fn next_fault(&mut self) -> Option<Fault> {
        match self.fault.take() {
            Some((0, fault)) => Some(fault),
            Some((after, fault)) => {
                self.fault = Some((after - 1, fault));
                None
            }
            None => None,
        }
    }
}

/// A proxy on 127.0.0.1, for connections without TLS. Its connections are cut when it is dropped.
pub struct Proxy {
    shared: Arc<Shared>,
    port: u16,
}

impl Proxy {
    /// Starts a proxy before a server on 127.0.0.1.
    #[must_use]
    pub fn start(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared { server, state: Mutex::default(), changed: Condvar::new() });
        let accepting = Arc::clone(&shared);
        std::thread::spawn(move || listener.incoming().flatten().for_each(|client| accept(&accepting, client)));
        Self { shared, port }
    }

    /// Listens on a unix socket in this directory, too, for clients in another network. Returns the URL's host.
    pub fn listen_in(&self, dir: &Path) -> String {
        std::fs::create_dir_all(dir).unwrap();
        let listener = UnixListener::bind(dir.join(format!(".s.PGSQL.{}", self.port))).unwrap();
        let accepting = Arc::clone(&self.shared);
        std::thread::spawn(move || {
            // Reading, writing and shutting down are the same system calls on a unix socket.
            listener.incoming().flatten().for_each(|client| accept(&accepting, TcpStream::from(OwnedFd::from(client))));
        });
        dir.to_str().unwrap().replace('/', "%2F")
    }

    /// Returns the port on which it listens.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Sets what happens to the next statement.
    pub fn next(&self, fault: Fault) {
        self.after(0, fault);
    }

    /// Sets what happens to a statement, which comes after this many others.
    pub fn after(&self, statements: u64, fault: Fault) {
        self.shared.change(|state| (state.fault, state.released) = (Some((statements, fault)), false));
    }

    /// Sends on what was delayed.
    pub fn release(&self) {
        self.shared.change(|state| state.released = true);
    }

    /// Waits until a statement or an answer is being delayed.
    pub fn wait_until_delayed(&self) {
        let state = self.shared.lock();
        let (_state, waited) = self.shared.changed.wait_timeout_while(state, WAIT, |state| state.delayed == 0).unwrap();
        assert!(!waited.timed_out(), "nothing was delayed");
    }

    /// Cuts all connections.
    pub fn cut(&self) {
        self.shared.change(|state| state.streams.drain(..).for_each(|stream| drop(stream.shutdown(Shutdown::Both))));
    }

    /// Ends each new connection at once, or accepts them again.
    pub fn refuse(&self, refuses: bool) {
        self.shared.change(|state| state.refuses = refuses);
    }

    /// Lets nothing through any more and cuts nothing, or lets everything through again.
    pub fn partition(&self, partitioned: bool) {
        self.shared.change(|state| state.partitioned = partitioned);
    }

    /// Returns how many connections were made.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.shared.lock().connections
    }

    /// Returns how many statements clients sent, each of which needs one round trip.
    #[must_use]
    pub fn statements(&self) -> u64 {
        self.shared.lock().statements
    }

    /// Waits until clients have sent this many statements.
    pub fn wait_for_statements(&self, number: u64) {
        let begun = Instant::now();
        while self.statements() < number {
            assert!(begun.elapsed() < WAIT, "only {} statements were sent", self.statements());
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.change(|state| (state.partitioned, state.released) = (false, true));
        self.cut();
    }
}

fn accept(shared: &Arc<Shared>, client: TcpStream) {
    if shared.lock().refuses {
        drop(client.shutdown(Shutdown::Both));
    } else if let Err(error) = serve(shared, client) {
        // The server is not there: the client sees its connection end.
        drop(error);
    }
}

/// Forwards one connection, in two threads.
fn serve(shared: &Arc<Shared>, client: TcpStream) -> io::Result<()> {
    let server = TcpStream::connect(("127.0.0.1", shared.server))?;
    server.set_nodelay(true)?;
    // A unix socket does not have this option, and needs none.
    drop(client.set_nodelay(true));
    let (client_copy, server_copy) = (client.try_clone()?, server.try_clone()?);
    shared.change(|state| state.connections += 1);
    shared.lock().streams.extend([client.try_clone()?, server.try_clone()?]);
    let fault = Arc::new(Mutex::new(None));
    let (there, back) = (Arc::clone(shared), Arc::clone(shared));
    let fault_of_answer = Arc::clone(&fault);
    std::thread::spawn(move || {
        drop(forward_statements(&there, client, server, &fault));
    });
    std::thread::spawn(move || {
        drop(forward_answers(&back, server_copy, client_copy, &fault_of_answer));
    });
    Ok(())
}

fn forward_statements(
    shared: &Shared,
    mut client: TcpStream,
    mut server: TcpStream,
    of_answer: &Mutex<Option<Fault>>,
) -> io::Result<()> {
    let mut has_type = false;
    loop {
        let (kind, bytes) = match messages::read(&mut client, has_type) {
            Ok(message) => message,
            Err(error) => {
                drop(server.shutdown(Shutdown::Write));
                return Err(error);
            }
        };
        has_type = true;
        shared.wait_while(|state| state.partitioned);
        if messages::ends_statement(kind) {
            shared.change(|state| state.statements += 1);
        }
        if messages::begins_statement(kind) {
            // The lock is not held while the fault is applied.
            let fault = shared.lock().next_fault();
            match fault {
                Some(Fault::LoseStatement) => {
                    drop(server.shutdown(Shutdown::Both));
                    return client.shutdown(Shutdown::Both);
                }
                Some(Fault::DelayStatement) => delay(shared),
                Some(fault) => *of_answer.lock().unwrap() = Some(fault),
                // A statement before it may still have no answer.
                None => {}
            }
        }
        server.write_all(&bytes)?;
    }
}

fn forward_answers(
    shared: &Shared,
    mut server: TcpStream,
    mut client: TcpStream,
    fault: &Mutex<Option<Fault>>,
) -> io::Result<()> {
    loop {
        let (kind, bytes) = match messages::read(&mut server, true) {
            Ok(message) => message,
            Err(error) => {
                drop(client.shutdown(Shutdown::Both));
                return Err(error);
            }
        };
        shared.wait_while(|state| state.partitioned);
        let now = *fault.lock().unwrap();
        match now {
            Some(Fault::LoseAnswer) => {
                // The server has carried out the statement when it is ready for the next one.
                if messages::ends_answer(kind) {
                    drop(server.shutdown(Shutdown::Both));
                    return client.shutdown(Shutdown::Both);
                }
                continue;
            }
            Some(Fault::DelayAnswer) => {
                *fault.lock().unwrap() = None;
                delay(shared);
            }
            _ => {}
        }
        client.write_all(&bytes)?;
    }
}

/// Waits until what is delayed is released.
fn delay(shared: &Shared) {
    shared.change(|state| state.delayed += 1);
    shared.wait_while(|state| !state.released);
    shared.change(|state| state.delayed -= 1);
}
