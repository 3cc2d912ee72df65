//! A browser in miniature, and a login that waits for one.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::support::{Naive, Run, ended, until};

/// What a server answered.
#[derive(Debug)]
pub(crate) struct Page {
    /// HTTP status
    pub(crate) status: u16,
    /// Status line and headers
    pub(crate) head: String,
    /// Body
    pub(crate) body: String,
}

impl Page {
    /// Returns a header, its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let pairs = self.head.lines().filter_map(|line| line.split_once(": "));
        let mut values = pairs.filter(|(key, _)| key.eq_ignore_ascii_case(name));
        values.next().map(|(_, value)| value.trim())
    }

    /// Returns where it sends the browser.
    pub(crate) fn location(&self) -> String {
        self.header("location").unwrap_or_else(|| panic!("no redirect: {self:?}")).to_owned()
    }
}

/// Splits `http://host:port/path` into `host:port` and the rest.
pub(crate) fn split(url: &str) -> (&str, &str) {
    let rest = url.strip_prefix("http://").unwrap_or_else(|| panic!("not http: {url}"));
    rest.split_at(rest.find('/').unwrap_or(rest.len()))
}

/// Sends bytes to `host:port` and reads the answer until the connection ends.
pub(crate) fn raw(host: &str, bytes: &[u8]) -> Page {
    answer(sent(host, bytes))
}

/// Sends bytes to `host:port`.
fn sent(host: &str, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(15))).unwrap();
    stream.write_all(bytes).unwrap();
    stream
}

/// Reads the answer until the connection ends.
pub(crate) fn answer(mut stream: TcpStream) -> Page {
    let mut text = Vec::new();
    // A server that closes early may reset the connection; what it said before counts.
    drop(stream.read_to_end(&mut text));
    let text = String::from_utf8_lossy(&text).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
    Page { status, head: head.to_owned(), body: body.to_owned() }
}

/// Sends a request with further header lines.
pub(crate) fn request(method: &str, url: &str, headers: &str, body: &str) -> Page {
    raw(split(url).0, text(method, url, headers, body).as_bytes())
}

fn text(method: &str, url: &str, headers: &str, body: &str) -> String {
    let (host, path) = split(url);
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    )
}

/// What a browser says when a person opens an address.
const NAVIGATES: &str = "Sec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n";

/// Opens an address as a person's browser does.
pub(crate) fn visit(url: &str) -> Page {
    request("GET", url, NAVIGATES, "")
}

/// Asks likewise, and leaves the answer to be read.
pub(crate) fn asked(url: &str) -> TcpStream {
    sent(split(url).0, text("GET", url, NAVIGATES, "").as_bytes())
}

/// Decides on the sandbox's consent page behind `link`, and returns the callback it sends the browser to.
pub(crate) fn decide(link: &str, decision: &str) -> String {
    decide_as(link, decision, "ada@sandbox.example")
}

/// The same, for an account of one's choice.
pub(crate) fn decide_as(link: &str, decision: &str, account: &str) -> String {
    let page = visit(link);
    assert_eq!(page.status, 200, "{page:?}");
    let (form, query) = link.split_once('?').unwrap();
    let body = format!("{query}&decision={decision}&account={}", account.replace('@', "%40"));
    let headers = "Content-Type: application/x-www-form-urlencoded\r\n";
    let answer = request("POST", form, headers, &body);
    assert_eq!(answer.status, 303, "{answer:?}");
    answer.location()
}

/// Returns a parameter of a URL as it stands there.
pub(crate) fn parameter<'a>(url: &'a str, name: &str) -> Option<&'a str> {
    let pairs = url.split_once('?')?.1.split('&').filter_map(|pair| pair.split_once('='));
    let mut values = pairs.filter(|(key, _)| *key == name);
    values.next().map(|(_, value)| value)
}

/// Returns the link's redirect URI, decoded.
pub(crate) fn redirect_uri(link: &str) -> String {
    parameter(link, "redirect_uri").unwrap().replace("%3A", ":").replace("%2F", "/")
}

/// A `connect` that waits for its browser. It is killed when this goes.
#[derive(Debug)]
pub(crate) struct Login {
    /// The link that was shown
    pub(crate) link: String,
    child: Option<Child>,
    rest: Option<JoinHandle<String>>,
}

impl Login {
    /// Starts a line, and returns once it has shown a link.
    pub(crate) fn start(naive: &Naive, line: &str) -> Self {
        Self::of(naive.command(line.split_whitespace()))
    }

    /// Starts a command, and returns once it has shown a link.
    pub(crate) fn of(command: Command) -> Self {
        Self::told(command, |line| line.trim().starts_with("http"))
    }

    /// Starts a line that joins the login of another process, and returns once it has said so.
    pub(crate) fn joining(naive: &Naive, line: &str) -> Self {
        Self::told(naive.command(line.split_whitespace()), |line| line.contains("waits already"))
    }

    /// Starts a command, and returns once it has written a line of that kind in place of a link.
    fn told(mut command: Command, is_meant: impl Fn(&str) -> bool + Send + 'static) -> Self {
        let mut child = command.spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (sender, links) = mpsc::channel();
        let rest = thread::spawn(move || {
            let mut all = String::new();
            for line in stderr.lines().map_while(Result::ok) {
                if is_meant(&line) {
                    // Only the first is waited for.
                    drop(sender.send(line.trim().to_owned()));
                }
                all.push_str(&line);
                all.push('\n');
            }
            all
        });
        let Ok(link) = links.recv() else {
            let run = ended(child.wait_with_output().unwrap());
            panic!("no link was shown: {run:?} {:?}", rest.join());
        };
        Self { link, child: Some(child), rest: Some(rest) }
    }

    /// Returns the process.
    pub(crate) fn id(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// Tells whether it still waits.
    pub(crate) fn waits(&mut self) -> bool {
        self.child.as_mut().unwrap().try_wait().unwrap().is_none()
    }

    /// Waits for its end.
    pub(crate) fn end(mut self) -> Run {
        let run = ended(self.child.take().unwrap().wait_with_output().unwrap());
        Run { err: self.rest.take().unwrap().join().unwrap(), ..run }
    }
}

impl Drop for Login {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // It may have ended by itself.
            drop(child.kill());
            drop(child.wait());
        }
    }
}

/// A process that is killed when this goes.
#[derive(Debug)]
pub(crate) struct Leashed(Child);

impl Leashed {
    /// Serves the sandbox of a machine, as `--no-wait` would, so that no process is left behind.
    pub(crate) fn sandbox(naive: &Naive) -> Self {
        let words = ["sandbox", "serve", "--port", "0", "--idle", "600"];
        let served = Self(naive.command(words).spawn().unwrap());
        let mark = naive.home().join("sandbox/sandbox.url");
        until("the sandbox", || std::fs::read(&mark).ok().filter(|url| !url.is_empty()));
        served
    }
}

impl Drop for Leashed {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Sends a signal to a process that a test started.
pub(crate) fn signal(id: u32, name: &str) {
    let sent =
        Command::new("/bin/sh").arg("-c").arg(format!("kill -{name} {id}")).status().unwrap();
    assert!(sent.success());
}
