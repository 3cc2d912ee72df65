//! Trading: cold reads of a brokerage account, and how fast the exchange takes orders as their number grows.

use std::io::{BufRead as _, BufReader, Read as _, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Result;
use crate::measure::{Line, Side, found};
use crate::upstream::Upstreams;

/// How many orders the exchange is given.
const ORDERS: u32 = 100_000;
/// How many of them are timed at a time.
const BATCH: u32 = 100;
/// Headers by which a client names its account.
const KEYS: [&str; 2] = ["APCA-API-KEY-ID: bench", "APCA-API-SECRET-KEY: bench-secret"];

/// Returns the lines about trading, ready to run: in the sandbox, whose exchange each command starts by itself,
/// and against a server that answers at once.
pub(crate) fn lines(upstreams: &Upstreams, exchange: &Exchange) -> Result<Vec<Line>> {
    let (sandbox, local) =
        (Home::new("trade-sandbox", "sandbox")?, Home::new("trade-local", "local")?);
    sandbox.naive("trading connect --accept-disclosure").answer()?;
    sandbox.naive("trading order --symbol BTC/USD --side buy --notional 25").answer()?;
    Wire::open(&exchange.url)?.posts(&order("buy", "first"))?;
    local.naive(&format!("trading configure --broker-url {}", upstreams.http)).answer()?;
    local
        .naive("trading connect --accept-disclosure --api-key-id bench")
        .env("NAIVE_CREDENTIAL_API_SECRET_KEY", "bench-secret")
        .answer()?;
    let mut lines = Vec::new();
    for (command, path) in [
        ("account", "/v2/account"),
        ("positions", "/v2/positions"),
        ("quote --symbols AAPL", "/v2/stocks/quotes/latest?symbols=AAPL"),
    ] {
        lines.push(Line {
            what: format!("trading {command}, sandbox"),
            naive: sandbox.naive(&format!("trading {command}")),
            name: "curl, a running exchange",
            beside: curl(&format!("{}brokerage{path}", exchange.url)),
            aim: "4 ms",
        });
    }
    lines.push(Line {
        what: "trading account, stand-in".to_owned(),
        naive: local.naive("trading account"),
        name: "curl",
        beside: curl(&format!("{}/v2/account", upstreams.http)),
        aim: "4 ms",
    });
    Ok(lines)
}

/// A home of its own.
struct Home {
    path: PathBuf,
    profile: &'static str,
}

impl Home {
    fn new(name: &str, profile: &'static str) -> Result<Self> {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("process").join(name);
        if path.exists() {
            std::fs::remove_dir_all(&path)?;
        }
        std::fs::create_dir_all(&path)?;
        Ok(Self { path, profile })
    }

    fn naive(&self, line: &str) -> Side {
        let words = std::iter::once(env!("CARGO_BIN_EXE_naive")).chain(line.split(' '));
        Side::new(words)
            .env("NAIVE_HOME", &self.path)
            .env("HOME", &self.path)
            .env("NAIVE_PROFILE", self.profile)
            .env("NAIVE_ENCRYPTION_KEY", "5a".repeat(32))
    }
}

fn curl(url: &str) -> Option<Side> {
    let program = found("curl")?;
    let mut words = vec![program.into_os_string(), "-q".into(), "-sS".into()];
    words.extend(KEYS.into_iter().flat_map(|header| ["-H".into(), header.into()]));
    words.push(url.into());
    Some(Side::new(words))
}

/// The exchange as other programs use it; it ends with this value.
pub(crate) struct Exchange {
    child: Child,
    url: String,
}

impl Exchange {
    /// Starts it on an empty home.
    pub(crate) fn start() -> Result<Self> {
        let home = Home::new("exchange", "sandbox")?;
        let mut child = Command::new(env!("CARGO_BIN_EXE_naive"))
            .args(["sandbox", "serve", "--port", "0", "--output", "jsonl"])
            .env_clear()
            .env("NAIVE_HOME", &home.path)
            .env("HOME", &home.path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let out = child.stdout.take().ok_or("the exchange has no stdout")?;
        let mut told = String::new();
        BufReader::new(out).read_line(&mut told)?;
        let told: Value = serde_json::from_str(&told)?;
        let url = told["result"]["url"].as_str().ok_or("the exchange does not say where it is")?;
        Ok(Self { child, url: url.to_owned() })
    }

    /// Places orders one after the other on one connection, and says how long the first ones, some in the middle
    /// and the last ones took.
    pub(crate) fn grows(&self, out: &mut impl Write) -> Result<()> {
        let mut wire = Wire::open(&self.url)?;
        let mut batches = Vec::new();
        let began = Instant::now();
        for batch in 0..ORDERS / BATCH {
            let first = Instant::now();
            for number in 0..BATCH {
                // Every second one buys, so that money and holdings stay in bounds.
                let side = if number % 2 == 0 { "buy" } else { "sell" };
                wire.posts(&order(side, &format!("{batch}-{number}")))?;
            }
            batches.push(first.elapsed() / BATCH);
        }
        let rate = f64::from(ORDERS) / began.elapsed().as_secs_f64();
        let median = |part: &[Duration]| {
            let mut part = part.to_vec();
            part.sort();
            part[part.len() / 2]
        };
        let (first, last) = (median(&batches[1..11]), median(&batches[batches.len() - 10..]));
        writeln!(
            out,
            "\n{ORDERS} orders over HTTP on one connection: {rate:.0} a second; {first:?} each at the beginning, \
             {last:?} at the end, ratio {:.2} (aim: flat)",
            last.as_secs_f64() / first.as_secs_f64()
        )?;
        Ok(())
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Returns the body of a small order.
fn order(side: &str, id: &str) -> String {
    // What is left of the bought coins after the fee (25 basis points) is sold again.
    let qty = if side == "buy" { "0.001" } else { "0.0009975" };
    let order = json!({
        "symbol": "BTC/USD", "side": side, "qty": qty, "type": "market", "time_in_force": "gtc",
        "client_order_id": id,
    });
    order.to_string()
}

/// A connection that stays open.
struct Wire {
    stream: BufReader<TcpStream>,
    host: String,
}

impl Wire {
    fn open(url: &str) -> Result<Self> {
        let host = url.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let stream = TcpStream::connect(&host)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream), host })
    }

    /// Posts an order, and fails unless it was taken.
    fn posts(&mut self, body: &str) -> Result<()> {
        let [id, secret] = KEYS;
        let head = format!(
            "POST /brokerage/v2/orders HTTP/1.1\r\nhost: {}\r\n{id}\r\n{secret}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.host,
            body.len()
        );
        self.stream.get_mut().write_all(head.as_bytes())?;
        let (mut status, mut length) = (String::new(), 0);
        self.stream.read_line(&mut status)?;
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line)?;
            let line = line.trim().to_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse()?;
            }
        }
        let mut answer = vec![0; length];
        self.stream.read_exact(&mut answer)?;
        if status.contains(" 200 ") {
            return Ok(());
        }
        Err(format!("the exchange answered {status}{}", String::from_utf8_lossy(&answer)).into())
    }
}
