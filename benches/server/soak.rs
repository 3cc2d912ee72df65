//! A minute of mixed requests, at a steady rate: no error, and memory and descriptors as before.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::Result;
use crate::load::{Asked, Wire};
use crate::served::Served;

/// How many requests a second are asked, over all connections.
const RATE: f64 = 1_000.0;
/// How many connections ask.
const CONNECTIONS: u32 = 64;
/// Of so many requests one is a call that is held, and so writes.
const ONE_WRITES: u64 = 10;

/// Asks, and tells how the server fared, ten times in all.
pub(crate) async fn run(served: &Served, span: Duration, out: &mut impl Write) -> Result<()> {
    let (reads, held) = (served.reads(), served.held());
    let done = Arc::new(AtomicU64::new(0));
    let end = Instant::now() + span;
    let tasks: Vec<_> = (0..CONNECTIONS)
        .map(|number| {
            tokio::spawn(steadily(reads.clone(), held.clone(), Arc::clone(&done), (number, end)))
        })
        .collect();
    let before = Instant::now();
    for _ in 0..10 {
        tokio::time::sleep(span / 10).await;
        let (memory, files) = (served.memory()?, served.descriptors()?);
        let asked = done.load(Ordering::Relaxed);
        let seconds = before.elapsed().as_secs_f64();
        writeln!(
            out,
            "{seconds:>6.1} s  {asked:>8} answers  {memory:>6} MB  {files:>4} descriptors"
        )?;
    }
    for task in tasks {
        task.await??;
    }
    writeln!(out, "no error")?;
    Ok(())
}

/// Asks at this connection's share of the rate, reads and now and then a write.
async fn steadily(
    reads: Asked,
    held: Asked,
    done: Arc<AtomicU64>,
    (number, end): (u32, Instant),
) -> std::result::Result<(), String> {
    let mut wire = Wire::open(&reads.host).await?;
    let pause = Duration::from_secs_f64(f64::from(CONNECTIONS) / RATE);
    let mut turn =
        tokio::time::interval_at(tokio::time::Instant::now() + pause / CONNECTIONS * number, pause);
    for at in u64::from(number).. {
        turn.tick().await;
        if Instant::now() >= end {
            break;
        }
        let asked = if at % ONE_WRITES == 0 { &held } else { &reads };
        let which = usize::try_from(at).unwrap_or(0) % asked.requests.len();
        let status = wire.ask(&asked.requests[which]).await?;
        if status != asked.status {
            return Err(format!("answered {status}, not {}: {}", asked.status, wire.said()));
        }
        done.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}
