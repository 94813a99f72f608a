//! TLS: which certificates are accepted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use thiserror::Error;

use crate::address::Verification;
use crate::settings_file::{self, FileError};

/// Why TLS cannot be set up.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file cannot be read, or others can read the key.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file has no certificate or key.
    #[error("{path} has no {what} in PEM format")]
    Content {
        /// The path.
        path: String,
        /// What is missing.
        what: &'static str,
    },
    /// The system has no certificates of authorities.
    #[error("this system has no certificates of authorities; the setting sslrootcert names a file with them")]
    NoRoots,
    /// The certificates cannot be used.
    #[error("the certificates cannot be used")]
    Rustls(#[from] rustls::Error),
    /// The certificates of the authorities cannot be used.
    #[error("the certificates of the authorities cannot be used")]
    Verifier(#[from] rustls::client::VerifierBuilderError),
}

/// What TLS does, and what it turned out to be.
#[derive(Debug, Clone)]
pub struct Tls {
    /// The configuration.
    pub config: ClientConfig,
    is_old: Arc<AtomicBool>,
}

impl Tls {
    /// Reads the certificates.
    ///
    /// # Errors
    ///
    /// If a file cannot be used.
    pub fn new(verification: &Verification) -> Result<Self, TlsError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let is_old = Arc::new(AtomicBool::new(false));
        let inner = WebPkiServerVerifier::builder_with_provider(Arc::new(roots(verification)?), Arc::clone(&provider))
            .build()?;
        let verifier = Arc::new(Verifier { inner, is_old: Arc::clone(&is_old) });
        let builder = builder(provider)?.dangerous().with_custom_certificate_verifier(verifier);
        let mut config = match &verification.client {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let text = settings_file::read(key, true)?;
                let missing = |_| TlsError::Content { path: key.clone(), what: "key" };
                let key = PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(missing)?;
                builder.with_client_auth_cert(certificates(certificate)?, key)?
            }
        };
        // A resumed session would skip the verifier, which tells the version.
        config.resumption = rustls::client::Resumption::disabled();
        Ok(Self { config, is_old })
    }

    /// Returns what a connection is, for people.
    #[must_use]
    pub fn description(&self) -> &'static str {
        if self.is_old.load(Ordering::Relaxed) {
            "TLS 1.2, certificate verified"
        } else {
            "TLS 1.3, certificate verified"
        }
    }
}

fn builder(
    provider: Arc<CryptoProvider>,
) -> Result<rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>, rustls::Error> {
    ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()
}

fn roots(verification: &Verification) -> Result<RootCertStore, TlsError> {
    let found = match &verification.roots {
        Some(path) => certificates(path)?,
        None => rustls_native_certs::load_native_certs().certs,
    };
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found);
    match &verification.roots {
        _ if !roots.is_empty() => Ok(roots),
        Some(path) => Err(TlsError::Content { path: path.clone(), what: "certificate" }),
        None => Err(TlsError::NoRoots),
    }
}

fn certificates(path: &str) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let text = settings_file::read(path, false)?;
    let found: Vec<_> = CertificateDer::pem_slice_iter(text.as_bytes()).flatten().collect();
    if found.is_empty() { Err(TlsError::Content { path: path.to_owned(), what: "certificate" }) } else { Ok(found) }
}

/// Verifies as rustls does, and notes the version of TLS, which the driver does not tell.
#[derive(Debug)]
struct Verifier {
    inner: Arc<WebPkiServerVerifier>,
    is_old: Arc<AtomicBool>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.is_old.store(true, Ordering::Relaxed);
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.is_old.store(false, Ordering::Relaxed);
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}
