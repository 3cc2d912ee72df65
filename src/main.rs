//! `naive`: AI agents act on people's accounts while people stay in charge.
//!
//! From argv to an exit code: reads the command line, resolves the settings, puts together what the
//! command needs and nothing else, and runs it.

mod api;
mod backend;
mod broker;
mod callback;
mod catalog;
mod cli;
mod engine;
mod http;
mod mcp;
mod oauth;
mod provider;
mod remote;
mod sandbox;
mod sealing;
mod server;
mod settings;
mod simulate;
mod store;
mod vault;

use std::cell::RefCell;
use std::path::Path;
use std::process::ExitCode;

use secrecy::SecretString;
use url::Url;

use api::error::{Code, Error, Result};
use api::ids::IdempotencyKey;
use api::keys::Dialect;
use api::toolkits::AuthType;
use backend::Backend;
use cli::output::{Output, note};
use cli::{App, Cli, Command, Deferred, Needs};
use engine::{Caller, Engine, Notify, Refusal, World, gate};
use http::Http;
use remote::Remote;
use sandbox::Sandbox;
use settings::{Profile, ProfileSource, Settings};
use store::Store;
use vault::{Vault, access};

fn main() -> ExitCode {
    cli::complete();
    let cli = match cli::parse() {
        Ok(cli) => cli,
        Err(error) => return ExitCode::from(cli::usage(&error)),
    };
    let name = cli.command.name();
    let (output, prepared) = match prepare(&cli) {
        Ok(prepared) => prepared,
        Err(error) => {
            let output = Output::early(&cli.flags).aside(cli.command.speaks_protocol());
            return ExitCode::from(output.error(name, &error));
        }
    };
    let mut runtime = runtime_of(&cli.command);
    // Where apps are the real ones, also a list may have to be got anew.
    let calls_out = prepared.settings.profile != Profile::Sandbox;
    let calls_out = calls_out || cli.command.fetches();
    if calls_out || cli.command.needs() != Needs::Store || !notify(&prepared.settings).is_empty() {
        // What only looks into the store awaits neither sockets nor clocks.
        runtime.enable_all();
    }
    let status = runtime
        .build()
        .map_err(|error| Error::internal("the runtime cannot start", error))
        .and_then(|runtime| runtime.block_on(run(cli.command, prepared, &output)));
    ExitCode::from(status.unwrap_or_else(|error| output.error(name, &error)))
}

/// Returns the runtime of a command: one thread, but for a server.
fn runtime_of(command: &Command) -> tokio::runtime::Builder {
    if let Command::Serve(_) | Command::Dashboard(_) = command {
        let mut several = tokio::runtime::Builder::new_multi_thread();
        several.worker_threads(server::THREADS).max_blocking_threads(2);
        return several;
    }
    tokio::runtime::Builder::new_current_thread()
}

/// What is known before a command runs.
struct Prepared {
    settings: Settings,
    /// What is wrong with the config file, for a command that helps to mend it
    trouble: Option<Error>,
    who: Result<Who>,
    /// `--idempotency-key`
    key: Option<IdempotencyKey>,
}

/// Whoever runs a command.
struct Who {
    caller: Caller,
    /// The workspace, where it was asked about their key
    engine: Option<Engine>,
}

/// Resolves the settings; the commands that help to mend a config file do without it.
fn prepare(cli: &Cli) -> Result<(Output, Prepared)> {
    let (mut settings, trouble) = if cli.command.mends() {
        Settings::resolve_anyway(&cli.flags)?
    } else {
        (Settings::resolve(&cli.flags)?, None)
    };
    if cli.command.is_of_the_cloud() && settings.profile_source == ProfileSource::Usual {
        settings.enter(Profile::Cloud)?;
    }
    let who = recognize(&mut settings);
    let caller = who.as_ref().map_or(UNKNOWN, |who| who.caller.clone());
    let caller = seen_from(&settings, caller);
    let output = Output::new(&cli.flags, &settings, caller)?.aside(cli.command.speaks_protocol());
    let key = cli.flags.idempotency_key.clone();
    Ok((output, Prepared { settings, trouble, who, key }))
}

