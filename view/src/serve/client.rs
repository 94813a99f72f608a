//! The connection of a client that is written to, within limits of time.

use std::io::{self, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How many bytes a client must read within the time limit.
const PIECE: usize = 64 * 1024;

/// A connection. A client that reads too slowly is an error, also if it reads a byte now and then: it would keep its place
/// for ever.
pub(super) struct Client {
    pub(super) stream: Arc<TcpStream>,
    /// How long it may take to read a piece.
    time_limit: Duration,
}

impl Client {
    pub(super) fn new(stream: Arc<TcpStream>, time_limit: Duration) -> Self {
        Self { stream, time_limit }
    }

    /// Returns whether the client has closed the connection. It has nothing more to say.
    pub(super) fn has_gone(&self) -> io::Result<bool> {
        self.stream.set_nonblocking(true)?;
        let peeked = self.stream.peek(&mut [0]);
        self.stream.set_nonblocking(false)?;
        match peeked {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl Write for Client {
    /// Writes all of a piece.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut piece = bytes.get(..PIECE).unwrap_or(bytes);
        let length = piece.len();
        let deadline = Instant::now() + self.time_limit;
        while !piece.is_empty() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            self.stream.set_write_timeout(Some(left))?;
            match (&*self.stream).write(piece) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => piece = piece.get(count..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // Whether it hears of that is of no interest.
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::net::{Ipv4Addr, TcpListener};
    use std::thread;

    use super::*;

    /// More than the buffers of a connection take.
    const LENGTH: usize = 64 * 1024 * 1024;

    /// Writes to a client that reads so, and returns whether it took everything.
    fn is_written_to(time_limit: Duration, read: impl FnOnce(TcpStream) + Send + 'static) -> bool {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let reader = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let mut client = Client::new(Arc::new(listener.accept().unwrap().0), time_limit);
        let reader = thread::spawn(move || read(reader));
        let is_written = client.write_all(&vec![b'x'; LENGTH]).is_ok();
        drop(client);
        reader.join().unwrap();
        is_written
    }

    #[test]
    fn a_client_that_reads_too_slowly_is_cut_off() {
        let short = Duration::from_millis(100);
        assert!(is_written_to(Duration::from_secs(60), |mut reader| {
            let mut all = Vec::new();
            assert_eq!(reader.read_to_end(&mut all).unwrap(), LENGTH);
        }));
        assert!(!is_written_to(short, |mut reader| {
            // A byte now and then, for longer than the limit.
            for _ in 0..100 {
                let _ = reader.read(&mut [0]);
                thread::sleep(Duration::from_millis(5));
            }
        }));
        assert!(!is_written_to(Duration::from_secs(60), drop));
    }
}
