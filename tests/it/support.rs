//! A clean machine to run `naive` on, and upstreams that answer on a socket.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

/// An empty machine: a home of its own, an empty environment, no terminal, no keyring.
///
/// The home goes when this does.
#[derive(Debug)]
pub(crate) struct Naive {
    home: PathBuf,
    variables: HashMap<String, String>,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Run {
    /// What stdout held
    pub(crate) out: String,
    /// What stderr held
    pub(crate) err: String,
    /// Exit status
    pub(crate) status: i32,
}

impl Naive {
    /// Makes the machine.
    pub(crate) fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("naive-it-{}-{number}", std::process::id());
        let home = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&home).unwrap();
        let variables = HashMap::from([
            ("NAIVE_HOME".to_owned(), home.display().to_string()),
            ("NAIVE_KEYRING".to_owned(), "off".to_owned()),
            ("HOME".to_owned(), home.display().to_string()),
        ]);
        Self { home, variables }
    }

    /// Sets a variable for every run from now on.
    pub(crate) fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.insert(name.to_owned(), value.into());
        self
    }

    /// Returns the home: `config.toml`, and a directory a profile.
    pub(crate) fn home(&self) -> &Path {
        &self.home
    }

    /// Returns a command, ready to be given more.
    pub(crate) fn command(&self, words: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_naive"));
        command
            .args(words)
            .env_clear()
            .envs(&self.variables)
            .current_dir(&self.home)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs a line that is split at spaces; words with spaces in them want [`Naive::with`].
    #[must_use = "a run that nobody looks at tests nothing"]
    pub(crate) fn run(&self, line: &str) -> Run {
        self.with(line, &[])
    }

    /// Runs a line with further words that are taken as they are.
    #[must_use = "a run that nobody looks at tests nothing"]
    pub(crate) fn with(&self, line: &str, more: &[&str]) -> Run {
        ended(self.command(line.split_whitespace().chain(more.iter().copied())).output().unwrap())
    }

    /// Runs a line with `stdin`.
    #[must_use = "a run that nobody looks at tests nothing"]
    pub(crate) fn fed(&self, line: &str, stdin: &str) -> Run {
        let mut child =
            self.command(line.split_whitespace()).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
        ended(child.wait_with_output().unwrap())
    }
}

impl Default for Naive {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Naive {
    fn drop(&mut self) {
        // A home that cannot be removed fails no test; the machine's own clean-up finds it.
        drop(std::fs::remove_dir_all(&self.home));
    }
}

/// Reads how a process ended.
pub(crate) fn ended(output: Output) -> Run {
    Run {
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
        status: output.status.code().unwrap_or(-1),
    }
}

impl Run {
    /// Holds the run to an exit status, and shows everything if it had another.
    pub(crate) fn exits(self, status: i32) -> Self {
        assert_eq!(self.status, status, "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self
    }

    /// Returns the envelope: all of stdout, and nothing beside it.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }
}

/// What an upstream was sent.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    /// Method
    pub(crate) method: String,
    /// Path with the query
    pub(crate) path: String,
    /// Headers, their names in lower case
    pub(crate) headers: HashMap<String, String>,
    /// Body
    pub(crate) body: String,
}

/// A server on loopback that answers as it is told, and remembers what it was sent.
#[derive(Debug)]
pub(crate) struct Upstream {
    /// `http://127.0.0.1:PORT`
    pub(crate) url: String,
    begun: Arc<Mutex<Vec<Received>>>,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Upstream {
    /// Answers each request with a status and a body; a body that begins with `HTTP/` is sent as it is,
    /// and an empty one with status 0 closes the connection without an answer.
    pub(crate) fn new(answer: impl Fn(&Received) -> (u16, String) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (begun, received) = (Arc::default(), Arc::default());
        let (seen, answer) = ((Arc::clone(&begun), Arc::clone(&received)), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (seen, answer) = (seen.clone(), Arc::clone(&answer));
                thread::spawn(move || serve(stream, (&seen.0, &seen.1), answer.as_ref()));
            }
        });
        Self { url, begun, received }
    }

    /// Returns what came so far, also what has had no answer yet.
    pub(crate) fn begun(&self) -> Vec<Received> {
        self.begun.lock().unwrap().clone()
    }

    /// Returns what was sent and answered so far.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

/// An endpoint that gives these answers in turn, the last one for ever; a lookup has its own.
pub(crate) fn answering(
    answers: &'static [(u16, &'static str)],
    lookup: (u16, &'static str),
) -> Upstream {
    let count = AtomicUsize::new(0);
    Upstream::new(move |request: &Received| {
        if request.method == "GET" {
            return (lookup.0, lookup.1.to_owned());
        }
        let at = count.fetch_add(1, Ordering::SeqCst).min(answers.len() - 1);
        (answers[at].0, answers[at].1.to_owned())
    })
}

fn serve(
    mut stream: TcpStream,
    (begun, seen): (&Mutex<Vec<Received>>, &Mutex<Vec<Received>>),
    answer: &dyn Fn(&Received) -> (u16, String),
) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        if line.trim().is_empty() {
            break;
        }
        head.push(line.trim().to_owned());
    }
    let mut words = head[0].split(' ');
    let (method, path) = (words.next().unwrap().to_owned(), words.next().unwrap().to_owned());
    let pairs = head[1..].iter().filter_map(|line| line.split_once(": "));
    let headers: HashMap<_, _> =
        pairs.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let request =
        Received { method, path, headers, body: String::from_utf8_lossy(&body).into_owned() };
    begun.lock().unwrap().push(request.clone());
    let (status, text) = answer(&request);
    seen.lock().unwrap().push(request);
    let reply = match (status, text.starts_with("HTTP/")) {
        (_, true) => text,
        (0, false) => return,
        (status, false) => format!(
            "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{text}",
            text.len()
        ),
    };
    // A client that has gone away is a case of its own in some tests.
    drop(stream.write_all(reply.as_bytes()));
}

/// Waits until `ready` returns something, and fails after a minute.
pub(crate) fn until<T>(what: &str, mut ready: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(value) = ready() {
            return value;
        }
        assert!(began.elapsed() < Duration::from_mins(1), "{what} did not come");
        thread::yield_now();
    }
}
