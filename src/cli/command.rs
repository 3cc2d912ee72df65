//! Everything the program can be told to do, and what each of it needs.

use clap::Subcommand;

use super::deferred::Deferred;
use super::{
    actions, api, approvals, backup, config, connections, dashboard, generate, keys, kits, login,
    logs, mcp, sandbox, serve, sessions, toolkits, tools, trading, users, vault, webhooks,
    workspace,
};
use crate::api::error::{Code, Error, Result};
use crate::api::kits::Explain;
use crate::api::routes::{Reach, route, writes};
use crate::settings::{BASE_URL_FLAG, Profile, Settings};
use crate::store::Store;

/// Everything the program can be told to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Connect apps and run their tools
    #[command(subcommand, visible_alias = "integrations")]
    Connections(Deferred<connections::Command>),
    /// The apps that can be connected
    #[command(subcommand)]
    Toolkits(Deferred<toolkits::Command>),
    /// What apps can do: find tools across all of them
    #[command(subcommand)]
    Tools(Deferred<tools::Command>),
    /// Trade shares, coins and options from a brokerage account
    #[command(subcommand)]
    Trading(Deferred<trading::Command>),
    /// Cards, domains, companies: the sensitive actions, and who performs them
    #[command(subcommand)]
    Actions(Deferred<actions::Command>),
    /// The tenant users that agents act for
    #[command(subcommand)]
    Users(Deferred<users::Command>),
    /// What waits for a person, and what people decide about it
    #[command(subcommand)]
    Approvals(Deferred<approvals::Command>),
    /// The keys of the programs that act here
    #[command(subcommand)]
    Keys(Deferred<keys::Command>),
    /// Sessions of agents: a key for one user and a short time
    #[command(subcommand)]
    Sessions(Deferred<sessions::Command>),
    /// The addresses that hear of what happens here
    #[command(subcommand)]
    Webhooks(Deferred<webhooks::Command>),
    /// What is decided about the workspace as a whole
    #[command(subcommand)]
    Workspace(Deferred<workspace::Command>),
    /// The policies under which agents act: what they may use, and what waits for a person
    #[command(subcommand, visible_alias = "kits")]
    AccountKits(Deferred<kits::Command>),
    /// Say what would become of an action, which rule says so, and what would change it
    Explain(Explain),
    /// Choose the user that commands act for where they do not say
    Use(users::Use),
    /// Show who you are here: profile, store, active user, keys
    Whoami,
    Login(login::Login),
    /// Forget the key that was given to `naive login`, and what was seen with it
    Logout,
    Api(api::Api),
    /// The key that seals credentials
    #[command(subcommand)]
    Vault(Deferred<vault::Command>),
    /// What was done, held, refused and decided
    #[command(subcommand)]
    Logs(Deferred<logs::Command>),
    /// Copy the store into a file, while others go on using it
    ///
    /// The copy holds everything but the key that seals the credentials in it: keep that elsewhere
    /// (`naive vault export-key`). It is not a second store: bring it back with `naive restore`.
    Backup(backup::Backup),
    /// Put a backup in the place of the store; what was there is kept beside it
    ///
    /// What was allowed or being sent when the backup was made is `unknown` afterwards: it may have been done
    /// since, so it is not sent again. Requests that were waiting wait again, and say where they come from.
    Restore(backup::Restore),
    Serve(serve::Serve),
    Dashboard(dashboard::Dashboard),
    /// The tools, for the clients that agents run in
    #[command(subcommand)]
    Mcp(Deferred<mcp::Command>),
    /// The simulated apps of the sandbox profile
    #[command(subcommand)]
    Sandbox(Deferred<sandbox::Command>),
    /// Check this machine and say what to do
    Doctor,
    /// The config file
    #[command(subcommand)]
    Config(Deferred<config::Command>),
    /// Print the completion script of a shell
    Completions(generate::Completions),
}

/// What a command needs before it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    /// Settings alone
    Nothing,
    /// The store
    Store,
    /// The store, for as long as somebody looks
    Watch,
    /// The store, and the apps
    Apps,
    /// The store, and apps that outlive the command
    AppsLater,
}

