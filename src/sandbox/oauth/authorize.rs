//! The authorization endpoint: checks what a client asks for, asks a person, sends the answer back.
//!
//! A request whose client or redirect URI is wrong is answered here and never sent anywhere.

use axum::http::{StatusCode, header};
use axum::response::Response;
use url::{Host, Url};

use super::issuer;
use crate::api::ids;
use crate::api::sandbox::{At, What};
use crate::api::time::Millis;
use crate::sandbox::http::{self, Call, Params};
use crate::sandbox::store::clients;
use crate::sandbox::store::failures::{self, Fitting};
use crate::sandbox::store::grants::{self, Binding, Consent};
use crate::sandbox::{World, page};

/// Whose account it is where nobody said so.
pub(super) const FIRST_ACCOUNT: &str = page::ACCOUNTS[0].1;

/// Who signs for an answer where that is to be somebody else.
const OTHER_ISSUER: &str = "https://issuer.example";

/// A request that can be answered by sending the browser back.
#[derive(Debug)]
struct Asked {
    client: String,
    redirect: Url,
    /// The redirect URI as it was written, for the exact comparison later.
    redirect_uri: String,
    state: Option<String>,
    scope: String,
    /// Empty where the client does without PKCE.
    challenge: String,
}

/// What is wrong with a request.
#[derive(Debug)]
enum Wrong {
    /// The browser must not be sent back: say it here.
    Here(String),
    /// The client is told, by way of the browser.
    There { redirect: Box<Url>, state: Option<String>, error: &'static str, text: String },
}

/// Shows the consent page, or decides at once where the query has `consent=auto`.
pub(super) fn ask(world: &World, call: &Call, slug: &str) -> Response {
    let asked = match Asked::read(world, slug, &call.query) {
        Ok(asked) => asked,
        Err(wrong) => return refuse(world, slug, wrong),
    };
    if fails(world, slug, What::ConsentDenied) {
        return refuse(world, slug, asked.wrong("access_denied", "the user denied the request"));
    }
    match (call.query.get("consent"), account(call.query.get("account"))) {
        (Some("auto"), Some(account)) => allow(world, slug, asked, account),
        (Some("auto"), None) => refuse(
            world,
            slug,
            asked.wrong("invalid_request", "account must look like an e-mail address"),
        ),
        _ => show(slug, &asked, &call.query, None),
    }
}

/// Does what the person chose on the consent page.
pub(super) fn decide(world: &World, call: &Call, slug: &str) -> Response {
    let Some(form) = call.form() else {
        return page::problem(StatusCode::BAD_REQUEST, "the decision must come as a form");
    };
    let asked = match Asked::read(world, slug, &form) {
        Ok(asked) => asked,
        Err(wrong) => return refuse(world, slug, wrong),
    };
    match form.get("decision") {
        Some("allow") => match account(form.get("other").or(form.get("account"))) {
            Some(account) => allow(world, slug, asked, account),
            None => show(slug, &asked, &form, Some("An account is an e-mail address.")),
        },
        Some("deny") => {
            refuse(world, slug, asked.wrong("access_denied", "the user denied the request"))
        }
        _ => page::problem(StatusCode::BAD_REQUEST, "the decision is neither allow nor deny"),
    }
}

impl Asked {
    /// Checks the parameters, those first without which nobody can be told about the others.
    fn read(world: &World, slug: &str, params: &Params) -> Result<Self, Wrong> {
        let here = |text: &str| Wrong::Here(text.to_owned());
        if let Some(name) = params.repeated() {
            return Err(Wrong::Here(format!("the parameter `{name}` comes more than once")));
        }
        let client = params.get("client_id").ok_or_else(|| here("client_id is missing"))?;
        let redirect_uri =
            params.get("redirect_uri").ok_or_else(|| here("redirect_uri is missing"))?;
        let redirect = returnable(redirect_uri).ok_or_else(|| {
            here("redirect_uri is neither https nor http on loopback, or has a fragment")
        })?;
        let registered = world.store.read(|db| clients::find(db, slug, client)).ok().flatten();
        if registered.is_some_and(|own| !own.redirects.iter().any(|uri| is_same(uri, &redirect))) {
            return Err(here("redirect_uri is none that this client registered"));
        }
        let asked = Self {
            client: client.to_owned(),
            redirect,
            redirect_uri: redirect_uri.to_owned(),
            state: params.get("state").map(str::to_owned),
            scope: params.get("scope").unwrap_or_default().to_owned(),
            challenge: params.get("code_challenge").unwrap_or_default().to_owned(),
        };
        match asked.fault(params) {
            Some((error, text)) => Err(asked.wrong(error, text)),
            None => Ok(asked),
        }
    }

