use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use baton_fleet_protocol::{Answer, Cause, Request};

use crate::machine::{ask, check_failure};

/// How long a request may take where it has to fail.
const SHORT_MS: u64 = 500;

/// Starts a server that handles each connection so, and returns its port.
fn server(handle: impl Fn(TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || listener.incoming().flatten().for_each(handle));
    port
}

/// Returns the port of a proxy that removes the options from the first message of a client.
pub fn without_options(port: u16) -> u16 {
    server(move |mut client| {
        let mut server = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let mut length = [0; 4];
        client.read_exact(&mut length).unwrap();
        let mut rest = vec![0; u32::from_be_bytes(length) as usize - 4];
        client.read_exact(&mut rest).unwrap();
        let mut kept = rest[..4].to_vec();
        let texts: Vec<&[u8]> = rest[4..].split(|byte| *byte == 0).collect();
        for pair in texts.chunks_exact(2).filter(|pair| !pair[0].is_empty() && pair[0] != b"options") {
            kept.extend([pair[0], b"\0", pair[1], b"\0"].concat());
        }
        kept.push(0);
        server.write_all(&(kept.len() as u32 + 4).to_be_bytes()).unwrap();
        server.write_all(&kept).unwrap();
        let (mut from, mut to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
        std::thread::spawn(move || std::io::copy(&mut from, &mut to));
        std::thread::spawn(move || std::io::copy(&mut client, &mut server));
    })
}

fn list(port: u16, parameters: &str) -> Answer {
    let url = format!("postgresql://ann:sEcret@localhost:{port}/f{parameters}");
    ask(&url, SHORT_MS, &Request::List { limit: 1 })
}

#[test]
fn a_server_that_says_nothing_costs_the_time_limit_and_no_more() {
    let streams = std::sync::Mutex::new(Vec::new());
    let port = server(move |stream| streams.lock().unwrap().push(stream));
    check_failure(list(port, ""), Cause::Unreachable, "no answer in time");
    check_failure(list(port, "?sslmode=verify-full"), Cause::Unreachable, "no answer in time");
}

#[test]
fn a_server_that_talks_rubbish_is_told_in_one_line() {
    // Tells what a server says that then ends the connection.
    let check = |says: &'static [u8], parameters: &str, causes: &[Cause]| {
        let port = server(move |mut stream| {
            drop(stream.write_all(says));
            drop(stream.read(&mut [0; 1024]));
        });
        let failure = crate::machine::failure(list(port, parameters));
        assert!(causes.contains(&failure.cause), "{says:?}: {failure:?}");
        assert!(failure.message.contains(&format!("localhost:{port}")), "{failure:?}");
    };
    check(b"HTTP/1.1 400 Bad Request\r\n\r\n", "", &[Cause::Protocol, Cause::Unreachable]);
    check(b"HTTP/1.1 400 Bad Request\r\n\r\n", "?sslmode=verify-full", &[Cause::NoTls]);
    check(b"S\x15\x03\x01\x00\x02\x02\x28", "?sslmode=verify-full", &[Cause::Certificate, Cause::Protocol]);
    check(b"Srubbishrubbishrubbish", "?sslmode=verify-full", &[Cause::Protocol]);
    check(b"N", "?sslmode=verify-full", &[Cause::NoTls]);
    check(b"R\xff\xff\xff\xff", "", &[Cause::Protocol]);
    check(b"R\x7f\xff\xff\xff", "", &[Cause::Protocol, Cause::Unreachable]);
    check(b"R\x00\x00\x00\x00", "", &[Cause::Protocol]);
    check(
        b"R\x00\x00\x00\x08\x00\x00\x00\x00Z\x00\x00\x00\x05IX\x00\x00\x00\x04",
        "",
        &[Cause::Protocol, Cause::Unreachable],
    );
    check(b"", "", &[Cause::Unreachable]);
}

/// Checks what is told of a server that refuses the connection with this SQLSTATE and text.
fn check_refusal(state: &str, text: &str, cause: Cause, part: &str) {
    let body = format!("SFATAL\0VFATAL\0C{state}\0M{text}\0\0");
    let port = server(move |mut stream| {
        let length = (body.len() as u32 + 4).to_be_bytes();
        drop(stream.write_all(&[&b"E"[..], &length, body.as_bytes()].concat()));
        drop(stream.read(&mut [0; 1024]));
    });
    check_failure(list(port, ""), cause, part);
}

#[test]
fn a_server_that_sends_the_password_back_does_not_reveal_it() {
    let text = "no such password: sEcret\n\x1b[31m";
    check_refusal("28P01", text, Cause::Login, "is not shown, because the password is part of it (SQLSTATE 28P01)");
}

#[test]
fn a_pooler_that_does_not_pass_the_settings_on_is_named() {
    check_refusal("08P01", "unsupported startup parameter: options", Cause::Pooler, "startup parameter");
    check_refusal("08P01", "invalid message", Cause::Unreachable, "invalid message");
}
