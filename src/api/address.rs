//! What an address says by itself: the part of the rule that needs no network.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
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

/// Tells whether an address names this machine or a network of its own, as far as that is told by the name.
pub(crate) fn is_private(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            let own = [".local", ".localhost", ".internal", ".lan", ".home.arpa", ".intranet"];
            !name.contains('.') || own.iter().any(|end| name.ends_with(end))
        }
        Some(Host::Ipv4(ip)) => !is_public(ip.into()),
        Some(Host::Ipv6(ip)) => !is_public(ip.into()),
        None => true,
    }
}

/// Tells whether an address belongs to the public internet.
pub(crate) fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, c, _] = ip.octets();
            !(ip.is_private()
                || ip.is_loopback()
                || ip.is_link_local()
                || ip.is_broadcast()
                || ip.is_documentation()
                || ip.is_multicast()
                || a == 0
                || a >= 240
                || (a == 100 && (64..128).contains(&b))
                || (a == 192 && b == 0 && c == 0)
                || (a == 198 && (18..20).contains(&b)))
        }
        IpAddr::V6(ip) => match embedded_v4(ip) {
            Some(v4) => is_public(v4),
            None => {
                !(ip.is_loopback()
                    || ip.is_unspecified()
                    || ip.is_unique_local()
                    || ip.is_unicast_link_local()
                    || ip.is_multicast()
                    || ip.segments()[..2] == [0x2001, 0xdb8]
                    // Site-local (RFC 3879), Teredo (RFC 4380), local NAT64 (RFC 8215)
                    || ip.segments()[0] & 0xffc0 == 0xfec0
                    || ip.segments()[..2] == [0x2001, 0]
                    || ip.segments()[..3] == [0x64, 0xff9b, 1])
            }
        },
    }
}

/// Returns the IPv4 address inside a mapped (`::ffff:0:0/96`), compatible (`::/96`), NAT64 or 6to4 one.
fn embedded_v4(ip: Ipv6Addr) -> Option<IpAddr> {
    let v4 = |high: u16, low: u16| {
        Some(IpAddr::from((u32::from(high) << 16 | u32::from(low)).to_be_bytes()))
    };
    match ip.segments() {
        [0, 0, 0, 0, 0, 0, high, low] if high > 0 => v4(high, low),
        [0, 0, 0, 0, 0, 0xffff, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..] => v4(high, low),
        _ => None,
    }
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

checked! {
    /// The address of a document that describes an OAuth client, which is the client's id too.
    ///
    /// Source: draft-ietf-oauth-client-id-metadata-document-00, 2 (read 2026-11-28).
    ClientDocument, |text| {
        let url = Url::parse(text).ok().filter(|url| {
            let named = url.scheme() == "https" && is_callable(url) && url.path() != "/";
            // What is compared letter by letter must be written in one way alone.
            named && url.fragment().is_none() && url.as_str() == text
        });
        let url = url.ok_or("a client's document is at an address as https://example.com/naive.json")?;
        Ok(url.into())
    }
}

impl WebOrigin {
    /// Tells whether an address lies on this site.
    pub(crate) fn holds(&self, url: &Url) -> bool {
        url.origin().ascii_serialization() == self.as_str()
    }
}
