//! The loopback listener that catches one OAuth callback.
//!
//! It understands requests and judges only their form; whose login a callback ends is decided by the
//! engine. It is open while a login waits, at most minutes. It has no timeouts of its own (`tiny_http` has
//! none), so every connection gets its thread and the process ends them all.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use tiny_http::{Header, Method, Request, Response, Server, StatusCode};
use tokio::sync::mpsc;
use url::Url;

use crate::api::connections::Finish;
use crate::api::error::{Code, Error, Result};

/// Path of the callback, as it is registered with apps.
const PATH: &str = "/oauth/callback";
/// The one page, with holes for its words.
const PAGE: &str = include_str!("callback.html");

/// An open listener.
pub(crate) struct Listener {
    server: Arc<Server>,
    redirect_uri: Url,
    arrivals: mpsc::UnboundedReceiver<Arrival>,
}

/// A callback of the right form, waiting for its answer.
pub(crate) struct Arrival {
    /// What it says
    pub(crate) finish: Finish,
    request: Request,
}

impl std::fmt::Debug for Arrival {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Arrival").finish_non_exhaustive()
    }
}

/// What the browser is shown.
#[derive(Debug)]
pub(crate) enum Answer<'a> {
    /// The login succeeded: the app's name, and whose account it is
    Connected(&'a str, Option<&'a str>),
    /// It succeeded, and the user goes on to this address
    GoOn(&'a Url),
    /// It had ended before
    Done,
    /// It ended without success, for this reason
    Failed(&'a str),
    /// This is nothing that anyone here waits for
    Refused,
}

impl Listener {
    /// Opens the first port of `ports` that is free, or any if none is wanted.
    ///
    /// Fails with `InvalidInput` if every wanted port is taken.
    pub(crate) fn open(ports: &[u16]) -> Result<Self> {
        let wanted = if ports.is_empty() { &[0] } else { ports };
        let bound = wanted.iter().find_map(|port| {
            TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, *port))).ok()
        });
        let bound = bound.ok_or_else(|| {
            let ports: Vec<_> = ports.iter().map(u16::to_string).collect();
            let text = match ports.as_slice() {
                [port] => format!("port {port} is taken on 127.0.0.1"),
                several => format!("ports {} are all taken on 127.0.0.1", several.join(", ")),
            };
            Error::new(Code::InvalidInput, text)
                .hint("choose another with `--port`, or leave it out")
        })?;
        let unusable =
            |error: std::io::Error| Error::internal("the callback listener cannot open", error);
        let port = bound.local_addr().map_err(unusable)?.port();
        let redirect_uri = Url::parse(&format!("http://127.0.0.1:{port}{PATH}"))
            .map_err(|error| Error::internal("the callback has no address", error))?;
        let server = Server::from_listener(bound, None)
            .map_err(|error| Error::internal("the callback listener cannot open", error))?;
        let server = Arc::new(server);
        let (sender, arrivals) = mpsc::unbounded_channel();
        let accepting = Arc::clone(&server);
        let host = format!("127.0.0.1:{port}");
        thread::spawn(move || {
            for request in accepting.incoming_requests() {
                let (host, sender) = (host.clone(), sender.clone());
                // Answering waits for the rest of the request, which may never come.
                thread::spawn(move || receive(request, &host, &sender));
            }
        });
        keep_moving(Arc::downgrade(&server), port);
        Ok(Self { server, redirect_uri, arrivals })
    }

    /// Returns where the browser must return to.
    pub(crate) fn redirect_uri(&self) -> &Url {
        &self.redirect_uri
    }

    /// Answers callbacks that came while the login was being ended: a second tab, a reload.
    pub(crate) fn dismiss(&mut self) {
        while let Ok(arrival) = self.arrivals.try_recv() {
            arrival.answer(&Answer::Done);
        }
    }

    /// Waits for the next callback of the right form.
    pub(crate) async fn arrival(&mut self) -> Option<Arrival> {
        self.arrivals.recv().await
    }
}

/// Connects and hangs up, twenty times a second, for as long as the listener lives.
///
/// `tiny_http` starts a thread for a connection only if none seems free; in a burst, connections queue
/// behind silent ones for good. A thread that has just been hung up on takes the next of that queue.
fn keep_moving(server: Weak<Server>, port: u16) {
    const PAUSE: Duration = Duration::from_millis(50);
    thread::spawn(move || {
        while server.strong_count() > 0 {
            drop(TcpStream::connect((Ipv4Addr::LOCALHOST, port)));
            thread::sleep(PAUSE);
        }
    });
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.server.unblock();
    }
}

impl Arrival {
    /// Shows the browser how the login ended.
    pub(crate) fn answer(self, answer: &Answer<'_>) {
        respond(self.request, answer);
    }
}

/// Reads a redirect URL that was pasted or handed over.
///
/// Fails with `InvalidInput` if it is none.
pub(crate) fn parse(text: &str) -> Result<Finish> {
    let wrong = || {
        Error::new(Code::InvalidInput, "this is not the address the browser ended at")
            .hint("copy it whole from the address bar: it holds `state=` and `code=`")
    };
    let url = Url::parse(text.trim()).map_err(|_| wrong())?;
    finish(url.query().unwrap_or_default()).ok_or_else(wrong)
}

