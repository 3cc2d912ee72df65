//! The two servers, each a process.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::Result;
use crate::load::Asked;

/// A server that is killed when this goes.
pub(crate) struct Process {
    /// `127.0.0.1:PORT`
    pub(crate) host: String,
    child: Child,
}

/// `naive serve`, and the keys of those who ask.
pub(crate) struct Served {
    /// The server
    pub(crate) process: Process,
    home: PathBuf,
    operator: String,
    agent: String,
}

impl Process {
    /// Starts a program, and reads its address from what it says first.
    fn start(command: &mut Command, host: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let mut told = String::new();
        let stdout = child.stdout.take().ok_or("it has no stdout")?;
        BufReader::new(stdout).read_line(&mut told)?;
        let host = host(&told).ok_or_else(|| format!("it did not begin: {told}"))?;
        Ok(Self { host, child })
    }

    /// Starts the bare handlers: this bench, told to be them.
    pub(crate) fn bare(database: &Path) -> Result<Self> {
        let text = database.to_str().ok_or("the path is no text")?;
        crate::bare::database(text)?;
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["--bare", text]);
        Self::start(&mut command, |told| Some(told.trim().to_owned()))
    }

    /// Returns the bare read.
    pub(crate) fn read(&self) -> Asked {
        self.asked("200", &[("GET /users/alice", "")], "")
    }

    /// Returns the bare commit, of as many bytes as a held call brings.
    pub(crate) fn write(&self) -> Asked {
        self.asked("202", &[("POST /held", CARD)], "")
    }

    /// Returns requests to this server, with a further header.
    fn asked(&self, status: &'static str, lines: &[(&str, &str)], header: &str) -> Asked {
        let host = &self.host;
        let request = |(line, body): &(&str, &str)| {
            let kind = if body.is_empty() { "" } else { "Content-Type: application/json\r\n" };
            let length = body.len();
            format!(
                "{line} HTTP/1.1\r\nHost: {host}\r\n{header}{kind}Content-Length: {length}\r\n\r\n{body}"
            )
            .into_bytes()
        };
        Asked { host: host.clone(), requests: lines.iter().map(request).collect(), status }
    }
}

const CARD: &str = r#"{"name":"Ads","spendingLimitCents":50000}"#;

impl Served {
    /// Makes a home with a user who has a connection, and serves it.
    pub(crate) fn start() -> Result<Self> {
        let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("server");
        if home.exists() {
            fs::remove_dir_all(&home)?;
        }
        fs::create_dir_all(&home)?;
        let told = |line: &str| -> Result<Value> {
            Ok(serde_json::from_slice(&naive(&home, line).output()?.stdout)?)
        };
        told("users create alice")?;
        told("connections connect hackernews --user alice")?;
        let key = |role: &str| -> Result<String> {
            let made = told(&format!("keys create --name {role} --role {role}"))?;
            Ok(made["result"]["api_key"].as_str().ok_or("no key was made")?.to_owned())
        };
        let (operator, agent) = (key("workspace")?, key("agent")?);
        let mut command = naive(&home, "serve --addr 127.0.0.1:0 --rate-limit 0 --output jsonl");
        let process = Process::start(&mut command, |told| {
            let told: Value = serde_json::from_str(told).ok()?;
            Some(told["result"]["url"].as_str()?.strip_prefix("http://")?.to_owned())
        })?;
        Ok(Self { process, home, operator, agent })
    }

    /// Returns where the bare handlers keep theirs: on the same disk.
    pub(crate) fn bare_database(&self) -> PathBuf {
        self.home.join("bare.db")
    }

    /// Returns the cheap read of the mirror.
    pub(crate) fn read(&self) -> Asked {
        self.by(&self.operator, "200", &[("GET /v1/users/alice/connections/connected", "")])
    }

    /// Returns a call that is held.
    pub(crate) fn held(&self) -> Asked {
        self.by(&self.agent, "202", &[("POST /v1/users/alice/cards", CARD)])
    }

    /// Returns reads of several kinds, as a program that works asks them.
    pub(crate) fn reads(&self) -> Asked {
        let lines = [
            ("GET /v1/users/alice/connections/connected", ""),
            ("GET /v1/users/alice/connections?search=mail", ""),
            ("GET /v1/approvals?status=pending&limit=5", ""),
            ("GET /v1/users/alice/connections/gmail/tools?limit=5", ""),
            ("GET /v1/logs?limit=5", ""),
        ];
        self.by(&self.operator, "200", &lines)
    }

    fn by(&self, key: &str, status: &'static str, lines: &[(&str, &str)]) -> Asked {
        self.process.asked(status, lines, &format!("Authorization: Bearer {key}\r\n"))
    }

    /// Returns the resident memory of the server, in megabytes.
    pub(crate) fn memory(&self) -> Result<f64> {
        let kilobytes: u32 = self.status("VmRSS:")?.parse()?;
        Ok((f64::from(kilobytes) / 102.4).round() / 10.0)
    }

    /// Returns how many threads it has.
    pub(crate) fn threads(&self) -> Result<String> {
        self.status("Threads:")
    }

    /// Returns how many descriptors it has open.
    pub(crate) fn descriptors(&self) -> Result<usize> {
        Ok(fs::read_dir(format!("/proc/{}/fd", self.process.child.id()))?.count())
    }

    fn status(&self, what: &str) -> Result<String> {
        let text = fs::read_to_string(format!("/proc/{}/status", self.process.child.id()))?;
        let line = text.lines().find_map(|line| line.strip_prefix(what));
        let word = line.and_then(|line| line.split_whitespace().next());
        Ok(word.ok_or_else(|| format!("the system does not tell `{what}`"))?.to_owned())
    }
}

/// Returns a call of `naive` on a home.
fn naive(home: &Path, line: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_naive"));
    command
        .args(line.split(' '))
        .env_clear()
        .env("NAIVE_HOME", home)
        .env("HOME", home)
        .env("NAIVE_KEYRING", "off");
    command
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
