//! `naive sandbox`: commands about the simulated world itself, run here because the sandbox is started by the
//! program and by nothing else.

use std::fs;
use std::path::Path;

use crate::api::error::{Error, Result};
use crate::cli;
use crate::cli::output::Output;
use crate::cli::sandbox::exchange::{self as view, Clock, Fills, Price, age, recorded};
use crate::cli::sandbox::{Asked, Command, Serve};
use crate::sandbox;
use crate::sandbox::exchange::admin as exchange;
use crate::settings::Settings;
use crate::store::Store;

/// Runs a command.
pub(crate) async fn run(command: Command, settings: &Settings, output: &Output) -> Result<u8> {
    let database = settings.sandbox_database();
    // Making the store makes the directory, as private as it has to be.
    drop(Store::open(&settings.dir)?);
    match command {
        Command::Status => {
            let contents = serde_json::to_value(sandbox::contents(&database)?)
                .map_err(|error| Error::internal("the sandbox cannot be shown", error))?;
            let failures = sandbox::planned(&database)?;
            cli::sandbox::status(output, &database.display().to_string(), contents, &failures)
        }
        Command::Fail(fail) => {
            match fail.asked()? {
                Asked::Plan(failure) => sandbox::plan(&database, &failure)?,
                Asked::List => {}
                Asked::Clear => sandbox::clear(&database)?,
            }
            cli::sandbox::failures(output, &sandbox::planned(&database)?, settings)
        }
        Command::Reset { cash: None } => {
            sandbox::reset(&database)?;
            cli::sandbox::reset(output)
        }
        Command::Reset { cash: Some(cash) } => {
            exchange::reset(&database, cash)?;
            view::reset(output, cash)
        }
        Command::Price(price) => priced(&database, price, output),
        Command::Clock(clock) => clocked(&database, &clock, output),
        Command::Fills(fills) => filled(&database, &fills, output),
        Command::Serve(serve) => served(&serve, settings, output).await,
    }
}

/// Serves the sandbox until Ctrl-C, or until it has been idle long enough.
async fn served(serve: &Serve, settings: &Settings, output: &Output) -> Result<u8> {
    let database = settings.sandbox_database();
    let any_bearer = serve.idle.is_none();
    let options = sandbox::Options { database: database.clone(), port: serve.port, any_bearer };
    let played = sandbox::start(options).await?;
    let Some(span) = serve.idle() else {
        cli::sandbox::served(output, played.url())?;
        let _ = tokio::signal::ctrl_c().await;
        return Ok(0);
    };
    let mark = sandbox::mark(&database);
    fs::write(&mark, played.url().as_str())
        .map_err(|error| Error::internal("the sandbox cannot say where it is", error))?;
    played.idle_for(span).await;
    // Whoever finds a mark tries the address before relying on it.
    let _ = fs::remove_file(mark);
    Ok(0)
}

/// Sets prices, or lets them go.
fn priced(database: &Path, price: Price, output: &Output) -> Result<u8> {
    match price {
        Price::Set { symbol, price, spread } => {
            view::priced(output, &exchange::price_set(database, &symbol, price, spread)?)
        }
        Price::Walk { symbol, to, from, over } => {
            let course = exchange::Course { symbol, from, to, over: over.length() };
            view::priced(output, &exchange::price_walk(database, &course)?)
        }
        Price::Replay { file, max_age } => {
            let age = age(max_age.as_ref(), exchange::MAX_AGE);
            let count = exchange::price_replay(database, &recorded(&file)?, age)?;
            view::counted(output, "replayed", count)
        }
        Price::Clear { symbol } => {
            let count = exchange::price_clear(database, symbol.as_deref())?;
            view::counted(output, "cleared", count)
        }
    }
}

/// Sets the clock, or lets it go.
fn clocked(database: &Path, clock: &Clock, output: &Output) -> Result<u8> {
    match clock {
        Clock::Set { at } => view::clock(output, exchange::clock_set(database, *at)?, true),
        Clock::Advance { by } => {
            view::clock(output, exchange::clock_advance(database, by.length())?, true)
        }
        Clock::Real => view::clock(output, exchange::clock_real(database)?, false),
        Clock::Show => {
            let kept = exchange::kept(database)?;
            view::clock(output, kept.now, kept.stopped)
        }
    }
}

/// Sets how orders are filled, and shows it.
fn filled(database: &Path, fills: &Fills, output: &Output) -> Result<u8> {
    if let Some(part) = fills.partial {
        exchange::partial_fills(database, Some(part).filter(|part| !part.0.is_zero()))?;
    }
    if let Some(instant) = fills.instant {
        exchange::instant(database, instant)?;
    }
    if let Some(times) = fills.margin {
        exchange::multiplier(database, times)?;
    }
    if let Some(seed) = fills.seed {
        exchange::seed(database, seed)?;
    }
    view::kept(output, &exchange::kept(database)?)
}