impl Command {
    /// Returns the action's name, as the envelope tells it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Connections(command) => command.name(),
            Self::Toolkits(command) => command.name(),
            Self::Tools(command) => command.name(),
            Self::Trading(command) => command.name(),
            Self::Actions(command) => command.name(),
            Self::Users(command) => command.name(),
            Self::Approvals(command) => command.name(),
            Self::Keys(command) => command.name(),
            Self::Sessions(command) => command.name(),
            Self::Webhooks(command) => command.name(),
            Self::Workspace(command) => command.name(),
            Self::AccountKits(command) => command.name(),
            Self::Explain(_) => "policy.explain",
            Self::Use(_) => "use",
            Self::Whoami => "whoami",
            Self::Login(_) => "login",
            Self::Logout => "logout",
            Self::Api(_) => "api",
            Self::Vault(command) => command.name(),
            Self::Logs(command) => command.name(),
            Self::Backup(_) => "backup",
            Self::Restore(_) => "restore",
            Self::Serve(_) => "serve",
            Self::Mcp(command) => command.name(),
            Self::Dashboard(_) => "dashboard",
            Self::Sandbox(command) => command.name(),
            Self::Doctor => "doctor",
            Self::Config(command) => command.name(),
            Self::Completions(_) => "completions",
        }
    }

    /// Tells whether its stdout is a client's, which reads nothing but its own protocol there.
    pub(crate) fn speaks_protocol(&self) -> bool {
        matches!(self, Self::Mcp(Deferred(mcp::Command::Start(_))))
    }

    /// Tells whether it helps to mend a config file that cannot be read, and so runs without it.
    pub(crate) fn mends(&self) -> bool {
        matches!(self, Self::Doctor | Self::Config(Deferred(config::Command::Path)))
    }

    /// Tells whether it touches what belongs to the operator alone, and is no action that the gate sees.
    pub(crate) fn is_the_operators(&self) -> bool {
        match self {
            Self::Vault(_)
            | Self::Use(_)
            | Self::Backup(_)
            | Self::Restore(_)
            | Self::Serve(_)
            | Self::Dashboard(_) => true,
            Self::Config(command) => matches!(**command, config::Command::Set { .. }),
            Self::Sandbox(command) => command.is_the_operators(),
            Self::Approvals(command) => command.is_the_operators(),
            Self::Webhooks(command) => command.is_the_operators(),
            Self::Connections(_)
            | Self::Toolkits(_)
            | Self::Tools(_)
            | Self::Trading(_)
            | Self::Actions(_)
            | Self::Users(_)
            | Self::Logs(_)
            | Self::Keys(_)
            | Self::Sessions(_)
            | Self::Workspace(_)
            | Self::AccountKits(_)
            | Self::Explain(_)
            | Self::Whoami
            | Self::Login(_)
            | Self::Logout
            | Self::Api(_)
            | Self::Doctor
            | Self::Completions(_) => false,
            Self::Mcp(command) => matches!(**command, mcp::Command::Install(_)),
        }
    }

    /// Tells whether it is about an API elsewhere, whatever the usual profile is.
    pub(crate) fn is_of_the_cloud(&self) -> bool {
        matches!(self, Self::Login(_) | Self::Logout)
    }

    /// Fails with a usage error if the profile's backend is none that it works with.
    pub(crate) fn check_profile(&self, settings: &Settings) -> Result<()> {
        let name = self.name().replace('.', " ").replace('_', "-");
        self.check_workspace(settings)?;
        if settings.profile == Profile::Cloud {
            let here = match self {
                Self::Vault(_) | Self::Backup(_) | Self::Restore(_) => true,
                Self::Approvals(command) => command.is_the_operators(),
                Self::Webhooks(command) => command.is_the_operators(),
                _ => false,
            };
            let text = format!("`naive {name}` works on a store of this machine");
            return if here {
                Err(Error::usage(text).hint("use `--profile local`"))
            } else {
                Ok(())
            };
        }
        let cached = match self {
            Self::Connections(command) => command.is_cached(),
            Self::Approvals(command) => command.is_cached(),
            _ => false,
        };
        if cached {
            let text = "`--cached` is for the cloud profile: here the store of this machine is always what is read";
            return Err(Error::usage(text).hint("leave it out"));
        }
        let named = settings.api_url.as_ref().is_some_and(|named| named.by == BASE_URL_FLAG);
        let text = match self {
            Self::Login(_) | Self::Logout | Self::Api(_) => {
                format!("`naive {name}` works with the cloud profile")
            }
            _ if named => format!("`{BASE_URL_FLAG}` is for the cloud profile"),
            _ => return Ok(()),
        };
        Err(Error::usage(text).hint("add `--profile cloud`"))
    }

    /// Fails if `--workspace` names an app that is not there, or there can be none.
    fn check_workspace(&self, settings: &Settings) -> Result<()> {
        let Some(app) = &settings.workspace else { return Ok(()) };
        if settings.profile == Profile::Cloud {
            let text = "`--workspace` names an app whose workspace is on this machine";
            return Err(Error::usage(text).hint("use `--profile local`"));
        }
        if matches!(self, Self::Use(_)) {
            let text = "the config file knows users of a profile's own workspace alone";
            return Err(
                Error::usage(text).hint("leave `--workspace` out, or name them with `--user`")
            );
        }
        // A backup brings back what is not there.
        if matches!(self, Self::Restore(_)) || Store::is_there(&settings.dir) {
            return Ok(());
        }
        Err(Error::new(Code::NotFound, format!("there is no app `{app}` here"))
            .hint("the server makes its workspace when the first key of the app is used there")
            .reason("app_unknown"))
    }

    /// Fails with a usage error if it changes nothing that a key could stand for.
    pub(crate) fn check_takes_key(&self) -> Result<()> {
        let name = self.name();
        // What is run is an argument there.
        if writes(name) || matches!(name, "actions.run" | "api") {
            return Ok(());
        }
        Err(Error::usage(format!("`{name}` takes no `--idempotency-key`"))
            .hint("leave it out: a key is for actions that change something"))
    }

    /// Tells whether it matters who runs it; what does not runs also where that cannot be found out.
    pub(crate) fn asks_who(&self) -> bool {
        match self {
            Self::Doctor | Self::Completions(_) | Self::Login(_) | Self::Logout => false,
            Self::Config(_) | Self::Sandbox(_) => self.is_the_operators(),
            Self::Connections(_)
            | Self::Toolkits(_)
            | Self::Tools(_)
            | Self::Trading(_)
            | Self::Actions(_)
            | Self::Users(_)
            | Self::Approvals(_)
            | Self::Keys(_)
            | Self::Sessions(_)
            | Self::Webhooks(_)
            | Self::Workspace(_)
            | Self::Use(_)
            | Self::Whoami
            | Self::Api(_)
            | Self::Vault(_)
            | Self::AccountKits(_)
            | Self::Explain(_)
            | Self::Logs(_)
            | Self::Backup(_)
            | Self::Restore(_)
            | Self::Serve(_)
            | Self::Mcp(_)
            | Self::Dashboard(_) => true,
        }
    }

    /// Tells whether the command itself gets something from an address that it is given.
    pub(crate) fn fetches(&self) -> bool {
        matches!(self, Self::Toolkits(command) if command.fetches())
    }

    /// Tells whether it goes on after one call.
    pub(crate) fn stays(&self) -> bool {
        matches!(
            self,
            Self::Serve(_) | Self::Dashboard(_) | Self::Mcp(Deferred(mcp::Command::Start(_)))
        )
    }

    /// Tells what it needs before it runs.
    pub(crate) fn needs(&self) -> Needs {
        match self {
            Self::Connections(command) if command.leaves_a_link().is_some() => Needs::AppsLater,
            Self::Trading(command) if command.leaves_a_link() => Needs::AppsLater,
            Self::Actions(command) => command.needs(),
            // The app may have to be asked whether a code was entered.
            Self::Connections(Deferred(connections::Command::Wait { .. }))
            | Self::Serve(_)
            | Self::Dashboard(_)
            | Self::Mcp(Deferred(mcp::Command::Start(_))) => Needs::Apps,
            Self::Connections(_)
            | Self::Toolkits(_)
            | Self::Tools(_)
            | Self::Trading(_)
            | Self::Users(_)
            | Self::Keys(_)
            | Self::Sessions(_)
            | Self::AccountKits(_)
            | Self::Explain(_)
            | Self::Workspace(_) => match route(self.name()).reach {
                Reach::Upstream => Needs::Apps,
                Reach::Read | Reach::Store => Needs::Store,
            },
            Self::Logs(command) if command.follows() => Needs::Watch,
            Self::Approvals(command) => command.needs(),
            Self::Webhooks(command) => command.needs(),
            Self::Use(_) | Self::Whoami | Self::Vault(_) | Self::Logs(_) | Self::Backup(_) => {
                Needs::Store
            }
            Self::Sandbox(_)
            | Self::Login(_)
            | Self::Logout
            | Self::Api(_)
            | Self::Doctor
            | Self::Config(_)
            | Self::Restore(_)
            | Self::Mcp(Deferred(mcp::Command::Install(_)))
            | Self::Completions(_) => Needs::Nothing,
        }
    }
}
