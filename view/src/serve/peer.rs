//! The account at the other end of a connection on this machine, as the kernel lists it.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpStream};

/// The maximum length of the kernel's table that is read, in bytes.
const MAX_TABLE_BYTES: u64 = 16 * 1024 * 1024;

/// How often the table is read. A row can be passed over while others come and go.
const ATTEMPTS: usize = 3;

/// The inode of an end that no process has any more. The kernel forgets its account.
const NO_INODE: &str = "0";

/// Whose program is at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Peer {
    /// The user's own, or the administrator's, who may do everything anyway.
    Own,
    /// Another account's.
    Other,
    /// That cannot be told.
    Unknown,
}

impl Peer {
    /// Looks up who is at the other end of a connection.
    pub(super) fn of(stream: &TcpStream) -> Self {
        let (Ok(here), Ok(there)) = (stream.local_addr(), stream.peer_addr()) else { return Self::Unknown };
        let table = if there.is_ipv4() { "/proc/net/tcp" } else { "/proc/net/tcp6" };
        let own = nix::unistd::getuid().as_raw();
        let find = || account(BufReader::new(File::open(table).ok()?.take(MAX_TABLE_BYTES)), there, here);
        match (0..ATTEMPTS).find_map(|_| find()) {
            Some(0) => Self::Own,
            Some(account) if account == own => Self::Own,
            Some(_) => Self::Other,
            None => Self::Unknown,
        }
    }
}

/// Returns the account that has the connection from one address to another, if the table has it.
fn account(table: impl BufRead, from: SocketAddr, to: SocketAddr) -> Option<u32> {
    let ends = [written(from), written(to)];
    table.lines().map_while(Result::ok).find_map(|line| {
        // Their number, the two ends, the state, the queues, two timers; then the account, a timer and the inode.
        let mut fields = line.split_ascii_whitespace().skip(1);
        let is_it = ends.iter().all(|end| fields.next() == Some(end));
        let (account, inode) = (fields.nth(4)?, fields.nth(1)?);
        (is_it && inode != NO_INODE).then(|| account.parse().ok()).flatten()
    })
}

/// Returns an address as the kernel writes it: words of four bytes in the order of the machine.
fn written(address: SocketAddr) -> String {
    let word = |bytes: [u8; 4]| format!("{:08X}", u32::from_ne_bytes(bytes));
    let ip = match address {
        SocketAddr::V4(address) => word(address.ip().octets()),
        SocketAddr::V6(address) => {
            address.ip().octets().chunks(4).filter_map(|bytes| bytes.try_into().ok()).map(word).collect()
        }
    };
    format!("{ip}:{:04X}", address.port())
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};

    use super::*;

    #[test]
    fn the_account_of_a_connection_is_read_from_its_row() {
        let check = |row: &str, expected: Option<u32>| {
            let row = row.replace("C", &written("127.0.0.1:40000".parse().unwrap()));
            let row = row.replace("S", &written("127.0.0.1:7410".parse().unwrap()));
            let table = format!("  sl  local_address rem_address   st tx_queue\n{row}\n");
            let found =
                account(table.as_bytes(), "127.0.0.1:40000".parse().unwrap(), "127.0.0.1:7410".parse().unwrap());
            assert_eq!(found, expected, "{row}");
        };
        check("0: C S 01 00000000:00000000 00:00000000 00000000  1000        0 1 1", Some(1000));
        check("0: S C 01 00000000:00000000 00:00000000 00000000  1000        0 1 1", None);
        // It has sent everything, and has ended.
        check("0: C S 05 00000000:00000000 00:00000000 00000000  1000        0 1 1", Some(1000));
        check("0: C S 05 00000000:00000000 00:00000000 00000000     0        0 0 1", None);
        check("0: C S 06 00000000:00000000 00:00000000 00000000     0        0 0 1", None);
        check("0: C S 01 00000000:00000000 00:00000000 00000000  none        0 1 1", None);
        check("0: C S 01", None);
        check("", None);
    }

    #[test]
    fn an_own_connection_is_known() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (accepted, _) = listener.accept().unwrap();
        assert_eq!(Peer::of(&accepted), Peer::Own);
        drop(client);
    }

    #[test]
    fn the_kernel_writes_a_long_address_in_words() {
        let expected = if cfg!(target_endian = "little") { "01000000" } else { "00000001" };
        assert_eq!(written("[::1]:7410".parse().unwrap()), format!("{}{expected}:1CF2", "0".repeat(24)));
    }
}
