//! A request that knows which of its parts are secret, so that it can be shown without them.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac as _};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, RequestBuilder};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};
use sha2::Sha256;
use url::Url;

use super::Bounds;
use super::address::{Trust, check};
use crate::api::address::is_loopback;
use crate::api::error::{Code, Error, Result};
use crate::api::ids::hex;
use crate::api::secrets::Secrets;

/// What stands for a secret wherever a request is shown.
const MASK: &str = "********";
/// Shortest text that is taken for an echoed secret.
const ECHO_MIN: usize = 8;

/// A secret of a body: one text, or several with names of their own.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Hidden<'a> {
    /// One text
    One(&'a SecretString),
    /// Several
    Named(&'a Secrets),
}

/// A request, with its secrets marked so that it can be shown without them.
#[derive(Clone)]
pub(crate) struct Request {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    pub(super) secrets: Vec<SecretString>,
    trust: Trust,
    /// Whether it stays where it is, whatever it changes there
    fixed: bool,
    pub(super) bounds: Bounds,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.host();
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("host", &host)
            .finish_non_exhaustive()
    }
}

impl Request {
    /// Begins a request.
    ///
    /// Fails with `InvalidInput` if the address may not be called, see [`check`].
    pub(crate) fn new(method: &str, url: Url, trust: Trust) -> Result<Self> {
        check(&url, trust)?;
        let method = Method::from_bytes(method.as_bytes())
            .map_err(|error| Error::internal("this is no HTTP method", error))?;
        Ok(Self {
            method,
            url,
            headers: HeaderMap::new(),
            body: Vec::new(),
            secrets: Vec::new(),
            trust,
            fixed: false,
            bounds: Bounds::App,
        })
    }

    /// Keeps it from following redirects, as writes are in any case.
    pub(crate) fn never_redirected(self) -> Self {
        Self { fixed: true, ..self }
    }

