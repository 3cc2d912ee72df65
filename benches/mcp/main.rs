//! `cargo bench --bench mcp`: a session of an agent over stdio.
//!
//! How long it takes from the start of the process to the whole answer of the first `tools/list`, beside a
//! `naive --version`, which is the start of a process and nothing else, the two in turns; how long a
//! `connections_connected` takes in a session that goes on, beside a `ping`, which reads nothing; and how large the
//! list of tools is. Medians; `--pairs N` chooses how many. Nothing is asserted: the lines have the aims beside them.

use std::error::Error;
use std::io::{BufRead as _, BufReader, Write as _, stdout};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// A client with its server.
struct Session {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    asked: u64,
}

impl Session {
    fn start(home: &Path) -> Result<Self> {
        let mut child = naive(home).args(["mcp", "start"]).stdin(Stdio::piped()).spawn()?;
        let stdin = child.stdin.take().ok_or("no stdin")?;
        let stdout = BufReader::new(child.stdout.take().ok_or("no stdout")?);
        let mut session = Self { child, stdin, stdout, asked: 0 };
        session.ask(
            "initialize",
            &json!({
                "protocolVersion": "2025-11-25",
                "capabilities": {},
                "clientInfo": {"name": "bench", "version": "1"},
            }),
        )?;
        let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        writeln!(session.stdin, "{ready}")?;
        Ok(session)
    }

    fn ask(&mut self, method: &str, params: &Value) -> Result<Value> {
        self.asked += 1;
        let message =
            json!({"jsonrpc": "2.0", "id": self.asked, "method": method, "params": params});
        writeln!(self.stdin, "{message}")?;
        let mut line = String::new();
        self.stdout.read_line(&mut line)?;
        let answer: Value = serde_json::from_str(&line)?;
        if answer["result"].is_null() { Err(line.into()) } else { Ok(answer["result"].clone()) }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // It has nothing to finish.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn naive(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_naive"));
    command
        .env_clear()
        .env("NAIVE_HOME", home)
        .env("NAIVE_KEYRING", "off")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    command
}

fn main() -> Result<()> {
    let pairs = pairs(std::env::args().skip(1))?;
    let home = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("mcp");
    std::fs::create_dir_all(&home)?;
    naive(&home).args(["users", "list"]).output()?;
    let (mut starts, mut versions, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..pairs {
        let began = Instant::now();
        let mut session = Session::start(&home)?;
        session.ask("tools/list", &json!({}))?;
        let start = began.elapsed();
        drop(session);
        let began = Instant::now();
        naive(&home).arg("--version").output()?;
        let version = began.elapsed();
        ratios.push(start.as_secs_f64() / version.as_secs_f64());
        starts.push(start);
        versions.push(version);
    }
    let mut session = Session::start(&home)?;
    let (mut calls, mut pings) = (Vec::new(), Vec::new());
    for _ in 0..pairs * 10 {
        let began = Instant::now();
        session.ask("tools/call", &json!({"name": "connections_connected", "arguments": {}}))?;
        calls.push(began.elapsed());
        let began = Instant::now();
        session.ask("ping", &json!({}))?;
        pings.push(began.elapsed());
    }
    let tools = session.ask("tools/list", &json!({}))?["tools"].clone();
    let count = tools.as_array().map_or(0, Vec::len);
    let bytes = tools.to_string().len();
    ratios.sort_by(f64::total_cmp);
    let mut out = stdout().lock();
    writeln!(
        out,
        "start to first tools/list   {:>9.2?}  beside --version {:.2?}, {:.1}x  (aim 15 ms)",
        median(starts),
        median(versions),
        ratios[ratios.len() / 2],
    )?;
    writeln!(
        out,
        "connections_connected       {:>9.2?}  beside ping {:.2?}  (aim 1 ms)",
        median(calls),
        median(pings),
    )?;
    writeln!(
        out,
        "the list of {count} tools        {bytes} bytes, some {} tokens of four  (aim 6,000)",
        bytes / 4,
    )?;
    Ok(())
}

fn median(mut all: Vec<Duration>) -> Duration {
    all.sort();
    all[all.len() / 2]
}

fn pairs(mut words: impl Iterator<Item = String>) -> Result<usize> {
    let mut pairs = 100;
    while let Some(word) = words.next() {
        if word == "--pairs" {
            pairs = words.next().ok_or("`--pairs` takes a number")?.parse()?;
        }
    }
    Ok(std::cmp::max(pairs, 1))
}