/// Finds out who calls: without a key it is the human, and nothing is read.
///
/// Where no profile was named and its store does not know the key, the profile is `cloud`. A store that is
/// not there is not made to find that out.
fn recognize(settings: &mut Settings) -> Result<Who> {
    let Some(key) = settings.api_key.clone() else {
        return Ok(Who { caller: Caller::Human, engine: None });
    };
    if access::is_blank(&key) {
        // A script that lost its key must not be taken for the operator.
        return Err(Error::new(Code::Unauthorized, "`NAIVE_API_KEY` is set, and holds no key")
            .hint("unset it, or give it a key of this store")
            .reason("key_missing"));
    }
    let named = settings.profile_source == ProfileSource::Named;
    if let Some(engine) = asked(settings, settings.profile)? {
        let caller = engine.caller(&key, Dialect::Naive)?;
        if named || caller != UNKNOWN {
            return Ok(Who { caller, engine: Some(engine) });
        }
    }
    if !named {
        settings.enter(Profile::Cloud)?;
    }
    if settings.profile == Profile::Cloud && access::is_local(&key) && settings.api_url.is_none() {
        return Err(local_key(settings, &key));
    }
    Ok(Who { caller: UNKNOWN, engine: None })
}

/// Returns a caller as what is suggested here is addressed to them: who they are to an API elsewhere, and what
/// they may do there, that API says.
fn seen_from(settings: &Settings, caller: Caller) -> Caller {
    if settings.profile == Profile::Cloud { Caller::Human } else { caller }
}

const UNKNOWN: Caller = Caller::Refused(Refusal::Unknown);

/// Returns a profile's workspace, to be asked about a key; `None` where it is elsewhere, or not made yet.
fn asked(settings: &Settings, profile: Profile) -> Result<Option<Engine>> {
    let world = match profile {
        Profile::Cloud => return Ok(None),
        Profile::Local => World::Real,
        Profile::Sandbox => World::Sandbox(None),
    };
    let dir = settings.dir_of(profile);
    Store::is_there(&dir).then(|| engine(settings, &dir, world)).transpose()
}

/// Makes the error of a key that belongs to a store, and would be sent to an API that nobody named.
fn local_key(settings: &Settings, key: &SecretString) -> Error {
    let knows = |profile: &Profile| {
        let engine = asked(settings, *profile).ok().flatten();
        let caller = engine.map(|engine| engine.caller(key, Dialect::Naive));
        caller.is_some_and(|caller| caller.is_ok_and(|caller| caller != UNKNOWN))
    };
    let hint = match [Profile::Sandbox, Profile::Local].iter().find(|profile| knows(profile)) {
        Some(profile) => format!("use `--profile {}`, whose store knows it", profile.as_str()),
        None => "use the `--profile` whose store made it".into(),
    };
    let text =
        "`NAIVE_API_KEY` holds a key that a store made, and no API was named that may see it";
    Error::new(Code::Unauthorized, text).hint(hint).reason("key_unknown")
}

/// Runs a command with what it needs, and returns the exit status.
async fn run(command: Command, prepared: Prepared, output: &Output) -> Result<u8> {
    let Prepared { settings, trouble, who, key } = prepared;
    if key.is_some() {
        command.check_takes_key()?;
    }
    let (caller, known) = match (who, command.asks_who()) {
        (Ok(who), _) => (who.caller, who.engine),
        (Err(error), true) => return Err(error),
        (Err(_), false) => (UNKNOWN, None),
    };
    command.check_profile(&settings)?;
    // Whom commands act for at an API elsewhere is the choice of whoever calls it.
    let free = settings.profile == Profile::Cloud && matches!(command, Command::Use(_));
    if command.is_the_operators() && !free {
        gate::operator(&caller)?;
    }
    match command {
        Command::Sandbox(Deferred(command)) => {
            // It may run for long, and needs no store.
            drop(known);
            return simulate::run(command, &settings, output).await;
        }
        Command::Doctor => return cli::doctor::run(&settings, output, trouble).await,
        Command::Config(Deferred(command)) => return cli::config::run(&settings, output, command),
        Command::Completions(command) => return cli::generate::run(&command),
        Command::Restore(op) => return cli::backup::restore(&settings, output, &op),
        Command::Mcp(Deferred(cli::mcp::Command::Install(op))) => {
            return cli::mcp::install(&settings, output, &op);
        }
        Command::Login(_)
        | Command::Logout
        | Command::Api(_)
        | Command::Connections(_)
        | Command::Toolkits(_)
        | Command::Tools(_)
        | Command::Trading(_)
        | Command::Actions(_)
        | Command::Users(_)
        | Command::Approvals(_)
        | Command::Keys(_)
        | Command::Sessions(_)
        | Command::Webhooks(_)
        | Command::Workspace(_)
        | Command::AccountKits(_)
        | Command::Explain(_)
        | Command::Use(_)
        | Command::Whoami
        | Command::Logs(_)
        | Command::Backup(_)
        | Command::Serve(_)
        | Command::Mcp(_)
        | Command::Dashboard(_)
        | Command::Vault(_) => {}
    }
    let (backend, played) = backend(&settings, &command, (&caller, known)).await?;
    let caller = seen_from(&settings, caller);
    let (key, wheel) = (RefCell::new(key), RefCell::default());
    let app = App { settings, caller, backend, output, key, wheel };
    let status = ended(app, command).await;
    drop(played);
    status
}