    /// Sets a header that is no secret.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Result<Self> {
        self.headers.insert(header_name(name)?, header_value(value)?);
        Ok(self)
    }

    /// Sets the body and its type.
    pub(crate) fn body(self, content_type: &str, body: Vec<u8>) -> Result<Self> {
        Self { body, ..self }.header("content-type", content_type)
    }

    /// Sets a form as the body; values of `hidden` count as secrets.
    pub(crate) fn form(
        mut self,
        plain: &[(&str, &str)],
        hidden: &[(&str, &SecretString)],
    ) -> Result<Self> {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        for (key, value) in plain {
            form.append_pair(key, value);
        }
        for (key, value) in hidden {
            form.append_pair(key, value.expose_secret());
            self.secrets.push((*value).clone());
        }
        self.body("application/x-www-form-urlencoded", form.finish().into_bytes())
    }

    /// Sets a JSON object as the body; values of `hidden` count as secrets.
    pub(crate) fn json(
        mut self,
        plain: &[(&str, &str)],
        hidden: &[(&str, &SecretString)],
    ) -> Result<Self> {
        let mut object: BTreeMap<&str, &str> = plain.iter().copied().collect();
        for (key, value) in hidden {
            object.insert(key, value.expose_secret());
            self.secrets.push((*value).clone());
        }
        let body = serde_json::to_vec(&object)
            .map_err(|error| Error::internal("a request cannot be written", error))?;
        self.body("application/json", body)
    }

    /// Sets a JSON object as the body, with the secrets that an operation does not write out itself: each stands
    /// under its name. The one place where a client sends them on.
    pub(crate) fn json_with_hidden(
        mut self,
        mut plain: Map<String, Value>,
        hidden: &[(&str, Hidden<'_>)],
    ) -> Result<Self> {
        let text = |secret: &SecretString| Value::from(secret.expose_secret());
        for (name, secret) in hidden {
            if matches!(secret, Hidden::Named(secrets) if secrets.0.is_empty()) {
                continue;
            }
            let value = match secret {
                Hidden::One(secret) => {
                    self.secrets.push((*secret).clone());
                    text(secret)
                }
                Hidden::Named(secrets) => {
                    self.secrets.extend(secrets.0.values().cloned());
                    secrets.0.iter().map(|(key, secret)| (key.clone(), text(secret))).collect()
                }
            };
            plain.insert((*name).to_owned(), value);
        }
        let body = serde_json::to_vec(&plain)
            .map_err(|error| Error::internal("a request cannot be written", error))?;
        self.body("application/json", body)
    }

    /// Sets a bearer token.
    pub(crate) fn bearer(self, token: &SecretString) -> Result<Self> {
        let value = format!("Bearer {}", token.expose_secret());
        self.secret_header(AUTHORIZATION.as_str(), &value, vec![token.clone()])
    }

    /// Sets a header to `prefix` and the HMAC-SHA256 (RFC 2104) of the body as it is now, in hexadecimal.
    pub(crate) fn signed(self, name: &str, prefix: &str, key: &SecretString) -> Result<Self> {
        let mac = Hmac::<Sha256>::new_from_slice(key.expose_secret().as_bytes());
        let mac = mac.map_err(|error| Error::internal("a request cannot be signed", error))?;
        let signature = mac.chain_update(&self.body).finalize().into_bytes();
        self.header(name, &format!("{prefix}{}", hex(&signature)))
    }

    /// Sets user name and password (RFC 7617).
    pub(crate) fn basic(self, user: &str, password: &SecretString) -> Result<Self> {
        let pair = STANDARD.encode(format!("{user}:{}", password.expose_secret()));
        let value = format!("Basic {pair}");
        self.secret_header(AUTHORIZATION.as_str(), &value, vec![password.clone(), pair.into()])
    }

    /// Sets user name and password where both are secret.
    pub(crate) fn basic_hidden(self, user: &SecretString, password: &SecretString) -> Result<Self> {
        self.basic(user.expose_secret(), password)
    }

    /// Sets a header from a template in which `{key}` stands for a secret.
    pub(crate) fn credential_header(
        self,
        name: &str,
        template: &str,
        secrets: &Secrets,
    ) -> Result<Self> {
        let value = reveal(template, secrets);
        self.secret_header(name, &value, secrets.0.values().cloned().collect())
    }

    /// Sets a header that is secret as a whole.
    pub(crate) fn hidden_header(self, name: &str, value: &SecretString) -> Result<Self> {
        self.secret_header(name, value.expose_secret(), vec![value.clone()])
    }

    /// Adds a query parameter from a template in which `{key}` stands for a secret.
    pub(crate) fn credential_query(
        mut self,
        name: &str,
        template: &str,
        secrets: &Secrets,
    ) -> Self {
        self.url.query_pairs_mut().append_pair(name, &reveal(template, secrets));
        self.secrets.extend(secrets.0.values().cloned());
        self
    }

    fn secret_header(
        mut self,
        name: &str,
        value: &str,
        secrets: Vec<SecretString>,
    ) -> Result<Self> {
        let mut value = header_value(value)?;
        value.set_sensitive(true);
        self.headers.insert(header_name(name)?, value);
        self.secrets.extend(secrets);
        Ok(self)
    }

    /// Returns the method.
    pub(crate) fn method(&self) -> &str {
        self.method.as_str()
    }

    /// Returns the address, with secrets masked.
    pub(crate) fn shown_url(&self) -> String {
        self.masked(self.url.as_str())
    }

    /// Returns the headers, with secrets masked.
    pub(crate) fn shown_headers(&self) -> impl Iterator<Item = (String, String)> {
        self.headers.iter().map(|(name, value)| {
            let shown = if value.is_sensitive() { MASK } else { value.to_str().unwrap_or(MASK) };
            (name.to_string(), shown.to_owned())
        })
    }

    /// Returns the body as text, with secrets masked.
    pub(crate) fn shown_body(&self) -> String {
        self.masked(&String::from_utf8_lossy(&self.body))
    }

    fn masked(&self, text: &str) -> String {
        let forms = self.secrets.iter().flat_map(forms);
        forms.fold(text.to_owned(), |text, form| text.replace(&form, MASK))
    }

    /// Masks this request's own secrets in an answer that repeats them.
    pub(super) fn scrub(&self, headers: &mut HeaderMap, body: &mut Vec<u8>) {
        let long = |secret: &&SecretString| secret.expose_secret().len() >= ECHO_MIN;
        let forms: Vec<_> = self.secrets.iter().filter(long).flat_map(forms).collect();
        let masked = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes);
            forms.iter().any(|form| text.contains(form)).then(|| self.masked(&text))
        };
        if let Some(text) = masked(body) {
            *body = text.into_bytes();
        }
        for value in headers.values_mut() {
            if let Some(text) = masked(value.as_bytes()) {
                *value = HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(MASK));
            }
        }
    }

    /// Replaces each `{mark}{key}` of the address by the secret of that key, percent-encoded.
    ///
    /// For apps that want their token in the path; everything else travels in headers. The mark is one
    /// that no input can hold, so that an input never calls a secret into the address.
    pub(crate) fn secret_address(mut self, mark: &str, secrets: &Secrets) -> Result<Self> {
        let mut text = self.url.as_str().to_owned();
        for (key, secret) in &secrets.0 {
            let hole = format!("{mark}{key}");
            if text.contains(&hole) {
                let plain = secret.expose_secret().as_bytes();
                let encoded: String = url::form_urlencoded::byte_serialize(plain).collect();
                text = text.replace(&hole, &encoded);
                self.secrets.push(secret.clone());
            }
        }
        self.url = Url::parse(&text)
            .map_err(|error| Error::internal("the address with its credential is none", error))?;
        check(&self.url, self.trust)?;
        Ok(self)
    }

    /// Returns the request that a redirect asks for; a credential does not leave its host.
    pub(super) fn redirected(&self, target: &str) -> Result<Self> {
        let url = self.url.join(target).map_err(|error| {
            Error::new(Code::ProviderError, "the app redirects to an address that is none")
                .because(error)
        })?;
        // Whoever vouches for an address does not vouch for where it leads: a public app must not make
        // us look into this machine or its network.
        let trust = if url.origin() == self.url.origin() { self.trust } else { Trust::Public };
        check(&url, trust).map_err(|error| Error { code: Code::ProviderError, ..error })?;
        if is_loopback(&url) && !is_loopback(&self.url) {
            let text = format!("`{}` redirects to this machine", self.host());
            return Err(Error::new(Code::ProviderError, text).reason("address_refused"));
        }
        let mut next = Self { url, ..self.clone() };
        if next.url.origin() != self.url.origin() {
            let headers = self.headers.iter();
            next.headers = headers
                .filter(|(_, value)| !value.is_sensitive())
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect();
        }
        Ok(next)
    }

    /// Hands the request to a client.
    pub(super) fn on(&self, client: &Client) -> RequestBuilder {
        client
            .request(self.method.clone(), self.url.clone())
            .headers(self.headers.clone())
            .body(self.body.clone())
    }

    /// Tells whether it follows redirects: it changes nothing at the other end, and nobody minds where it goes.
    pub(super) fn follows(&self) -> bool {
        self.method == Method::GET && !self.fixed
    }

    /// Returns who vouches for its address.
    pub(super) fn trust(&self) -> Trust {
        self.trust
    }

    /// Returns where it goes, without anything that could be a secret.
    pub(crate) fn host(&self) -> String {
        let host = self.url.host_str().unwrap_or("?");
        self.url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }
}

