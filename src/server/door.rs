//! Who may speak to this server at all, before anyone asks what they want.
//!
//! A page on the web can send requests to loopback, and can have its own name lead there (DNS rebinding). So
//! a request must name the server by its own name, and no page but the server's own may have sent it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use url::Url;

use super::{Site, answer};
use crate::api::error::{Code, Error, Result};
use crate::api::ids::fresh;

/// Header that names a request, in what is answered.
const REQUEST_ID: header::HeaderName = header::HeaderName::from_static("x-request-id");

/// The names under which the server is spoken to.
#[derive(Debug)]
pub(super) struct Door {
    /// Values of `Host`
    hosts: Vec<String>,
    /// Values of `Origin`
    origins: Vec<String>,
    /// What the names of all requests begin with
    process: String,
    /// How many have come
    count: AtomicU64,
}

impl Door {
    /// Makes the door of a server that listens at `bound` and is called `url` by others.
    pub(super) fn new(bound: SocketAddr, url: &Url) -> Self {
        let port = bound.port();
        let mut hosts = vec![bound.to_string()];
        if bound.ip().is_loopback() {
            hosts.push(format!("localhost:{port}"));
        }
        let mut origins: Vec<_> = hosts.iter().map(|host| format!("http://{host}")).collect();
        origins.push(url.origin().ascii_serialization());
        let host = url.host_str().unwrap_or_default();
        hosts.push(match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        });
        let process = fresh().simple().to_string();
        Self { hosts, origins, process, count: AtomicU64::new(0) }
    }

    /// Returns a name for a request that no other has.
    fn name(&self) -> String {
        format!("req_{}{:08x}", &self.process[..16], self.count.fetch_add(1, Ordering::Relaxed))
    }

    /// Fails with `Forbidden` unless the request is for this server, and from no page of another.
    fn check(&self, headers: &HeaderMap) -> Result<()> {
        let is_one_of = |name: header::HeaderName, known: &[String]| {
            let mut given = headers.get_all(name).iter();
            let text = given.next().and_then(|value| value.to_str().ok());
            let own =
                text.is_some_and(|text| known.iter().any(|own| own.eq_ignore_ascii_case(text)));
            own && given.next().is_none()
        };
        if !is_one_of(header::HOST, &self.hosts) {
            return Err(Error::new(Code::Forbidden, "this server answers to its own name only")
                .hint("call it by the address it was started with; `--public-url` adds a name")
                .reason("host_not_allowed"));
        }
        if headers.contains_key(header::ORIGIN) && !is_one_of(header::ORIGIN, &self.origins) {
            return Err(Error::new(
                Code::Forbidden,
                "no page of another site may call this server",
            )
            .hint("call it from a program, not from a browser")
            .reason("origin_not_allowed"));
        }
        Ok(())
    }
}

/// Lets a request in, or turns it away, and gives the answer what every answer has.
pub(super) async fn guard(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    let mut response = match site.door.check(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(error) => answer::wrong(answer::dialect(request.uri().path()), error.into()),
    };
    let headers = response.headers_mut();
    let id = HeaderValue::from_str(&site.door.name());
    headers.extend(id.ok().map(|id| (REQUEST_ID, id)));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