    fn fault(&self, params: &Params) -> Option<(&'static str, &'static str)> {
        let base64url = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        match params.get("response_type") {
            None => return Some(("invalid_request", "response_type is missing")),
            Some("code") => {}
            Some(_) => return Some(("unsupported_response_type", "response_type must be code")),
        }
        let method = params.get("code_challenge_method");
        if self.challenge.is_empty() && method.is_none() {
            return self.odd_scope();
        }
        if method != Some("S256") {
            return Some(("invalid_request", "code_challenge_method must be S256"));
        }
        if self.challenge.len() != 43 || !self.challenge.chars().all(base64url) {
            return Some(("invalid_request", "code_challenge must be 43 characters of base64url"));
        }
        self.odd_scope()
    }

    fn odd_scope(&self) -> Option<(&'static str, &'static str)> {
        // RFC 6749, 3.3: printable ASCII without quote and backslash, separated by spaces; some
        // apps separate them by commas, which no scope holds.
        let token = |c: char| matches!(c, '!' | '#'..='[' | ']'..='~');
        let odd = !grants::scopes(&self.scope).all(|scope| scope.chars().all(token));
        odd.then_some(("invalid_scope", "scope has a character that no scope has"))
    }

    fn wrong(self, error: &'static str, text: &str) -> Wrong {
        let (redirect, state) = (Box::new(self.redirect), self.state);
        Wrong::There { redirect, state, error, text: text.to_owned() }
    }
}

fn show(slug: &str, asked: &Asked, params: &Params, fault: Option<&str>) -> Response {
    let scopes: Vec<_> = grants::scopes(&asked.scope).collect();
    let hidden: Vec<_> = params
        .0
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "account" | "other" | "decision" | "consent"))
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    page::consent(&page::Question {
        app: slug,
        action: "authorize",
        client: &asked.client,
        scopes: &scopes,
        hidden: &hidden,
        chosen: params.get("other").or(params.get("account")).unwrap_or(FIRST_ACCOUNT),
        fault,
        device: None,
    })
}

fn allow(world: &World, slug: &str, asked: Asked, account: String) -> Response {
    let consent =
        Consent { app: slug.to_owned(), client: asked.client, account, scope: asked.scope };
    let binding = Binding { redirect_uri: asked.redirect_uri, challenge: asked.challenge };
    let now = Millis::now();
    match world.store.write(|tx| grants::issue_code(tx, &consent, &binding, now)) {
        Ok(code) => {
            let pairs = [("code", Some(code.as_str())), ("state", asked.state.as_deref())];
            send_back(world, slug, asked.redirect, &pairs)
        }
        Err(_) => page::problem(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the sandbox's database does not take the consent",
        ),
    }
}

fn refuse(world: &World, slug: &str, wrong: Wrong) -> Response {
    match wrong {
        Wrong::Here(text) => page::problem(StatusCode::BAD_REQUEST, &text),
        Wrong::There { redirect, state, error, text } => {
            let pairs = [
                ("error", Some(error)),
                ("error_description", Some(text.as_str())),
                ("state", state.as_deref()),
            ];
            send_back(world, slug, *redirect, &pairs)
        }
    }
}

