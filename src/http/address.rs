//! Which addresses may be called or opened.
//!
//! `https` anywhere public, `http` on loopback; other private addresses only for toolkits that the
//! operator added. A public name is looked up first and refused if it leads to a private address.

use std::net::SocketAddr;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use crate::api::address::{is_loopback, is_public};
use crate::api::error::{Code, Error, Result};

/// Who vouches for an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trust {
    /// Nobody: it must be public, or loopback by name
    Public,
    /// The operator, who added it: it may be private
    Operator,
}

/// Fails with `InvalidInput` if an address may be neither called nor opened.
pub(crate) fn check(url: &Url, trust: Trust) -> Result<()> {
    let refuse = |why: &str| {
        let host = url.host_str().unwrap_or_default();
        Err(Error::new(Code::InvalidInput, format!("the address on `{host}` {why}"))
            .hint("only `https`, or `http` on this machine, is called or opened")
            .reason("address_refused"))
    };
    if !url.username().is_empty() || url.password().is_some() {
        return refuse("holds a user name or a password");
    }
    let loopback = is_loopback(url);
    let private = match url.host() {
        Some(Host::Domain(_)) => false,
        Some(Host::Ipv4(ip)) => !is_public(ip.into()),
        Some(Host::Ipv6(ip)) => !is_public(ip.into()),
        None => return refuse("names no host"),
    };
    match url.scheme() {
        "https" | "http" if loopback => Ok(()),
        "https" if !private || trust == Trust::Operator => Ok(()),
        "https" => refuse("is private"),
        "http" => refuse("is not encrypted"),
        _ => refuse("is neither `https` nor `http`"),
    }
}

/// Resolves names and drops every address that is not public; `localhost` stays itself.
#[derive(Debug)]
pub(super) struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let found = tokio::net::lookup_host((host.as_str(), 0)).await?;
            let found: Vec<SocketAddr> =
                found.filter(|at| host == "localhost" || is_public(at.ip())).collect();
            if found.is_empty() {
                return Err(format!("`{host}` leads to a private address").into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(text: &str, trust: Trust) -> bool {
        Url::parse(text).is_ok_and(|url| check(&url, trust).is_ok())
    }

    #[test]
    fn only_https_or_loopback_is_called() {
        for good in [
            "https://api.stripe.com/v1",
            "http://127.0.0.1:80/",
            "http://[::1]/",
            "http://localhost:1/",
        ] {
            assert!(allowed(good, Trust::Public), "{good}");
        }
        let bad = [
            "http://example.com/",
            "ftp://example.com/",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "https://user:pass@example.com/",
            "https://10.0.0.1/",
            "https://169.254.169.254/latest",
            "https://192.168.1.1/",
            "https://[::ffff:10.0.0.1]/",
            "https://[fd00::1]/",
            "https://0.0.0.0/",
            "https://100.64.0.1/",
            "https://[64:ff9b::a00:1]/",
            "https://[64:ff9b:1::a00:1]/",
            "https://[fec0::1]/",
            "https://[2001::1]/",
            "https://[::10.0.0.1]/",
            "https://[::1]:1@10.0.0.1/",
            "http://2130706432.example/",
        ];
        for bad in bad {
            assert!(!allowed(bad, Trust::Public), "{bad}");
        }
    }

    #[tokio::test]
    async fn a_public_name_never_leads_to_a_private_address() {
        // A number is looked up without a network, as a name would be.
        for private in ["10.0.0.1", "127.0.0.1", "169.254.169.254", "::1"] {
            let found = PublicOnly.resolve(private.parse().unwrap()).await;

            let error = found.err().unwrap().to_string();
            assert_eq!(error, format!("`{private}` leads to a private address"));
        }
        assert!(PublicOnly.resolve("8.8.8.8".parse().unwrap()).await.is_ok());
    }

    #[test]
    fn the_operator_may_name_private_addresses_but_not_plain_ones() {
        assert!(allowed("https://10.0.0.1/", Trust::Operator));
        assert!(!allowed("http://10.0.0.1/", Trust::Operator));
    }
}