fn receive(request: Request, host: &str, arrivals: &mpsc::UnboundedSender<Arrival>) {
    let hosts: Vec<_> =
        request.headers().iter().filter(|header| header.field.equiv("host")).collect();
    let right_host = matches!(hosts.as_slice(), [one] if one.value.as_str() == host);
    let (path, query) = request.url().split_once('?').unwrap_or((request.url(), ""));
    if !right_host {
        return plain(request, 403);
    }
    if path != PATH {
        return plain(request, 404);
    }
    if *request.method() != Method::Get {
        return plain(request, 405);
    }
    let bare = request.body_length().is_none_or(|length| length == 0);
    match finish(query).filter(|_| bare && is_navigation(&request)) {
        // The other end is the command that waits; if it has gone, nobody does.
        Some(finish) => drop(arrivals.send(Arrival { finish, request })),
        None => respond(request, &Answer::Refused),
    }
}

/// Tells whether a browser came here to show a page; a page that fetches this address did not.
///
/// Browsers name the destination with every request to loopback; other clients need not.
fn is_navigation(request: &Request) -> bool {
    request
        .headers()
        .iter()
        .all(|header| !header.field.equiv("sec-fetch-dest") || header.value.as_str() == "document")
}

/// Reads the parameters of a callback, each at most once, with a state and a code or an error.
fn finish(query: &str) -> Option<Finish> {
    let mut finish = Finish::default();
    let mut seen = Vec::new();
    for (key, value) in url::form_urlencoded::parse(query.as_bytes()) {
        if seen.contains(&key) {
            return None;
        }
        match &*key {
            "state" if value.is_empty() => return None,
            "state" => finish.state = SecretString::from(&*value),
            "code" => finish.code = Some(SecretString::from(&*value)),
            "iss" => finish.iss = Some(value.into_owned()),
            "error" => finish.error = Some(value.into_owned()),
            "error_description" => finish.error_description = Some(value.into_owned()),
            _ => {}
        }
        seen.push(key);
    }
    let ended = finish.code.is_some() != finish.error.is_some();
    (seen.iter().any(|key| key == "state") && ended).then_some(finish)
}

fn plain(request: Request, status: u16) {
    // Whoever asked may have gone; the listener goes on.
    let _ = request.respond(Response::empty(StatusCode(status)));
}

fn respond(request: Request, answer: &Answer<'_>) {
    let (status, title, words) = match answer {
        Answer::Connected(app, account) => {
            let whose = account.map(|account| format!(" as {account}")).unwrap_or_default();
            (200, format!("{app} is connected"), format!("You are signed in{whose}. You can close this tab and go back to the terminal."))
        }
        Answer::GoOn(url) => {
            let mut response = Response::empty(StatusCode(302));
            let headers = [("Location", url.as_str()), ("Cache-Control", "no-store")];
            for header in headers.into_iter().flat_map(|(name, value)| Header::from_bytes(name, value)) {
                response.add_header(header);
            }
            let _ = request.respond(response);
            return;
        }
        Answer::Done => (200, "Already done".to_owned(), "This login has ended. You can close this tab.".to_owned()),
        Answer::Failed(reason) => (400, "Not connected".to_owned(), format!("{}. Go back to the terminal to see what to do.", sentence(reason))),
        Answer::Refused => (400, "Nothing here".to_owned(), "Nobody here waits for this login. Go back to the terminal and use the link shown there.".to_owned()),
    };
    let page = PAGE
        .replace("{{title}}", &escaped(&title))
        .replace("{{words}}", &escaped(&words))
        .replace("{{tone}}", if status == 200 { "good" } else { "bad" });
    let mut response = Response::from_string(page).with_status_code(status);
    let policy = policy();
    let headers = [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Cache-Control", "no-store"),
        ("Referrer-Policy", "no-referrer"),
        ("X-Content-Type-Options", "nosniff"),
        ("Content-Security-Policy", policy.as_str()),
        ("Connection", "close"),
    ];
    for header in headers.into_iter().flat_map(|(name, value)| Header::from_bytes(name, value)) {
        response.add_header(header);
    }
    // Whoever asked may have gone; the login has ended all the same.
    let _ = request.respond(response);
}

/// Permits the page's own style and script, by their hashes, and nothing else.
fn policy() -> String {
    let hash = |tag: &str| {
        let inside = PAGE
            .split_once(&format!("<{tag}>"))
            .and_then(|(_, rest)| rest.split_once(&format!("</{tag}>")));
        STANDARD.encode(Sha256::digest(inside.map_or("", |(inside, _)| inside)))
    };
    let (style, script) = (hash("style"), hash("script"));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; script-src 'sha256-{script}'; base-uri 'none'; frame-ancestors 'none'"
    )
}

/// Returns an error's words as the beginning of a sentence on a page.
fn sentence(text: &str) -> String {
    let mut letters = text.chars().filter(|c| *c != '`');
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callback_says_each_thing_once() {
        assert!(finish("state=s&code=c&iss=i").is_some());
        assert!(finish("state=s&error=access_denied").is_some());
        for bad in [
            "",
            "code=c",
            "state=&code=c",
            "state=s",
            "state=s&state=s&code=c",
            "state=s&code=c&error=x",
            "state=s&code=a&code=b",
        ] {
            assert!(finish(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_pasted_address_is_read_whole() {
        assert!(parse(" http://127.0.0.1:9/oauth/callback?state=s&code=c\n").is_ok());
        assert!(parse("code").is_err());
    }
}