fn header_name(name: &str) -> Result<HeaderName> {
    HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| Error::new(Code::InvalidInput, format!("`{name}` is not a header name")))
}

/// Never names the value: it may be a secret.
fn header_value(value: &str) -> Result<HeaderValue> {
    HeaderValue::from_str(value).map_err(|_| {
        Error::new(Code::InvalidInput, "a header value holds a line break or a control character")
    })
}

/// Tells whether this came in place of a secret that the request itself held.
pub(crate) fn is_mask(secret: &SecretString) -> bool {
    secret.expose_secret() == MASK
}

/// Returns a secret as it stands in texts: as it is, in an address, in JSON, in base64 and in hexadecimal.
fn forms(secret: &SecretString) -> Vec<String> {
    let plain = secret.expose_secret();
    if plain.is_empty() {
        return Vec::new();
    }
    let mut forms = vec![
        plain.to_owned(),
        url::form_urlencoded::byte_serialize(plain.as_bytes()).collect(),
        plain.replace('/', "\\/"),
        hex(plain.as_bytes()),
        hex(plain.as_bytes()).to_uppercase(),
    ];
    // Inside a longer text its base64 depends on where it begins.
    for before in 0..3_usize {
        let text = [&vec![0; before], plain.as_bytes()].concat();
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            let encoded = engine.encode(&text);
            // The letters at its ends hold bits of what stands beside it, too.
            let ends = (before * 8).div_ceil(6)..encoded.len() - 2;
            forms.extend(encoded.get(ends).filter(|form| !form.is_empty()).map(str::to_owned));
        }
    }
    forms
}

/// Returns a text in which `{key}` stands for a secret, with the secret in its place: as secret as that.
pub(crate) fn filled(template: &str, secrets: &Secrets) -> SecretString {
    reveal(template, secrets).into()
}

/// Replaces `{key}` by the secret of that key: the one place where templates meet secrets.
fn reveal(template: &str, secrets: &Secrets) -> String {
    secrets.0.iter().fold(template.to_owned(), |text, (key, secret)| {
        text.replace(&format!("{{{key}}}"), secret.expose_secret())
    })
}
