//! Who asks: connections that stay open, each with one request under way at a time.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::Result;

/// How many connections ask at once.
const CONNECTIONS: usize = 64;

/// What is asked, again and again.
#[derive(Clone)]
pub(crate) struct Asked {
    /// `127.0.0.1:PORT`
    pub(crate) host: String,
    /// The requests, whole; each connection asks them in turn
    pub(crate) requests: Vec<Vec<u8>>,
    /// The status that each must have
    pub(crate) status: &'static str,
}

/// How it went.
pub(crate) struct Load {
    /// Answers in a second
    pub(crate) rate: f64,
    /// How long all but one in a hundred took at most, in milliseconds
    pub(crate) p99: f64,
}

/// Asks for a time, after a little while that does not count.
pub(crate) async fn ask(asked: &Asked, span: Duration) -> Result<Load> {
    let warm = Instant::now() + span / 10;
    let end = warm + span;
    let tasks: Vec<_> = (0..CONNECTIONS)
        .map(|number| tokio::spawn(one(asked.clone(), number, warm, end)))
        .collect();
    let mut took = Vec::new();
    for task in tasks {
        took.extend(task.await??);
    }
    took.sort_unstable();
    let at = took.get(took.len() * 99 / 100).copied().unwrap_or_default();
    let count = u32::try_from(took.len())?;
    Ok(Load { rate: f64::from(count) / span.as_secs_f64(), p99: at.as_secs_f64() * 1e3 })
}

async fn one(
    asked: Asked,
    number: usize,
    warm: Instant,
    end: Instant,
) -> std::result::Result<Vec<Duration>, String> {
    let mut wire = Wire::open(&asked.host).await?;
    let mut took = Vec::new();
    for at in number.. {
        let began = Instant::now();
        if began >= end {
            break;
        }
        let status = wire.ask(&asked.requests[at % asked.requests.len()]).await?;
        if status != asked.status {
            return Err(format!("answered {status}, not {}: {}", asked.status, wire.said()));
        }
        if began >= warm {
            took.push(began.elapsed());
        }
    }
    Ok(took)
}

/// Opens connections that have asked once, and keeps them.
pub(crate) async fn connections(host: &str, count: usize) -> Result<Vec<Wire>> {
    let request = format!("GET /health HTTP/1.1\r\nHost: {host}\r\n\r\n");
    let mut open = Vec::new();
    for _ in 0..count {
        let mut wire = Wire::open(host).await?;
        wire.ask(request.as_bytes()).await?;
        open.push(wire);
    }
    Ok(open)
}

/// A connection that stays open.
pub(crate) struct Wire {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Wire {
    /// Opens one.
    pub(crate) async fn open(host: &str) -> std::result::Result<Self, String> {
        let stream = TcpStream::connect(host).await.map_err(|error| error.to_string())?;
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        Ok(Self { stream, read: Vec::with_capacity(4096) })
    }

    /// Asks, reads the answer whole, and returns its status.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> std::result::Result<String, String> {
        self.stream.write_all(request).await.map_err(|error| error.to_string())?;
        self.read.clear();
        loop {
            let read = self.stream.read_buf(&mut self.read).await;
            if read.map_err(|error| error.to_string())? == 0 {
                return Err("the connection was closed".to_owned());
            }
            let Some(end) = self.read.windows(4).position(|four| four == b"\r\n\r\n") else {
                continue;
            };
            let head = String::from_utf8_lossy(&self.read[..end]).to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.and_then(|length| length.trim().parse().ok()).unwrap_or(0);
            if self.read.len() >= end + 4 + length {
                return Ok(head.get(9..12).unwrap_or_default().to_owned());
            }
        }
    }

    /// Returns the last answer, whole.
    pub(crate) fn said(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.read)
    }
}
