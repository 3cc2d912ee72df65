//! What an address says by itself: the part of the rule that needs no network.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::form_urlencoded::byte_serialize;
use url::{Host, Url};

use super::ids::{Malformed, checked};

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

checked! {
    /// A site: scheme, host and port, as browsers name where a page comes from. `https`, or `http` on this machine.
    WebOrigin, |text| {
        let url = Url::parse(text).ok().filter(is_callable).filter(|url| {
            url.path() == "/" && url.query().is_none() && url.fragment().is_none()
        });
        let url = url.ok_or("a site is written as https://app.example.com, without a path")?;
        Ok(url.origin().ascii_serialization())
    }
}

impl WebOrigin {
    /// Tells whether an address lies on this site.
    pub(crate) fn holds(&self, url: &Url) -> bool {
        url.origin().ascii_serialization() == self.as_str()
    }
}