/// Runs a command to its end: at once, or for as long as others ask it for something.
async fn ended(app: App<'_>, command: Command) -> Result<u8> {
    match command {
        Command::Serve(told) => match app.backend {
            Backend::Remote(_) => Err(cli::serve::elsewhere()),
            Backend::Local(engine) => {
                Box::pin(cli::serve::run(told, &app.settings, *engine, app.output)).await
            }
        },
        Command::Dashboard(told) => match app.backend {
            Backend::Remote(_) => Err(cli::serve::elsewhere()),
            Backend::Local(engine) => {
                Box::pin(cli::dashboard::run(told, &app.settings, *engine, app.output)).await
            }
        },
        Command::Mcp(Deferred(cli::mcp::Command::Start(told))) => {
            Box::pin(cli::mcp::start(told, app)).await
        }
        command => answered(&app, command).await,
    }
}

/// Puts together where a command's actions go, and the sandbox that it needs, if it does.
async fn backend(
    settings: &Settings,
    command: &Command,
    (caller, known): (&Caller, Option<Engine>),
) -> Result<(Backend, Option<Sandbox>)> {
    let open = |world| known.map_or_else(|| engine(settings, &settings.dir, world), Ok);
    Ok(match settings.profile {
        Profile::Cloud => (Backend::Remote(Box::new(Remote::of(settings)?)), None),
        Profile::Local => {
            gate::known(caller)?;
            let engine = open(World::Real)?;
            let engine = if command.stays() { engine.staying() } else { engine };
            (Backend::Local(Box::new(engine)), None)
        }
        Profile::Sandbox => {
            note(SANDBOX)?;
            gate::known(caller)?;
            let engine = open(World::Sandbox(None))?;
            let (url, played) = world(narrowed(command, &engine), settings).await?;
            (Backend::Local(Box::new(engine.in_world(World::Sandbox(url)))), played)
        }
    })
}

/// Runs a command that has a backend, and returns the exit status once everybody was told who hears of it.
async fn answered(app: &App<'_>, command: Command) -> Result<u8> {
    let reconciles = engine::may_run(&app.caller, "approvals reconcile");
    let stranded = app.backend.engine().ok().filter(|_| reconciles).and_then(Engine::stranded);
    if let Some(told) = stranded {
        note(&app.output.told(&told))?;
    }
    let name = command.name();
    let status = Box::pin(app.run(command)).await;
    // The answer comes first: who else hears of it is waited for after that.
    let status = status.unwrap_or_else(|error| app.output.error(name, &error));
    app.announce().await?;
    Ok(status)
}

/// What every command in the sandbox says of itself.
const SANDBOX: &str = "Sandbox: the apps are simulated here; --profile local uses the real ones.";

/// Returns what is left of a command's needs once it is known how users log in to its app.
///
/// A link leads to apps that outlive the command, a key is entered later, and all else ends with it.
fn narrowed(command: &Command, engine: &Engine) -> Needs {
    let needs = command.needs();
    if let Command::Approvals(command) = command {
        let begins = |id| engine.begins_login(id);
        return if command.sends().is_some_and(begins) { Needs::AppsLater } else { needs };
    }
    if matches!(command, Command::Dashboard(_)) && engine.store().server().is_some() {
        return Needs::Store;
    }
    let Command::Connections(command) = command else { return needs };
    let Some(toolkit) = command.leaves_a_link() else { return needs };
    match engine.auth_type(toolkit) {
        Some(AuthType::Oauth2) => Needs::AppsLater,
        Some(AuthType::None) => Needs::Apps,
        Some(AuthType::ApiKey | AuthType::Basic | AuthType::Unknown) | None => Needs::Store,
    }
}

fn engine(settings: &Settings, dir: &Path, world: World) -> Result<Engine> {
    let (store, vault) = (Store::open(dir)?, Vault::of(settings));
    let engine = Engine::new(store, vault, Http::new(settings.roots.is_some()), world);
    let engine = engine.notifying(notify(settings)).described_at(settings.client_document.clone());
    Ok(engine.with_composio_at(settings.composio.clone()))
}

/// Returns who hears of approvals, as the config file says.
fn notify(settings: &Settings) -> Notify {
    let told = &settings.config.approvals;
    let (url, command) = (told.notify_url.clone(), told.notify_command.clone());
    Notify { url, command, path: settings.path.clone(), profile: settings.profile.as_str() }
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
