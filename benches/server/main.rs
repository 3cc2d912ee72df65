//! `cargo bench --bench server`: `naive serve` under load, beside a bare axum handler that does one indexed read
//! of `SQLite`, or one durable commit, and nothing else.
//!
//! Both are processes of their own on this machine, with as many threads, asked in turns (A B A B …) by the same
//! 64 connections; the ratio is the median of the ratios pair by pair. Nothing is asserted: the table has the aims
//! beside what was measured. `cargo bench --bench server -- --seconds 2 --pairs 3` is quicker, with more noise;
//! `-- --soak 60` asks a mixture of reads and writes, a thousand a second, for a minute, and tells whether memory
//! and descriptors stay as they are.

mod bare;
mod load;
mod served;
mod soak;

use std::error::Error;
use std::io::{Write as _, stdout};
use std::time::Duration;

use load::{Asked, Load};
use served::{Process, Served};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// What a run was told.
struct Options {
    /// How long each side is asked at a time
    span: Duration,
    /// How often both are
    pairs: usize,
    /// How long to soak, in place of all else
    soak: Option<Duration>,
}

fn main() -> Result<()> {
    let mut words = std::env::args().skip(1).peekable();
    if words.peek().is_some_and(|word| word == "--bare") {
        return bare::run(&words.nth(1).ok_or("`--bare` takes a database")?);
    }
    let options = options(words)?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(run(&options))
}

async fn run(options: &Options) -> Result<()> {
    let served = Served::start()?;
    let mut out = stdout().lock();
    if let Some(span) = options.soak {
        return soak::run(&served, span, &mut out).await;
    }
    let bare = Process::bare(&served.bare_database())?;
    writeln!(out, "at rest: {} MB, {} threads", served.memory()?, served.threads()?)?;
    writeln!(
        out,
        "{:<28}{:>14}{:>14}{:>8}{:>20}{:>8}  aim",
        "", "naive/s", "bare/s", "ratio", "p99 ms", "ratio"
    )?;
    for (what, ours, theirs, aim) in [
        ("connected, one user", served.read(), bare.read(), ">= 0.6x, p99 <= 2x"),
        ("a held call", served.held(), bare.write(), ">= 0.8x"),
    ] {
        let pairs = in_turns(options, &ours, &theirs).await?;
        writeln!(out, "{}", line(what, &pairs, aim))?;
    }
    let kept = load::connections(&served.process.host, 1_000).await?;
    writeln!(out, "with {} connections: {} MB (aim 100)", kept.len(), served.memory()?)?;
    Ok(())
}

/// Asks both sides in turns.
async fn in_turns(options: &Options, ours: &Asked, theirs: &Asked) -> Result<Vec<(Load, Load)>> {
    let mut pairs = Vec::new();
    for _ in 0..options.pairs {
        let our = load::ask(ours, options.span).await?;
        pairs.push((our, load::ask(theirs, options.span).await?));
    }
    Ok(pairs)
}

/// Returns one line of the table.
fn line(what: &str, pairs: &[(Load, Load)], aim: &str) -> String {
    let median = |value: &dyn Fn(&(Load, Load)) -> f64| {
        let mut all: Vec<_> = pairs.iter().map(value).collect();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    let (ours, theirs) = (median(&|pair| pair.0.rate), median(&|pair| pair.1.rate));
    let ratio = median(&|pair| pair.0.rate / pair.1.rate);
    let (our, their) = (median(&|pair| pair.0.p99), median(&|pair| pair.1.p99));
    let slower = median(&|pair| pair.0.p99 / pair.1.p99);
    format!(
        "{what:<28}{ours:>14.0}{theirs:>14.0}{ratio:>8.2}{our:>11.2} / {their:>6.2}{slower:>8.2}  {aim}"
    )
}

fn options(mut words: impl Iterator<Item = String>) -> Result<Options> {
    let mut options = Options { span: Duration::from_secs(3), pairs: 5, soak: None };
    while let Some(word) = words.next() {
        let mut number = || -> Result<u64> {
            Ok(words.next().ok_or_else(|| format!("`{word}` takes a number"))?.parse()?)
        };
        match word.as_str() {
            "--seconds" => options.span = Duration::from_secs(number()?.max(1)),
            "--pairs" => options.pairs = usize::try_from(number()?.max(1))?,
            "--soak" => options.soak = Some(Duration::from_secs(number()?.max(1))),
            // Cargo says `--bench` to every bench; words choose lines of the other one.
            _ => {}
        }
    }
    Ok(options)
}
