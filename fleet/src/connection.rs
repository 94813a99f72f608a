//! One connection to the server, with a time limit for each step.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use baton_fleet_protocol::{Cause, Failure, Secret};
use rustls::pki_types::ServerName;
use tokio_postgres::config::{ChannelBinding, SslMode};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Config, NoTls, Row};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::address::{Address, Place};
use crate::error::{self, Stage, failure};
use crate::resolver;
use crate::tls::Tls;

/// The program's name in the server's list of connections.
const APPLICATION: &str = "baton";

/// A connection after the log-in.
pub struct Connection {
    client: Client,
    /// What it is, for people.
    pub description: String,
    /// The version of the server, as it names itself.
    pub server_version: String,
}

/// A value of a statement, with its type.
pub type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);

impl Connection {
    /// Resolves the name, connects and logs in. Nothing of it reads a variable of the environment.
    ///
    /// `limit` is how long the server may work on a statement.
    ///
    /// # Errors
    ///
    /// If it does not succeed before the deadline.
    pub async fn open(address: &Address, limit: Duration, deadline: Instant) -> Result<Self, Failure> {
        let configs = configs(address, limit, deadline)?;
        let (client, version, description) = tokio::time::timeout_at(deadline.into(), connect_first(address, &configs))
            .await
            .map_err(|_| failure(Cause::Unreachable, format!("{}: no answer in time", address.server())))??;
        Ok(Self { client, description, server_version: version.unwrap_or_default() })
    }

    /// Returns whether the connection is known to be closed.
    pub async fn is_closed(&self) -> bool {
        // Lets the driver look whether the server closed it meanwhile.
        tokio::task::yield_now().await;
        self.client.is_closed()
    }

    /// Sends one statement and returns its rows: one round trip.
    ///
    /// # Errors
    ///
    /// What the driver says, or `None` if there is no answer before the deadline.
    pub async fn query(
        &self,
        sql: &str,
        parameters: &[Parameter<'_>],
        deadline: Instant,
    ) -> Result<Vec<Row>, Option<tokio_postgres::Error>> {
        let query = self.client.query_typed(sql, parameters);
        tokio::time::timeout_at(deadline.into(), query).await.map_err(|_| None)?.map_err(Some)
    }

    /// Runs statements without parameters.
    ///
    /// # Errors
    ///
    /// Like [`Self::query`].
    pub async fn batch(&self, sql: &str, deadline: Instant) -> Result<(), Option<tokio_postgres::Error>> {
        tokio::time::timeout_at(deadline.into(), self.client.batch_execute(sql)).await.map_err(|_| None)?.map_err(Some)
    }
}

/// What a connection is: its client, the version of the server, and its description.
type Opened = (Client, Option<String>, String);

/// Connects to the first address where a server listens. The driver would go on to the next address also if a server refuses the
/// user or has a wrong certificate, and report only what the last address said.
async fn connect_first(address: &Address, configs: &[Config]) -> Result<Opened, Failure> {
    let mut first = None;
    for config in configs {
        match connect(address, config).await {
            Err(Refused { failure, is_listening: false }) => first = first.or(Some(failure)),
            Err(Refused { failure, is_listening: true }) => return Err(failure),
            Ok(opened) => return Ok(opened),
        }
    }
    Err(first.unwrap_or_else(|| failure(Cause::Unreachable, format!("{}: no address", address.server()))))
}

/// Why there is no connection.
struct Refused {
    failure: Failure,
    is_listening: bool,
}

/// Returns a connection, the version of the server, and what the connection is.
async fn connect(address: &Address, config: &Config) -> Result<Opened, Refused> {
    let refused = |error: tokio_postgres::Error| Refused {
        is_listening: !error::is_connecting(&error),
        failure: error::from_driver(address, &error, Stage::BeforeWrite),
    };
    let Some(verification) = &address.tls else {
        let (client, connection) = config.connect(NoTls).await.map_err(refused)?;
        let version = connection.parameter("server_version").map(|text| error::clean(text, 60));
        tokio::spawn(connection);
        return Ok((client, version, plain(address).to_owned()));
    };
    let tls = Tls::new(verification)
        .map_err(|error| Refused { failure: failure(Cause::Certificate, error::chain(&error)), is_listening: true })?;
    let (client, connection) = config.connect(MakeRustlsConnect::new(tls.config.clone())).await.map_err(refused)?;
    let version = connection.parameter("server_version").map(|text| error::clean(text, 60));
    tokio::spawn(connection);
    Ok((client, version, tls.description().to_owned()))
}

/// Returns what a connection without TLS is.
const fn plain(address: &Address) -> &'static str {
    match address.place {
        Place::Socket(_) => "unix socket",
        Place::Host { .. } => "loopback, no TLS",
    }
}

/// Returns how to connect, for each address of the server.
fn configs(address: &Address, limit: Duration, deadline: Instant) -> Result<Vec<Config>, Failure> {
    let mut config = config(address, limit);
    let left = deadline.saturating_duration_since(Instant::now());
    match &address.place {
        Place::Socket(dir) => {
            config.host_path(dir).connect_timeout(left);
            Ok(vec![config])
        }
        Place::Host { name, address: ip } => {
            if address.tls.is_some() && ServerName::try_from(name.as_str()).is_err() {
                return Err(failure(Cause::Address, format!("{}: this is no name of a host", address.server())));
            }
            let found = ip.map_or_else(|| resolver::resolve(name, deadline), |ip| vec![ip]);
            if found.is_empty() {
                let text = format!("{}: the name of the host cannot be resolved", address.server());
                return Err(failure(Cause::Unreachable, text));
            }
            // An address that does not answer leaves time for the others.
            let share = left / u32::try_from(found.len()).unwrap_or(u32::MAX);
            let with_address = |ip: &IpAddr| {
                let mut config = config.clone();
                config.host(name).hostaddr(*ip).connect_timeout(share);
                config
            };
            Ok(found.iter().map(with_address).collect())
        }
    }
}

fn config(address: &Address, limit: Duration) -> Config {
    let mut config = Config::new();
    config
        .port(address.port)
        .user(&address.user)
        .dbname(&address.database)
        .application_name(APPLICATION)
        .channel_binding(if address.binds_channel { ChannelBinding::Require } else { ChannelBinding::Prefer })
        .ssl_mode(if address.tls.is_some() { SslMode::Require } else { SslMode::Disable })
        .tcp_user_timeout(limit)
        // A statement that takes longer is stopped by the server, so that its outcome is known.
        .options(format!(
            "-c default_transaction_isolation=serializable -c statement_timeout={}",
            (limit.as_millis() * 9 / 10).max(1)
        ));
    if let Some(password) = address.password.as_ref().map(Secret::reveal) {
        config.password(password);
    }
    config
}
