//! Why no answer came, in words of its own for each cause.

use std::error::Error as _;
use std::io;

use rustls::{CertificateError, Error as Tls};

use super::{Failure, Fate};
use crate::api::error::{Code, Error};

/// A cause that people can do something about.
struct Cause {
    /// What the host did or is, after its name
    what: String,
    /// The same in one word
    reason: &'static str,
    /// What to do
    hint: Option<&'static str>,
}

/// Describes a request that got no answer.
pub(super) fn unanswered(host: &str, error: &reqwest::Error) -> Failure {
    let sent = !(error.is_connect() || error.is_builder());
    let cause = known(error, sent).unwrap_or_else(|| unknown(error, sent));
    let said = Error::new(Code::ProviderError, format!("`{host}` {}", cause.what));
    let said = said.reason(cause.reason);
    let error = match cause.hint {
        Some(hint) => said.hint(hint),
        None => said,
    };
    let fate = if sent { Fate::Unknown } else { Fate::NotSent };
    Failure { fate, error }
}

fn known(error: &reqwest::Error, sent: bool) -> Option<Cause> {
    for cause in causes(error) {
        if let Some(tls) = cause.downcast_ref::<Tls>() {
            return Some(untrusted(tls));
        }
        let io = cause.downcast_ref::<io::Error>();
        if io.is_some_and(|io| io.kind() == io::ErrorKind::ConnectionRefused) {
            let what = "refuses the connection".to_owned();
            return Some(Cause { what, reason: "connection_refused", hint: None });
        }
    }
    (error.is_timeout() && !sent).then(|| Cause {
        what: "did not answer".to_owned(),
        reason: "unreachable",
        hint: None,
    })
}

/// Names a cause by the words of whoever found it: names that cannot be looked up, broken connections.
fn unknown(error: &reqwest::Error, sent: bool) -> Cause {
    let words = innermost(error);
    if sent {
        return Cause {
            what: format!("broke the connection off{words}"),
            reason: "connection_broken",
            hint: None,
        };
    }
    let lookup = causes(error).any(|cause| cause.to_string() == "dns error");
    if lookup && words.ends_with("private address") {
        let what = "is a public name for a private address".to_owned();
        return Cause { what, reason: "address_refused", hint: None };
    }
    if lookup {
        return Cause {
            what: format!("cannot be looked up{words}"),
            reason: "dns_failed",
            hint: Some("check the name, and that this machine is online"),
        };
    }
    Cause { what: format!("cannot be reached{words}"), reason: "unreachable", hint: None }
}

fn untrusted(error: &Tls) -> Cause {
    let what = |text: &str| text.to_owned();
    let Tls::InvalidCertificate(fault) = error else {
        return Cause {
            what: format!("speaks no TLS with us: {error}"),
            reason: "tls_failed",
            hint: None,
        };
    };
    match fault {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => Cause {
            what: what("has a certificate that has expired"),
            reason: "certificate_expired",
            hint: Some("check this machine's clock; else the host has to renew it"),
        },
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            Cause {
                what: what("has a certificate for another host"),
                reason: "certificate_of_another_host",
                hint: Some("check the address"),
            }
        }
        CertificateError::UnknownIssuer => Cause {
            what: what("has a certificate that nobody we trust has signed"),
            reason: "certificate_untrusted",
            hint: Some("if its authority is your own, name its file in `SSL_CERT_FILE`"),
        },
        other => Cause {
            what: format!("has a certificate that is not valid: {other}"),
            reason: "certificate_invalid",
            hint: None,
        },
    }
}

/// Returns the causes of an error from the outermost on.
fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    let mut link = error.source();
    std::iter::from_fn(move || {
        let cause = link?;
        // What an I/O error wraps is not among its sources.
        let wrapped = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        link = wrapped.map(|inner| inner as &(dyn std::error::Error + 'static)).or(cause.source());
        Some(cause)
    })
}

/// Returns the innermost cause, if there is one, after a colon.
fn innermost(error: &reqwest::Error) -> String {
    causes(error).last().map(|cause| format!(": {cause}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use reqwest::dns::{Name, Resolve, Resolving};

    use super::*;

    /// Knows no name, and says why in its own words.
    struct Nobody(&'static str);

    impl Resolve for Nobody {
        fn resolve(&self, _: Name) -> Resolving {
            let words = self.0;
            Box::pin(async move { Err(words.into()) })
        }
    }

    #[tokio::test]
    #[expect(clippy::disallowed_methods, reason = "a client whose names lead nowhere")]
    async fn a_name_that_leads_nowhere_is_told_from_one_that_leads_inside() {
        let table = [
            ("no such host", "dns_failed", "cannot be looked up: no such host"),
            (
                "`app.example` leads to a private address",
                "address_refused",
                "is a public name for a private address",
            ),
        ];
        for (words, reason, text) in table {
            let tls = rustls::ClientConfig::builder_with_provider(Arc::new(
                rustls::crypto::ring::default_provider(),
            ))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth();
            let builder = reqwest::Client::builder().use_preconfigured_tls(tls).no_proxy();
            let client = builder.dns_resolver(Arc::new(Nobody(words))).build().unwrap();

            let error = client.get("https://app.example/").send().await.unwrap_err();
            let failure = unanswered("app.example", &error);

            assert_eq!(failure.fate, Fate::NotSent);
            assert_eq!(failure.error.reason.as_deref(), Some(reason));
            assert_eq!(failure.error.message, format!("`app.example` {text}"));
        }
    }
}
