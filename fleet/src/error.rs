//! From the errors of the driver to what `baton` is told: one sentence that names the host and the cause.

use std::error::Error;
use std::io::ErrorKind;

use agent_baton_core::run::is_printable;
use baton_fleet_protocol::{Cause, Failure, Secret};
use tokio_postgres::error::SqlState;

use crate::address::Address;

/// The maximum length of a message, in characters.
const MAX_MESSAGE: usize = 400;

/// What was going on when an error came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Nothing was sent that writes.
    BeforeWrite,
    /// A statement that writes was sent.
    Write,
}

/// Returns a failure after which nothing was written.
#[must_use]
pub fn failure(cause: Cause, message: impl AsRef<str>) -> Failure {
    Failure { cause, message: one_line(message.as_ref()), in_doubt: false }
}

/// Returns a text as one line without control characters, cut in length.
#[must_use]
pub fn one_line(text: &str) -> String {
    clean(text, MAX_MESSAGE)
}

/// Returns a text without control and format characters, with at most this many characters.
#[must_use]
pub fn clean(text: &str, most: usize) -> String {
    text.chars().map(|char| if is_printable(char) { char } else { '\u{fffd}' }).take(most).collect()
}

/// Returns an error and the errors below it, in one line.
#[must_use]
pub fn chain(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |cause: &&(dyn Error + 'static)| (*cause).source());
    causes.fold(error.to_string(), |text, cause| {
        let cause = cause.to_string();
        if text.ends_with(&cause) { text } else { format!("{text}: {cause}") }
    })
}

/// Returns what a server said, or that it is not shown if the password is part of it: a server could have sent it back. A gap in
/// place of the password would tell it where the sentence is known.
fn without_secret(text: &str, state: &str, password: Option<&Secret>) -> String {
    let reveals = password.map(Secret::reveal).is_some_and(|secret| !secret.is_empty() && text.contains(secret));
    if reveals {
        format!("the server's message is not shown, because the password is part of it (SQLSTATE {state})")
    } else {
        text.to_owned()
    }
}

/// Returns whether the statement was rolled back because of another one, so that it can be sent again.
#[must_use]
pub fn can_repeat(error: &tokio_postgres::Error) -> bool {
    error
        .code()
        .is_some_and(|code| [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED].contains(code))
}

/// Returns whether no server listens, as far as the error tells. The driver does not let others match its kind of error.
#[must_use]
pub fn is_connecting(error: &tokio_postgres::Error) -> bool {
    error.to_string() == "error connecting to server"
}

/// Returns what an error of the driver means.
#[must_use]
pub fn from_driver(address: &Address, error: &tokio_postgres::Error, stage: Stage) -> Failure {
    let server = address.server();
    let sent = stage == Stage::Write;
    let Some(database) = error.as_db_error() else {
        let (cause, text) = without_answer(error);
        let lost = matches!(cause, Cause::Unreachable | Cause::Protocol);
        return Failure { in_doubt: sent && lost, ..failure(cause, format!("{server}: {text}")) };
    };
    let state = database.code().code();
    let (cause, in_doubt) = of_state(state);
    // What stands between baton and the server passes on only the settings that it knows.
    let cause =
        if state == "08P01" && database.message().contains("startup parameter") { Cause::Pooler } else { cause };
    let text = without_secret(database.message(), state, address.password.as_ref());
    Failure { in_doubt: sent && in_doubt, ..failure(cause, format!("{server}: {text}")) }
}

/// Returns what an SQLSTATE means, and whether the statement may have been carried out.
fn of_state(state: &str) -> (Cause, bool) {
    match state {
        "28P01" | "28000" => (Cause::Login, false),
        "3D000" => (Cause::Address, false),
        "42P01" | "3F000" | "42703" | "42883" => (Cause::SchemaMissing, false),
        "42501" => (Cause::Permission, false),
        "25006" => (Cause::ReadOnly, false),
        "53100" | "53200" => (Cause::Full, false),
        "40001" | "40P01" | "53300" | "55P03" => (Cause::Busy, false),
        // The server stopped the statement, because it took too long.
        "57014" => (Cause::Unreachable, false),
        // The outcome is unknown, the connection failed, or the server was stopped at any moment.
        "40003" => (Cause::Unreachable, true),
        state if state.starts_with("08") || state.starts_with("57P") => (Cause::Unreachable, true),
        _ => (Cause::Protocol, false),
    }
}

/// Returns what it means that there is no answer of a server of PostgreSQL.
fn without_answer(error: &tokio_postgres::Error) -> (Cause, String) {
    let text = error.to_string();
    let causes = || std::iter::successors(error.source(), |cause: &&(dyn Error + 'static)| (*cause).source());
    let tls = causes().find_map(|cause| {
        // An error of input and output hides the one that it wraps.
        let wrapped = cause.downcast_ref::<std::io::Error>().and_then(|error| error.get_ref());
        cause.downcast_ref::<rustls::Error>().or_else(|| wrapped?.downcast_ref())
    });
    if let Some(tls) = tls {
        return match tls {
            rustls::Error::InvalidCertificate(reason) => {
                (Cause::Certificate, format!("the certificate is not accepted: {reason}"))
            }
            rustls::Error::AlertReceived(alert) => {
                (Cause::Certificate, format!("the server refused the TLS connection: {alert:?}"))
            }
            other => (Cause::Protocol, format!("the server does not speak TLS: {other}")),
        };
    }
    if text.contains("TLS") && causes().any(|cause| cause.to_string().contains("does not support TLS")) {
        return (Cause::NoTls, "the server does not offer TLS, which this connection needs".to_owned());
    }
    if text.contains("authentication") || text.contains("configuration") {
        return (Cause::Login, chain(error));
    }
    if error.is_closed() || text.contains("timeout") {
        return (Cause::Unreachable, "the server closed the connection".to_owned());
    }
    let io = causes().find_map(|cause| cause.downcast_ref::<std::io::Error>());
    match io.map(std::io::Error::kind) {
        Some(ErrorKind::InvalidData | ErrorKind::InvalidInput | ErrorKind::Other) | None => {
            (Cause::Protocol, "the answer is not one of a server of PostgreSQL".to_owned())
        }
        Some(ErrorKind::UnexpectedEof) => (Cause::Unreachable, "the server closed the connection".to_owned()),
        Some(_) => (Cause::Unreachable, chain(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_unknown_outcome_is_in_doubt() {
        for (state, cause, in_doubt) in [
            ("28P01", Cause::Login, false),
            ("42P01", Cause::SchemaMissing, false),
            ("25006", Cause::ReadOnly, false),
            ("53100", Cause::Full, false),
            ("40001", Cause::Busy, false),
            ("57014", Cause::Unreachable, false),
            ("40003", Cause::Unreachable, true),
            ("08006", Cause::Unreachable, true),
            ("57P01", Cause::Unreachable, true),
            ("22P02", Cause::Protocol, false),
        ] {
            assert_eq!(of_state(state), (cause, in_doubt), "{state}");
        }
    }

    #[test]
    fn a_message_is_one_line() {
        assert_eq!(failure(Cause::Protocol, "a\nb\u{1b}[31m").message, "a\u{fffd}b\u{fffd}[31m");
        assert_eq!(one_line(&"x".repeat(1000)).len(), MAX_MESSAGE);
    }

    #[test]
    fn a_message_that_has_the_password_is_not_shown() {
        let hidden = "the server's message is not shown, because the password is part of it (SQLSTATE 28P01)";
        for (text, password, expected) in [
            ("authentication failed for \"fleet\"", Some("fleet"), hidden),
            ("authentication failed for \"fleet\"", Some("other"), "authentication failed for \"fleet\""),
            ("authentication failed", Some(""), "authentication failed"),
            ("authentication failed", None, "authentication failed"),
        ] {
            let password = password.map(|text| Secret::new(text.to_owned()));
            assert_eq!(without_secret(text, "28P01", password.as_ref()), expected, "{text}");
        }
    }
}
