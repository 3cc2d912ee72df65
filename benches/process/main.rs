//! `cargo bench`: whole processes, from `exec` to exit, beside the tools that do the same work.
//!
//! Wall time and peak memory of `--version`, `connections connected`, `connections list` and
//! `connections execute` of a read, with 1, 1,000 and 1,000,000 connections in the mirror, beside an empty Rust
//! program, `sqlite3` doing the same indexed read, and `curl` sending the same request over http and
//! https; `approvals approve` of what performs nothing beside one durable `INSERT`, and `approvals list
//! --status pending` with 1,000,000 resolved approvals beside none; `trading account`, `positions` and `quote`
//! beside `curl`; and how long the exchange takes for an order, from the first to the 100,000th. Nothing is asserted about time: the table has the aims beside what was measured.
//!
//! - `cargo bench` takes about a minute once it is built; `cargo bench -- --pairs 20` less, with more noise.
//!   `cargo bench -- connected` measures the lines whose name holds that word.
//! - `RUSTFLAGS='-C target-feature=+crt-static' cargo bench --target x86_64-unknown-linux-gnu` measures a
//!   static build, which has an aim of its own.
//! - The two sides of a line take turns, A B A B …, and the ratio is the median of the ratios pair by
//!   pair, since a machine's own speed changes from second to second. Output goes to `/dev/null`.
//! - Every process gets an empty environment and a home of its own.
//! - Peak memory is the largest resident set that GNU time reports, shared library pages included:
//!   the median of five runs. Without GNU time it is `not measured`.
//! - Servers listen on `127.0.0.1` inside the bench, so no name is looked up. Over https `curl` has the
//!   system's roots, as it would on any machine, and a line with the one root that is needed.
//! - The stores lie under `target/`; the one with 1,000,000 connections is kept for the next run.

mod desk;
mod finding;
mod measure;
mod mirror;
mod plan;
mod trade;
mod upstream;

use std::error::Error;
use std::io::{Write as _, stdout};

use measure::Sampler;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let (pairs, word) = options(std::env::args().skip(1))?;
    let sampler = Sampler::new(pairs);
    let exchange = trade::Exchange::start()?;
    let lines = plan::lines(&sampler, &exchange)?;
    let mut out = stdout().lock();
    writeln!(out, "{}\n", plan::about(&sampler))?;
    writeln!(out, "{}", measure::HEADER)?;
    for line in lines.iter().filter(|line| line.what.contains(&word)) {
        writeln!(out, "{}", sampler.measured(line)?)?;
    }
    if "orders over http".contains(&word) {
        exchange.grows(&mut out)?;
    }
    Ok(())
}

/// Returns how many pairs a line takes, and the word that chooses lines.
fn options(mut words: impl Iterator<Item = String>) -> Result<(usize, String)> {
    let (mut pairs, mut chosen) = (100, String::new());
    while let Some(word) = words.next() {
        match word.as_str() {
            "--bench" => {} // Cargo says so to every bench.
            "--pairs" => pairs = words.next().ok_or("`--pairs` takes a number")?.parse()?,
            word => word.clone_into(&mut chosen),
        }
    }
    Ok((std::cmp::max(pairs, 1), chosen))
}
