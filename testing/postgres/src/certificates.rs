//! The certificates of the tests' own authority.

use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};

/// What a server's certificate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validity {
    /// It is for `localhost` and 127.0.0.1, from the authority of the tests.
    Valid,
    /// The same, but its time is over.
    Expired,
    /// It is from another authority.
    Foreign,
    /// It is for another host.
    OtherHost,
}

/// The files with the certificates of one server.
#[derive(Debug, Clone)]
pub struct Certificates {
    /// The certificate of the authority that clients accept.
    pub authority: PathBuf,
    /// The server's certificate.
    pub server: PathBuf,
    /// The server's key.
    pub server_key: PathBuf,
    /// A client's certificate for this user, from the same authority.
    pub client: PathBuf,
    /// The client's key.
    pub client_key: PathBuf,
}

impl Certificates {
    /// Writes the files into a directory. The client's certificate is for the user `user`.
    #[must_use]
    pub fn write(dir: &Path, validity: Validity, user: &str) -> Self {
        let file = |name: &str| dir.join(name);
        let found = Self {
            authority: file("authority.crt"),
            server: file("server.crt"),
            server_key: file("server.key"),
            client: file("client.crt"),
            client_key: file("client.key"),
        };
        let (authority, issuer) = authority("authority of the tests");
        let (_, foreign) = authority_pair();
        std::fs::write(&found.authority, authority).unwrap();
        let names = match validity {
            Validity::OtherHost => vec!["other.example".to_owned()],
            _ => vec!["localhost".to_owned(), "127.0.0.1".to_owned()],
        };
        let mut server = CertificateParams::new(names).unwrap();
        if validity == Validity::Expired {
            server.not_before = date_time_ymd(2001, 1, 1);
            server.not_after = date_time_ymd(2002, 1, 1);
        }
        let by = if validity == Validity::Foreign { &foreign } else { &issuer };
        write(server, by, &found.server, &found.server_key);
        let mut client = CertificateParams::new(Vec::new()).unwrap();
        client.distinguished_name.push(DnType::CommonName, user);
        write(client, &issuer, &found.client, &found.client_key);
        found
    }
}

fn authority_pair() -> (String, Issuer<'static, KeyPair>) {
    authority("another authority")
}

fn authority(name: &str) -> (String, Issuer<'static, KeyPair>) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    let certificate = params.self_signed(&key).unwrap();
    (certificate.pem(), Issuer::new(params, key))
}

fn write(params: CertificateParams, issuer: &Issuer<'_, KeyPair>, certificate: &Path, key: &Path) {
    let pair = KeyPair::generate().unwrap();
    let signed = params.signed_by(&pair, issuer).unwrap();
    std::fs::write(certificate, signed.pem()).unwrap();
    std::fs::write(key, pair.serialize_pem()).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(key, mode).unwrap();
}
