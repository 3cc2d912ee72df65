//! The loopback listener that catches one OAuth callback.
//!
//! It understands requests and judges only their form; whose login a callback ends is decided by the
//! engine. It is open while a login waits, at most minutes. It has no timeouts of its own (`tiny_http` has
//! none), so every connection gets its thread and the process ends them all.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use tiny_http::{Header, Method, Request, Response, Server, StatusCode};
use tokio::sync::mpsc;
use url::Url;

use crate::api::connections::Finish;
use crate::api::error::{Code, Error, Result};
use crate::callback::{Answer, PATH, finish, is_navigation};

/// How a callback's query is read; nothing of one that is none.
type Reading = fn(&str) -> Option<Finish>;

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

impl Listener {
    /// Opens the first port of `ports` that is free, or any if none is wanted.
    ///
    /// Fails with `InvalidInput` if every wanted port is taken.
    pub(crate) fn open(ports: &[u16]) -> Result<Self> {
        Self::bind(ports, finish)
    }

    /// Opens one likewise to which an API elsewhere sends the browser on once it has ended a login: what comes
    /// there says how it ended, and ends nothing.
    pub(crate) fn for_return(ports: &[u16]) -> Result<Self> {
        Self::bind(ports, sent_on)
    }

    fn bind(ports: &[u16], read: Reading) -> Result<Self> {
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
                thread::spawn(move || receive(request, (&host, read), &sender));
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
        show(self.request, answer);
    }

    /// Sends the browser on to an address.
    pub(crate) fn go_on(self, url: &Url) {
        redirect(self.request, url);
    }
}

fn receive(
    request: Request,
    (host, read): (&str, Reading),
    arrivals: &mpsc::UnboundedSender<Arrival>,
) {
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
    let destination = request.headers().iter().find(|header| header.field.equiv("sec-fetch-dest"));
    let navigates = is_navigation(destination.map(|header| header.value.as_str()));
    match read(query).filter(|_| bare && navigates) {
        // The other end is the command that waits; if it has gone, nobody does.
        Some(finish) => drop(arrivals.send(Arrival { finish, request })),
        None => show(request, &Answer::Refused),
    }
}

/// Reads what a browser says that an API has sent on: how the login ended, and of which app.
fn sent_on(query: &str) -> Option<Finish> {
    let names: Vec<_> =
        url::form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name).collect();
    let whole = ["status", "toolkit"].iter().all(|wanted| names.iter().any(|name| name == wanted));
    whole.then(Finish::default)
}

fn plain(request: Request, status: u16) {
    // Whoever asked may have gone; the listener goes on.
    let _ = request.respond(Response::empty(StatusCode(status)));
}

/// Sends the browser on to an address.
fn redirect(request: Request, url: &Url) {
    let mut response = Response::empty(StatusCode(302));
    let headers = [("Location", url.as_str()), ("Cache-Control", "no-store")];
    for header in headers.into_iter().flat_map(|(name, value)| Header::from_bytes(name, value)) {
        response.add_header(header);
    }
    // Whoever asked may have gone; the login has ended all the same.
    let _ = request.respond(response);
}

/// Shows the browser a page.
fn show(request: Request, answer: &Answer<'_>) {
    let page = answer.page("the terminal");
    let mut response = Response::from_string(page.body).with_status_code(page.status);
    let headers = page.headers.iter().map(|(name, value)| (*name, value.as_str()));
    let headers = headers.chain([("connection", "close")]);
    for header in headers.flat_map(|(name, value)| Header::from_bytes(name, value)) {
        response.add_header(header);
    }
    // Whoever asked may have gone; the login has ended all the same.
    let _ = request.respond(response);
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use super::*;

    #[test]
    fn a_callback_that_comes_after_the_one_that_ended_the_login_is_told_so() {
        let mut listener = Listener::open(&[]).unwrap();
        let port = listener.redirect_uri().port().unwrap();
        let mut tab = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        let asked = format!("GET {PATH}?state=s&code=c HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n");
        tab.write_all(format!("{asked}Connection: close\r\n\r\n").as_bytes()).unwrap();
        while listener.arrivals.is_empty() {
            thread::yield_now();
        }

        listener.dismiss();

        let mut page = String::new();
        tab.read_to_string(&mut page).unwrap();
        assert!(
            page.starts_with("HTTP/1.1 200 ") && page.contains("<h1>Already done</h1>"),
            "{page}"
        );
    }
}
