//! Where the database is and how to connect to it: checked, so that what connects need not check again.

use std::net::IpAddr;
use std::path::PathBuf;

use baton_fleet_protocol::{Database, Secret};
use thiserror::Error;

use crate::password_file::{self, Login};
use crate::service_file;
use crate::settings_file::FileError;
use crate::url::{self, UrlError};

/// The port on which a server listens if nothing else is said.
const DEFAULT_PORT: u16 = 5432;

/// The settings that are known. Everything else is refused, because ignoring it could weaken what the user asked for.
const KNOWN: [&str; 12] = [
    "channel_binding",
    "dbname",
    "host",
    "hostaddr",
    "password",
    "port",
    "service",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "user",
];

/// Why the database's address cannot be used.
#[derive(Debug, Error)]
pub enum AddressError {
    /// The URL cannot be parsed.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// A file cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
    /// A setting is not known.
    #[error("the database's address has the setting {name}, which baton does not have; it has {}", KNOWN.join(", "))]
    Unknown {
        /// Its name.
        name: String,
    },
    /// A setting is missing.
    #[error("the database's address has no {0}")]
    Missing(&'static str),
    /// A setting has a value that cannot be used.
    #[error("the setting {0} of the database's address has a value that cannot be used")]
    Value(&'static str),
    /// The address names a service, and no file with services is configured or the file does not have it.
    #[error("the database's address names a service, and the configured service file does not define it")]
    Service,
    /// The server's certificate would not be checked.
    #[error("sslmode={mode} does not check the certificate of {host}; baton connects with verify-full")]
    WeakMode {
        /// The mode.
        mode: String,
        /// The host.
        host: String,
    },
}

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The directory of a unix socket.
    Socket(PathBuf),
    /// A host.
    Host {
        /// Its name or address. The certificate has to be for it.
        name: String,
        /// Its address, if no name has to be resolved.
        address: Option<IpAddr>,
    },
}

/// How TLS is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// The file with the certificates of the authorities, or `None` for those of the system.
    pub roots: Option<String>,
    /// The files with the client's certificate and key.
    pub client: Option<(String, String)>,
}

/// A checked address.
#[derive(Debug, Clone)]
pub struct Address {
    /// Where the server listens.
    pub place: Place,
    /// The port.
    pub port: u16,
    /// The user.
    pub user: String,
    /// The database.
    pub database: String,
    /// The password, if there is one.
    pub password: Option<Secret>,
    /// Whether the log-in has to be tied to the TLS connection.
    pub binds_channel: bool,
    /// TLS with a checked certificate, or `None` for none, on a unix socket or loopback.
    pub tls: Option<Verification>,
}

impl Address {
    /// Checks what the user configured.
    ///
    /// # Errors
    ///
    /// If it cannot be used. The error has no secret in it.
    pub fn new(database: &Database) -> Result<Self, AddressError> {
        let mut settings = url::parse(database.url.reveal())?;
        if let Some(service) = get(&settings, "service") {
            let file = database.service_file.as_deref().ok_or(AddressError::Service)?;
            let found = service_file::find(file, service)?.ok_or(AddressError::Service)?;
            // What the URL says itself counts first.
            settings.extend(found);
        }
        for (name, _) in &settings {
            if !KNOWN.contains(&name.as_str()) {
                return Err(AddressError::Unknown { name: readable(name) });
            }
        }
        let place = place(&settings)?;
        let port = match get(&settings, "port") {
            Some(text) => text.parse().ok().filter(|port| *port > 0).ok_or(AddressError::Value("port"))?,
            None => DEFAULT_PORT,
        };
        let user = get(&settings, "user").ok_or(AddressError::Missing("user"))?.to_owned();
        let name = get(&settings, "dbname").unwrap_or(&user).to_owned();
        let password = match (get(&settings, "password"), &database.password_file) {
            (Some(text), _) => Some(text.to_owned()),
            (None, Some(file)) => {
                let host = match &place {
                    Place::Socket(dir) => dir.display().to_string(),
                    Place::Host { name, .. } => name.clone(),
                };
                password_file::find(file, Login { host: &host, port, database: &name, user: &user })?
            }
            (None, None) => None,
        };
        let tls = verification(&settings, &place)?;
        let binds_channel = match get(&settings, "channel_binding") {
            Some("require") if tls.is_some() => true,
            None | Some("prefer" | "disable") => false,
            Some(_) => return Err(AddressError::Value("channel_binding")),
        };
        Ok(Self { place, port, user, database: name, password: password.map(Secret::new), binds_channel, tls })
    }

