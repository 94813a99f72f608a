//! The database, as the requests see it: a statement goes in, one JSON document comes out.

use std::time::{Duration, Instant};

use baton_fleet_protocol::{Cause, Failure};
use serde::de::DeserializeOwned;
use tokio_postgres::error::SqlState;

use crate::address::Address;
use crate::both::both;
use crate::connection::{Connection, Parameter};
use crate::error::{self, Stage, failure};
use crate::pause::Pause;
use crate::schema_check;

/// Why a statement has no result.
#[derive(Debug)]
pub enum Refusal {
    /// It would have made a second row where a unique index allows one. Nothing was written.
    Duplicate {
        /// The name of the index.
        index: String,
    },
    /// It failed.
    Failed(Failure),
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Failed(failure) => failure,
            Refusal::Duplicate { index } => failure(Cause::Protocol, format!("the index {index} refused a row")),
        }
    }
}

/// What the driver says about a statement. `None` if there was no answer in time.
type Queried = Result<Vec<tokio_postgres::Row>, Option<tokio_postgres::Error>>;

/// The database and the connection to it, which is opened at the first statement.
pub struct Database {
    address: Address,
    connection: Option<Connection>,
    limit: Duration,
    deadline: Instant,
}

impl Database {
    /// Returns the database at an address. Each request may take as long as `limit`.
    #[must_use]
    pub fn new(address: Address, limit: Duration) -> Self {
        Self { address, connection: None, limit, deadline: Instant::now() + limit }
    }

    /// Begins a request: its time counts from now.
    pub fn begin_request(&mut self) {
        self.deadline = Instant::now() + self.limit;
    }

    /// Returns what the connection is, and the version of the server. Both are empty without a connection.
    #[must_use]
    pub fn connection(&self) -> (String, String) {
        self.connection.as_ref().map(|it| (it.description.clone(), it.server_version.clone())).unwrap_or_default()
    }

    /// Returns what the only row of a statement that only reads has in its only column.
    ///
    /// # Errors
    ///
    /// If the statement fails.
    pub async fn read<T: DeserializeOwned>(&mut self, sql: &str, parameters: &[Parameter<'_>]) -> Result<T, Failure> {
        Ok(self.ask(sql, parameters, Stage::BeforeWrite).await?)
    }

    /// Like [`Self::read`], for a statement that writes.
    ///
    /// # Errors
    ///
    /// If the statement fails, or a unique index refuses a row.
    pub async fn write<T: DeserializeOwned>(&mut self, sql: &str, parameters: &[Parameter<'_>]) -> Result<T, Refusal> {
        self.ask(sql, parameters, Stage::Write).await
    }

    /// Sends a statement that writes and one that only reads, without waiting in between: one round trip. The server carries them
    /// out in this order, each as a transaction of its own.
    ///
    /// # Errors
    ///
    /// Like [`Self::write`], for the first statement. The result of the second one is inside.
    pub async fn write_and_read<T: DeserializeOwned, U: DeserializeOwned>(
        &mut self,
        (write, write_parameters): &(&str, Vec<Parameter<'_>>),
        (read, read_parameters): &(&str, Vec<Parameter<'_>>),
    ) -> Result<(T, Result<U, Failure>), Refusal> {
        let deadline = self.deadline;
        let connection = self.connect().await?;
        let (written, found) = both(
            connection.query(write, write_parameters, deadline),
            connection.query(read, read_parameters, deadline),
        )
        .await;
        let written = self.result(written, write, write_parameters, Stage::Write).await?;
        let found = self.result(found, read, read_parameters, Stage::BeforeWrite).await;
        Ok((written, found.map_err(Failure::from)))
    }

    /// Runs statements that can be repeated.
    ///
    /// # Errors
    ///
    /// If one fails.
    pub async fn run(&mut self, sql: &str) -> Result<(), Failure> {
        let deadline = self.deadline;
        match self.connect().await?.batch(sql, deadline).await {
            Ok(()) => Ok(()),
            Err(error) => Err(self.failed(error, Stage::Write).await),
        }
    }

    async fn ask<T: DeserializeOwned>(
        &mut self,
        sql: &str,
        parameters: &[Parameter<'_>],
        stage: Stage,
    ) -> Result<T, Refusal> {
        let deadline = self.deadline;
        let first = self.connect().await?.query(sql, parameters, deadline).await;
        self.result(first, sql, parameters, stage).await
    }

    /// Returns the result of a statement. Sends it again while other transactions are in its way.
    async fn result<T: DeserializeOwned>(
        &mut self,
        first: Queried,
        sql: &str,
        parameters: &[Parameter<'_>],
        stage: Stage,
    ) -> Result<T, Refusal> {
        let (mut pause, mut queried) = (Pause::new(), first);
        loop {
            let error = match queried {
                Ok(rows) => {
                    let text: Option<&str> = rows.first().and_then(|row| row.try_get(0).ok());
                    return text
                        .and_then(|text| serde_json::from_str(text).ok())
                        .ok_or_else(|| self.unexpected(stage).into());
                }
                Err(error) => error,
            };
            // The server rolled it back, so it is sent again.
            let busy = error.as_ref().is_some_and(error::can_repeat);
            if busy && pause.wait(self.deadline).await {
                let deadline = self.deadline;
                queried = self.connect().await?.query(sql, parameters, deadline).await;
                continue;
            }
            if let Some(index) = error.as_ref().and_then(duplicate) {
                return Err(Refusal::Duplicate { index });
            }
            return Err(self.failed(error, stage).await.into());
        }
    }

    /// Returns the connection, after opening it if there is none that works.
    async fn connect(&mut self) -> Result<&Connection, Failure> {
        let usable = match self.connection.take() {
            Some(connection) if !connection.is_closed().await => connection,
            _ => Connection::open(&self.address, self.limit, self.deadline).await?,
        };
        Ok(self.connection.insert(usable))
    }

    fn unexpected(&self, stage: Stage) -> Failure {
        let text = format!("{}: the answer is not one of baton's tables", self.address.server());
        Failure { in_doubt: stage == Stage::Write, ..failure(Cause::Protocol, text) }
    }

    async fn failed(&mut self, error: Option<tokio_postgres::Error>, stage: Stage) -> Failure {
        let server = self.address.server();
        let Some(error) = error else {
            // Whatever comes on this connection would be the answer to this statement.
            self.connection = None;
            let text = format!("{server}: no answer in time");
            return Failure { in_doubt: stage == Stage::Write, ..failure(Cause::Unreachable, text) };
        };
        let mut found = error::from_driver(&self.address, &error, stage);
        if found.cause == Cause::SchemaMissing {
            let deadline = self.deadline;
            let stored = match &self.connection {
                Some(connection) => connection.query(schema_check::SQL, &[], deadline).await.ok(),
                None => None,
            };
            let row = stored.as_ref().and_then(|rows| rows.first());
            let stored = row.and_then(|row| Some((row.try_get(0).ok()?, row.try_get(1).ok()?)));
            found = schema_check::failure(&server, stored);
        }
        if found.in_doubt || error.is_closed() {
            self.connection = None;
        }
        found
    }

    /// Returns how messages name the server.
    #[must_use]
    pub fn server(&self) -> String {
        self.address.server()
    }
}

/// Returns the name of the unique index that refused a row, if that is the error.
fn duplicate(error: &tokio_postgres::Error) -> Option<String> {
    let database = error.as_db_error().filter(|error| *error.code() == SqlState::UNIQUE_VIOLATION)?;
    Some(error::clean(database.constraint().unwrap_or_default(), 60))
}
