//! The address of a server. Its name is new for each server, so no page, cookie or service worker of another program,
//! that listened on the port before, belongs to it.

/// Where a server is found.
#[derive(Debug)]
pub(super) struct Address {
    /// The name before `.localhost`, or nothing if browsers use 127.0.0.1.
    name: Option<String>,
    port: u16,
}

/// What the `Host` header of a request names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    /// The server by its own name. A browser may show its page.
    Own,
    /// This machine. Pages of other programs were here before, so no cookie counts.
    Machine,
}

impl Address {
    /// The address of the server on a port. Without a name, browsers use 127.0.0.1.
    pub(super) fn new(name: Option<String>, port: u16) -> Self {
        Self { name, port }
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Returns the `Host` header of a browser.
    pub(super) fn host(&self) -> String {
        let port = self.port;
        self.name.as_ref().map_or_else(|| format!("127.0.0.1:{port}"), |name| format!("{name}.localhost:{port}"))
    }

    /// Returns the address that lets a browser in with a key.
    pub(super) fn with_key(&self, key: &str) -> String {
        format!("http://{}/?token={key}", self.host())
    }

    /// Returns what a `Host` header names, if it is this server. Another name would be that of another site, which
    /// resolves to this machine (DNS rebinding).
    pub(super) fn named_by(&self, host: &str) -> Option<Named> {
        let port = self.port;
        if host == self.host() {
            return Some(Named::Own);
        }
        let is_machine = host == format!("127.0.0.1:{port}") || host == format!("localhost:{port}");
        is_machine.then_some(Named::Machine)
    }
}
