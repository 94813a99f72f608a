//! Finds the addresses of a host.
//!
//! The program is linked statically, and a static glibc cannot load the modules that `/etc/nsswitch.conf` names (mDNS,
//! systemd-resolved, LDAP) unless it is of the very version that the system has. So the system's own `getent` resolves a name.
//! Where there is none, glibc's static resolver reads `/etc/hosts` and asks the DNS servers.

use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, ToSocketAddrs};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Where systems have `getent`. It is not looked up in `PATH`, which may have relative directories.
const GETENT: [&str; 2] = ["/usr/bin/getent", "/bin/getent"];

/// The maximum number of addresses that are tried.
const MAX_ADDRESSES: usize = 16;

/// Returns the addresses of a host, in the order in which to try them. There is none if the name cannot be resolved, or not in
/// time.
#[must_use]
pub fn resolve(name: &str, deadline: Instant) -> Vec<IpAddr> {
    if name == "localhost" {
        return vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    }
    match GETENT.iter().find(|path| Path::new(path).exists()) {
        Some(getent) => ask_getent(getent, name, deadline),
        None => {
            let found = (name, 0).to_socket_addrs().into_iter().flatten();
            found.map(|address| address.ip()).take(MAX_ADDRESSES).collect()
        }
    }
}

fn ask_getent(getent: &str, name: &str, deadline: Instant) -> Vec<IpAddr> {
    let mut command = Command::new(getent);
    command.args(["ahosts", name]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let Ok(mut child) = command.spawn() else { return Vec::new() };
    let mut text = String::new();
    if wait(&mut child, deadline) {
        // It has ended, and what it printed fits into the pipe: a name has few addresses.
        if let Some(output) = child.stdout.take() {
            drop(output.take(64 * 1024).read_to_string(&mut text));
        }
    }
    parse(&text)
}

/// Waits until the child has ended; kills it at the deadline. Returns whether it ended by itself.
fn wait(child: &mut Child, deadline: Instant) -> bool {
    loop {
        match child.try_wait() {
            Ok(Some(_)) => return true,
            Ok(None) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(1)),
            _ => {
                drop(child.kill().and_then(|()| child.wait()));
                return false;
            }
        }
    }
}

/// Returns the addresses in what `getent ahosts` prints: an address and a kind of socket in each line.
fn parse(text: &str) -> Vec<IpAddr> {
    let mut found: Vec<IpAddr> = Vec::new();
    for address in text.lines().filter_map(|line| line.split_whitespace().next()?.parse().ok()) {
        if !found.contains(&address) && found.len() < MAX_ADDRESSES {
            found.push(address);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_is_tried_once() {
        let text = "192.0.2.1       STREAM db.example\n192.0.2.1       DGRAM\n2001:db8::1     STREAM\nrubbish\n";
        assert_eq!(parse(text), ["192.0.2.1".parse::<IpAddr>().unwrap(), "2001:db8::1".parse().unwrap()]);
    }

    #[test]
    fn names_of_this_machine_are_resolved() {
        let deadline = Instant::now() + Duration::from_secs(60);
        assert_eq!(resolve("localhost", deadline).first(), Some(&IpAddr::V4(Ipv4Addr::LOCALHOST)));
        // The first name in /etc/hosts that is not localhost.
        let hosts = std::fs::read_to_string("/etc/hosts").unwrap_or_default();
        let entry = hosts.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
            let mut words = line.split_whitespace();
            let address: IpAddr = words.next()?.parse().ok()?;
            Some((address, words.find(|name| !name.contains("localhost") && !name.starts_with("ip6-"))?.to_owned()))
        });
        if let Some((address, name)) = entry {
            assert!(resolve(&name, deadline).contains(&address), "{name}");
        }
        assert_eq!(resolve("no-such-host.invalid", deadline), Vec::<IpAddr>::new());
    }
}