/// Tells whether a consent is to fail in this way, and takes that failure off the plan.
pub(super) fn fails(world: &World, slug: &str, what: What) -> bool {
    // A database that does not answer will not take the consent either.
    let asked = Fitting { at: At::Consent, toolkit: slug, changes: true };
    failures::take(&world.store, asked, Some(what)).is_ok_and(|found| found.is_some())
}

/// Sends the browser to the client, whose own query is kept.
fn send_back(world: &World, slug: &str, mut to: Url, pairs: &[(&str, Option<&str>)]) -> Response {
    for (name, value) in pairs {
        if let Some(value) = value {
            to.query_pairs_mut().append_pair(name, value);
        }
    }
    let iss = if fails(world, slug, What::WrongIss) {
        OTHER_ISSUER.to_owned()
    } else {
        issuer(world, slug)
    };
    to.query_pairs_mut().append_pair("iss", &iss);
    let mut response = http::reply(StatusCode::SEE_OTHER, "text/plain; charset=utf-8", "");
    http::set(&mut response, header::LOCATION, to.as_str());
    page::keep_private(&mut response);
    response
}

/// Returns the URL if a browser may be sent there: https, or http on loopback with any port.
pub(super) fn returnable(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let loopback = match url.host()? {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    };
    let safe = url.scheme() == "https" || (url.scheme() == "http" && loopback);
    let bare = url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
    (safe && bare).then_some(url)
}

/// Tells whether a registered URI allows a redirect: the very same, but on loopback with any port
/// (RFC 8252, 7.3).
fn is_same(registered: &str, redirect: &Url) -> bool {
    let Some(mut registered) = returnable(registered) else { return false };
    if registered.scheme() == "http" && registered.set_port(redirect.port()).is_err() {
        return false;
    }
    registered == *redirect
}

/// Returns the account in lower case, the first one if none is named, nothing if it is no address.
pub(super) fn account(named: Option<&str>) -> Option<String> {
    let address = named.unwrap_or(FIRST_ACCOUNT).trim().to_lowercase();
    let (local, domain) = address.split_once('@')?;
    let plain = |part: &str| {
        let odd = |c: char| c.is_whitespace() || ids::hidden(c) || "@<>,;:\"()[]\\".contains(c);
        !part.is_empty() && !part.contains(odd)
    };
    (plain(local) && plain(domain) && address.len() <= 200).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_sent_to_loopback_and_https_only() {
        for good in [
            "http://127.0.0.1:4321/callback",
            "http://localhost/cb?x=1",
            "http://[::1]:9/",
            "https://app.example/cb",
        ] {
            assert!(returnable(good).is_some(), "{good}");
        }
        for bad in [
            "http://app.example/cb",
            "http://127.0.0.1.evil.example/",
            "http://localhost/#x",
            "https://user@app.example/",
            "javascript:alert(1)",
            "/cb",
        ] {
            assert!(returnable(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_registered_redirect_is_repeated_but_for_the_port_on_loopback() {
        let same = |one: &str, other: &str| is_same(one, &Url::parse(other).unwrap());

        assert!(same("http://127.0.0.1/cb", "http://127.0.0.1:4321/cb"));
        assert!(same("https://app.example/cb", "https://app.example/cb"));
        assert!(!same("https://app.example/cb", "https://app.example:8443/cb"));
        assert!(!same("http://127.0.0.1/cb", "http://127.0.0.1:4321/other"));
    }

    #[test]
    fn an_account_is_an_address() {
        assert_eq!(account(None).as_deref(), Some("ada@sandbox.example"));
        assert_eq!(account(Some(" Me@Example.org ")).as_deref(), Some("me@example.org"));
        assert_eq!(account(Some("nobody")), None);
        assert_eq!(account(Some("a@b\u{202e}c")), None);
        assert_eq!(account(Some("a@b@c")), None);
    }
}