    /// Returns how messages name the server and the database.
    #[must_use]
    pub fn server(&self) -> String {
        let database = readable(&self.database);
        match &self.place {
            Place::Socket(dir) => format!("{}/.s.PGSQL.{}, database {database}", dir.display(), self.port),
            Place::Host { name, .. } if name.contains(':') => format!("[{}]:{}/{database}", readable(name), self.port),
            Place::Host { name, .. } => format!("{}:{}/{database}", readable(name), self.port),
        }
    }
}

/// Returns the first value of a setting.
fn get<'a>(settings: &'a [(String, String)], name: &str) -> Option<&'a str> {
    settings.iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str())
}

/// Returns a text as it may be in a message.
fn readable(text: &str) -> String {
    text.chars().filter(|char| char.is_ascii_graphic()).take(100).collect()
}

fn place(settings: &[(String, String)]) -> Result<Place, AddressError> {
    let host = get(settings, "host");
    if let Some(dir) = host.filter(|host| host.starts_with('/')) {
        return Ok(Place::Socket(PathBuf::from(dir)));
    }
    let address = match get(settings, "hostaddr") {
        Some(text) => Some(text.parse().map_err(|_| AddressError::Value("hostaddr"))?),
        None => host.and_then(|host| host.parse().ok()),
    };
    let name = host.map(str::to_owned).or_else(|| address.map(|address: IpAddr| address.to_string()));
    let name = name.ok_or(AddressError::Missing("host"))?;
    let is_name = |char: char| char.is_ascii_alphanumeric() || matches!(char, '.' | '-' | '_' | ':');
    // A name that began with a dash would be an option of the program that resolves it.
    if !name.chars().all(is_name) || name.starts_with('-') || name.len() > 255 {
        return Err(AddressError::Value("host"));
    }
    Ok(Place::Host { name, address })
}

/// Returns whether the server is on this machine, so that nobody else sees what is sent.
fn is_local(place: &Place) -> bool {
    match place {
        Place::Socket(_) => true,
        Place::Host { address: Some(address), .. } => address.is_loopback(),
        Place::Host { name, address: None } => name == "localhost",
    }
}

fn verification(settings: &[(String, String)], place: &Place) -> Result<Option<Verification>, AddressError> {
    let mode = get(settings, "sslmode");
    let verifies = match mode {
        None => !is_local(place),
        Some("verify-full") => !matches!(place, Place::Socket(_)),
        // Servers on this machine often have no certificate, and service files often say `prefer`.
        Some("disable" | "allow" | "prefer") if is_local(place) => false,
        Some(mode) => {
            let host = match place {
                Place::Socket(dir) => dir.display().to_string(),
                Place::Host { name, .. } => name.clone(),
            };
            return Err(AddressError::WeakMode { mode: readable(mode), host });
        }
    };
    if !verifies {
        return Ok(None);
    }
    let client = match (get(settings, "sslcert"), get(settings, "sslkey")) {
        (Some(certificate), Some(key)) => Some((certificate.to_owned(), key.to_owned())),
        (None, None) => None,
        (Some(_), None) => return Err(AddressError::Missing("sslkey")),
        (None, Some(_)) => return Err(AddressError::Missing("sslcert")),
    };
    let roots = get(settings, "sslrootcert").filter(|file| *file != "system").map(str::to_owned);
    Ok(Some(Verification { roots, client }))
}

#[cfg(test)]
mod tests;
