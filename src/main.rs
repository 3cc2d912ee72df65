//! `naive`: AI agents act on people's accounts while people stay in charge.
//!
//! From argv to an exit code: reads the command line, resolves the settings, puts together what the
//! command needs and nothing else, and runs it.

mod api;
mod backend;
mod catalog;
mod cli;
mod engine;
mod http;
mod oauth;
mod provider;
mod sandbox;
mod settings;
mod store;
mod vault;

use std::cell::RefCell;
use std::fs;
use std::process::ExitCode;

use clap::Parser as _;
use url::Url;

use api::error::{Error, Result};
use api::ids::IdempotencyKey;
use api::workspace::AuthType;
use backend::Backend;
use cli::output::{Output, note};
use cli::sandbox::{Asked, Serve};
use cli::{App, Cli, Command, Needs};
use engine::{Engine, World, gate};
use http::Http;
use sandbox::Sandbox;
use settings::{Profile, Settings};
use store::Store;
use vault::Vault;

fn main() -> ExitCode {
    cli::complete();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return ExitCode::from(cli::usage(&error)),
    };
    let name = cli.command.name();
    let prepared = prepare(&cli);
    let (settings, output, trouble) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => return ExitCode::from(Output::early(&cli.flags).error(name, &error)),
    };
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    if cli.command.needs() != Needs::Store {
        // What only looks into the store awaits neither sockets nor clocks.
        runtime.enable_all();
    }
    let told = Told { settings, key: cli.flags.idempotency_key, trouble };
    let status = runtime
        .build()
        .map_err(|error| Error::internal("the runtime cannot start", error))
        .and_then(|runtime| runtime.block_on(run(cli.command, told, &output)));
    ExitCode::from(status.unwrap_or_else(|error| output.error(name, &error)))
}

/// Resolves the settings; the commands that help to mend a config file do without it.
fn prepare(cli: &Cli) -> Result<(Settings, Output, Option<Error>)> {
    let (settings, trouble) = if cli.command.mends() {
        Settings::resolve_anyway(&cli.flags)?
    } else {
        (Settings::resolve(&cli.flags)?, None)
    };
    let output = Output::new(&cli.flags, &settings)?;
    Ok((settings, output, trouble))
}

/// What the command line and the machine tell beside the command.
struct Told {
    settings: Settings,
    key: Option<IdempotencyKey>,
    /// What is wrong with a config file that the command does without
    trouble: Option<Error>,
}

/// Runs a command with what it needs, and returns the exit status.
async fn run(command: Command, told: Told, output: &Output) -> Result<u8> {
    let Told { settings, key, trouble } = told;
    let needs = command.needs();
    if key.is_some() {
        command.check_takes_key()?;
    }
    if command.is_the_operators() {
        gate::operator(&cli::caller(&settings))?;
    }
    match command {
        Command::Sandbox(command) => return simulate(command, &settings, output).await,
        Command::Doctor => return cli::doctor::run(&settings, output, trouble).await,
        Command::Config(command) => return cli::config::run(&settings, output, command),
        Command::Completions(command) => return cli::generate::run(&command),
        Command::Restore(op) => return cli::backup::restore(&settings, output, &op),
        Command::Connections(_)
        | Command::Toolkits(_)
        | Command::Users(_)
        | Command::Use(_)
        | Command::Whoami
        | Command::Logs(_)
        | Command::Backup(_)
        | Command::Vault(_) => {}
    }
    let (backend, played) = match settings.profile {
        Profile::Cloud => (Backend::Cloud, None),
        Profile::Local => (Backend::Local(Box::new(engine(&settings, World::Real)?)), None),
        Profile::Sandbox => {
            note(SANDBOX)?;
            let engine = engine(&settings, World::Sandbox(None))?;
            let (url, played) = world(narrowed(needs, &command, &engine), &settings).await?;
            (Backend::Local(Box::new(engine.in_world(World::Sandbox(url)))), played)
        }
    };
    let app = App { settings, backend, output, key: RefCell::new(key) };
    let status = Box::pin(app.run(command)).await;
    drop(played);
    status
}

/// What every command in the sandbox says of itself.
const SANDBOX: &str = "Sandbox: the apps are simulated here; --profile local uses the real ones.";

/// Returns what is left of a command's needs once it is known how users log in to its app.
///
/// A link leads to apps that outlive the command, a key is entered later, and all else ends with it.
fn narrowed(needs: Needs, command: &Command, engine: &Engine) -> Needs {
    let Command::Connections(command) = command else { return needs };
    let Some(toolkit) = command.leaves_a_link() else { return needs };
    match engine.auth_type(toolkit) {
        Some(AuthType::Oauth2) => Needs::AppsLater,
        Some(AuthType::None) => Needs::Apps,
        Some(AuthType::ApiKey | AuthType::Basic) | None => Needs::Store,
    }
}

fn engine(settings: &Settings, world: World) -> Result<Engine> {
    let (store, vault) = (Store::open(&settings.dir)?, Vault::of(settings));
    Ok(Engine::new(store, vault, Http::new(settings.roots.is_some()), world))
}

/// Starts the sandbox if the command needs it: in this process, or beside it where a link outlives it.
async fn world(needs: Needs, settings: &Settings) -> Result<(Option<Url>, Option<Sandbox>)> {
    match needs {
        Needs::Nothing | Needs::Store | Needs::Watch => Ok((None, None)),
        Needs::Apps => {
            let options = sandbox::Options {
                database: settings.sandbox_database(),
                port: 0,
                any_bearer: false,
            };
            let played = sandbox::start(options).await?;
            Ok((Some(played.url().clone()), Some(played)))
        }
        Needs::AppsLater => {
            Ok((Some(sandbox::detached(&settings.sandbox_database()).await?), None))
        }
    }
}

/// Runs a command about the sandbox itself.
async fn simulate(
    command: cli::sandbox::Command,
    settings: &Settings,
    output: &Output,
) -> Result<u8> {
    let database = settings.sandbox_database();
    // Making the store makes the directory, as private as it has to be.
    drop(Store::open(&settings.dir)?);
    match command {
        cli::sandbox::Command::Status => {
            let contents = serde_json::to_value(sandbox::contents(&database)?)
                .map_err(|error| Error::internal("the sandbox cannot be shown", error))?;
            let failures = sandbox::planned(&database)?;
            cli::sandbox::status(output, &database.display().to_string(), contents, &failures)
        }
        cli::sandbox::Command::Fail(fail) => {
            match fail.asked()? {
                Asked::Plan(failure) => sandbox::plan(&database, &failure)?,
                Asked::List => {}
                Asked::Clear => sandbox::clear(&database)?,
            }
            cli::sandbox::failures(output, &sandbox::planned(&database)?, settings)
        }
        cli::sandbox::Command::Reset => {
            sandbox::reset(&database)?;
            cli::sandbox::reset(output)
        }
        cli::sandbox::Command::Serve(serve) => served(&serve, settings, output).await,
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
