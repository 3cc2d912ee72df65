//! What an address says by itself: the part of the rule that needs no network.

use url::form_urlencoded::byte_serialize;
use url::{Host, Url};

/// Returns a text as one part of a path, percent-encoded.
pub(crate) fn path_part(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

/// Tells whether an address names this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// Tells whether an address could ever be called: `https`, or `http` on this machine, and no password.
pub(crate) fn is_callable(url: &Url) -> bool {
    let secured = match url.scheme() {
        "https" => url.has_host(),
        "http" => is_loopback(url),
        _ => false,
    };
    secured && url.username().is_empty() && url.password().is_none()
}
