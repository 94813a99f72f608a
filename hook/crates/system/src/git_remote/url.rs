//! Normalises the URL of a git remote.

/// The maximum length of an identity, in bytes.
const MAX_IDENTITY_BYTES: usize = 256;

/// The schemes of URLs that name another machine. `file` does not.
const SCHEMES: [&str; 8] = ["https", "http", "ssh", "git", "git+ssh", "ssh+git", "ftps", "ftp"];

/// Returns the host and the path of a URL as git accepts it, or `None` if it is a path on this machine or cannot be
/// parsed.
///
/// The port is left out, also if it is not the usual one: a server's SSH port says nothing about the project, and the
/// same project has another port over HTTPS. The case of the path is kept, because not every server ignores it.
pub(super) fn normalize(url: &str) -> Option<String> {
    let (authority, path) = match url.split_once("://") {
        Some((scheme, rest)) => {
            SCHEMES.iter().find(|known| known.eq_ignore_ascii_case(scheme))?;
            rest.split_once('/')?
        }
        None => split_short_form(url)?,
    };
    let host = without_port(authority.rsplit_once('@').map_or(authority, |(_, host)| host))?;
    // What follows `?` can be a token. An `@` in a path can be the end of a password that contains `/` or `:`.
    if path.contains(['?', '#', '@']) || !path.chars().all(is_visible) {
        return None;
    }
    let mut segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    if segments.iter().any(|segment| matches!(*segment, "." | "..")) {
        return None;
    }
    if let Some(name) = segments.last_mut() {
        *name = name.strip_suffix(".git").unwrap_or(name);
    }
    // The name is empty now if the URL names the `.git` directory inside a project.
    segments.retain(|segment| !segment.is_empty());
    let identity = format!("{}/{}", host.to_ascii_lowercase(), segments.join("/"));
    (!segments.is_empty() && identity.len() <= MAX_IDENTITY_BYTES).then_some(identity)
}

/// Splits `user@host:path` into what is before and after the colon. In a path on this machine, `/` comes first.
fn split_short_form(url: &str) -> Option<(&str, &str)> {
    // In brackets there may be colons: those of an IPv6 address, or the one before a port.
    let in_brackets = url.split_once('@').map_or(url, |(_, host)| host).starts_with('[');
    let (authority, path) = match url.split_once("]:") {
        Some((authority, path)) if in_brackets => {
            let (user, inner) = authority.split_once('[')?;
            // `[host:port]` has one colon and an address more.
            let inner = if inner.matches(':').count() > 1 { inner } else { inner.split(':').next()? };
            return (!user.contains('/') && !inner.contains('@')).then_some((inner, path));
        }
        _ => url.split_once(':')?,
    };
    // A second colon follows the name of a program that git starts, as in `ext::`.
    (!authority.contains('/') && !path.starts_with(':')).then_some((authority, path))
}

/// Returns the host of `host:port`, without the brackets of an IPv6 address. Returns `None` if it is no host.
fn without_port(authority: &str) -> Option<&str> {
    let is_address = |text: &str| text.contains(':') && text.chars().all(|c| c.is_ascii_hexdigit() || ":.".contains(c));
    if is_address(authority) && authority.matches(':').count() > 1 {
        return Some(authority);
    }
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => rest.split_once(']').filter(|(host, _)| is_address(host))?,
        None => authority.find(':').map_or((authority, ""), |colon| authority.split_at(colon)),
    };
    let is_port =
        port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.chars().all(|c| c.is_ascii_digit()));
    let is_name = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    let is_host = host.starts_with(|c: char| c.is_ascii_alphanumeric()) && host.chars().all(is_name);
    (is_port && (is_host || is_address(host))).then_some(host)
}

/// Returns whether a character is visible. Neither a space nor what changes the direction of a text is.
fn is_visible(c: char) -> bool {
    c.is_ascii_graphic() || !c.is_ascii() && c.is_alphanumeric()
}
