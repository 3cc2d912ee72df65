//! Flags, environment and config file become one `Settings`: the only reader of environment and paths.

mod config;
mod flags;
mod inherited;
mod words;

pub(crate) use config::{JwtConfig, KEYS, set};
pub(crate) use flags::Flags;
pub(crate) use inherited::inherited;
pub(crate) use words::{Kind, NamedUrl, Output, Profile, ProfileSource, Terminals, UserSource};

use std::collections::BTreeMap;
use std::env;
use std::io::{IsTerminal as _, stderr, stdin, stdout};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use directories::{BaseDirs, ProjectDirs};
use secrecy::SecretString;
use url::Url;

use crate::api::address::ClientDocument;
use crate::api::error::{Code, Error, Result};
use crate::api::ids::{AppId, UserRef};
use crate::api::secrets::Secrets;
use config::{Config, Roots};

/// The flag that names the API.
pub(crate) const BASE_URL_FLAG: &str = "--base-url";
/// The key of the config file that names it.
pub(crate) const BASE_URL_KEY: &str = "profiles.cloud.base_url";

/// Everything a run of the program was told, resolved once.
#[derive(Debug)]
pub(crate) struct Settings {
    /// Profile
    pub(crate) profile: Profile,
    /// Who said so
    pub(crate) profile_source: ProfileSource,
    /// Address of the API that was named, and where: the flag, the environment or the config file
    pub(crate) api_url: Option<NamedUrl>,
    /// App whose workspace is meant, and not the profile's own
    pub(crate) workspace: Option<AppId>,
    /// Directory that holds the profiles' own
    data: PathBuf,
    /// Directory of the workspace's data
    pub(crate) dir: PathBuf,
    /// The config file
    pub(crate) config_path: PathBuf,
    /// Form of the output
    pub(crate) output: Output,
    /// Filter of the output
    pub(crate) jq: Option<String>,
    /// Whether to say more about failures
    pub(crate) verbose: bool,
    /// For whom commands act that do not say
    pub(crate) user: UserRef,
    /// Who said so
    pub(crate) user_source: UserSource,
    /// `NAIVE_API_KEY`, also where it holds nothing: whoever sets it is no human without a key
    pub(crate) api_key: Option<SecretString>,
    /// `NAIVE_ENCRYPTION_KEY`
    pub(crate) encryption_key: Option<SecretString>,
    /// Whether the keyring may be asked
    pub(crate) keyring: bool,
    /// Document that describes this client to OAuth servers
    pub(crate) client_document: Option<ClientDocument>,
    /// Where Composio's API is, if not where its vendor put it
    pub(crate) composio: Option<Url>,
    /// TLS roots that are trusted beside the embedded ones
    pub(crate) roots: Option<Roots>,
    /// Where programs are found, `$PATH`
    pub(crate) path: Option<String>,
    /// Program that opens links, `$BROWSER`
    pub(crate) browser: Option<String>,
    /// Whether this machine shows windows to whoever sits here
    pub(crate) desktop: bool,
    /// `NAIVE_HOME`, if it says where all data lies
    pub(crate) named_home: Option<PathBuf>,
    /// Where the programs of whoever runs this keep their own files, if this machine says so
    pub(crate) base: Option<BaseDirs>,
    /// Which streams are terminals
    pub(crate) terminals: Terminals,
    /// The config file's content
    pub(crate) config: Config,
}

impl Settings {
    /// Resolves flags over environment over config file over defaults.
    ///
    /// Fails with `InvalidInput` if a variable or the config file holds what is none.
    pub(crate) fn resolve(flags: &Flags) -> Result<Self> {
        let home = home()?;
        let config = Config::read(&home.config)?;
        Self::with(flags, home, config)
    }

    /// Resolves as if a config file that cannot be read were empty, and returns what is wrong with it:
    /// for the commands that help to mend it.
    pub(crate) fn resolve_anyway(flags: &Flags) -> Result<(Self, Option<Error>)> {
        let home = home()?;
        let (config, trouble) = match Config::read(&home.config) {
            Ok(config) => (config, None),
            Err(error) => (Config::default(), Some(error)),
        };
        Ok((Self::with(flags, home, config)?, trouble))
    }

    fn with(flags: &Flags, home: Home, config: Config) -> Result<Self> {
        let named =
            flags.profile.map_or_else(|| choice("NAIVE_PROFILE"), |named| Ok(Some(named)))?;
        let fallback = config.default_profile.unwrap_or(Profile::Sandbox);
        let profile = named.unwrap_or(fallback);
        let terminals = Terminals {
            person: stdin().is_terminal() && stderr().is_terminal(),
            stdout: stdout().is_terminal(),
            stderr: stderr().is_terminal(),
            kind: match text("TERM").as_deref() {
                None | Some("dumb") => Kind::Dumb,
                Some(_) => Kind::Screen,
            },
        };
        let told = told_form(flags)?;
        let usual = if terminals.stdout { Output::Table } else { Output::Json };
        let workspace =
            flags.workspace.clone().map_or_else(named_workspace, |app| Ok(Some(app)))?;
        let (user, user_source) = active_user(&config, profile, workspace.as_ref())?;
        Ok(Self {
            dir: dir_of(&home.data, profile, workspace.as_ref()),
            data: home.data.clone(),
            workspace,
            profile,
            profile_source: if named.is_some() {
                ProfileSource::Named
            } else {
                ProfileSource::Usual
            },
            api_url: api_url(flags, &config),
            config_path: home.config,
            output: told.or(config.output).unwrap_or(usual),
            jq: flags.jq.clone(),
            verbose: flags.verbose,
            user,
            user_source,
            api_key: whole("NAIVE_API_KEY"),
            encryption_key: secret("NAIVE_ENCRYPTION_KEY"),
            keyring: config.vault.keyring.unwrap_or(true)
                && text("NAIVE_KEYRING").as_deref() != Some("off"),
            client_document: config::client_document(&config)?,
            composio: config::composio_url(&config)?,
            roots: text("SSL_CERT_FILE").map(|_| Roots::System).or(config.tls.roots),
            path: text("PATH"),
            browser: text("BROWSER"),
            desktop: desktop(),
            named_home: path("NAIVE_HOME").map(|_| home.data.clone()),
            base: BaseDirs::new(),
            terminals,
            config,
        })
    }

    /// Goes to another profile than the one that was resolved.
    pub(crate) fn enter(&mut self, profile: Profile) -> Result<()> {
        (self.user, self.user_source) =
            active_user(&self.config, profile, self.workspace.as_ref())?;
        self.dir = self.dir_of(profile);
        self.profile = profile;
        Ok(())
    }

    /// Returns the directory of the workspace's data under a profile.
    pub(crate) fn dir_of(&self, profile: Profile) -> PathBuf {
        dir_of(&self.data, profile, self.workspace.as_ref())
    }

    /// Returns the credential fields that the environment gives: `NAIVE_CREDENTIAL_<KEY>`.
    #[expect(clippy::disallowed_methods, reason = "`settings` reads the environment")]
    pub(crate) fn credentials() -> Secrets {
        let given = env::vars_os().filter_map(|(name, value)| {
            let key = name.to_str()?.strip_prefix("NAIVE_CREDENTIAL_")?.to_ascii_lowercase();
            Some((key, value.into_string().ok()?))
        });
        Secrets::from(given.collect::<BTreeMap<_, _>>())
    }

    /// Returns the database in which the sandbox's apps remember.
    pub(crate) fn sandbox_database(&self) -> PathBuf {
        dir_of(&self.data, self.profile, None).join("sandbox.db")
    }
}

/// Returns the form of the output as flags, environment and terminal tell it, without the config file.
pub(crate) fn form(flags: &Flags) -> Output {
    let usual = if stdout().is_terminal() { Output::Table } else { Output::Json };
    told_form(flags).ok().flatten().unwrap_or(usual)
}

fn told_form(flags: &Flags) -> Result<Option<Output>> {
    let told = if flags.json { Some(Output::Json) } else { flags.output };
    told.map_or_else(|| choice("NAIVE_OUTPUT"), |told| Ok(Some(told)))
}

/// Where things lie, before a profile is chosen.
struct Home {
    data: PathBuf,
    config: PathBuf,
}

fn home() -> Result<Home> {
    if let Some(home) = path("NAIVE_HOME") {
        let home = std::path::absolute(&home).map_err(|error| {
            Error::new(Code::InvalidInput, "`NAIVE_HOME` is no directory").because(error)
        })?;
        return Ok(Home { config: home.join("config.toml"), data: home });
    }
    let dirs = ProjectDirs::from("", "", "naive").ok_or_else(|| {
        Error::new(Code::InvalidInput, "this machine names no home directory")
            .hint("set `NAIVE_HOME` to a directory for naive's data")
    })?;
    Ok(Home { data: dirs.data_dir().to_owned(), config: dirs.config_dir().join("config.toml") })
}

/// Returns a variable that names a path, which need not be text.
#[expect(clippy::disallowed_methods, reason = "`settings` reads the environment")]
fn path(name: &str) -> Option<PathBuf> {
    env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// Returns the address of the API that was named, the flag's before the environment's and the config file's.
fn api_url(flags: &Flags, config: &Config) -> Option<NamedUrl> {
    let cloud = config.profiles.get(Profile::Cloud.as_str());
    let configured = cloud.and_then(|own| own.base_url.as_ref()).map(ToString::to_string);
    let named = [
        (BASE_URL_FLAG, flags.base_url.clone()),
        ("NAIVE_BASE_URL", text("NAIVE_BASE_URL")),
        ("NAIVE_API_URL", text("NAIVE_API_URL")),
        (BASE_URL_KEY, configured),
    ];
    named.into_iter().find_map(|(by, text)| Some(NamedUrl { by, text: text? }))
}

fn dir_of(data: &Path, profile: Profile, workspace: Option<&AppId>) -> PathBuf {
    let own = data.join(profile.as_str());
    workspace.map_or_else(|| own.clone(), |app| own.join(app.place()))
}

fn named_workspace() -> Result<Option<AppId>> {
    let app = text("NAIVE_WORKSPACE").map(|app| app.parse()).transpose();
    app.map_err(|error| Error::usage(format!("`NAIVE_WORKSPACE` names no app: {error}")))
}

/// Returns for whom commands act that do not say. The config file knows users of a profile's own workspace alone.
fn active_user(
    config: &Config,
    profile: Profile,
    workspace: Option<&AppId>,
) -> Result<(UserRef, UserSource)> {
    let own = config.profiles.get(profile.as_str()).filter(|_| workspace.is_none());
    let configured = own.and_then(|own| own.user.clone());
    let (name, source) = match (text("NAIVE_ACTIVE_USER_ID"), configured) {
        (Some(name), _) => (name, UserSource::Environment),
        (None, Some(name)) => return Ok((name, UserSource::Config)),
        (None, None) => ("default".to_owned(), UserSource::Default),
    };
    let user = name
        .parse()
        .map_err(|error| Error::usage(format!("`NAIVE_ACTIVE_USER_ID` names no user: {error}")))?;
    Ok((user, source))
}

/// Tells whether a window could be shown to the person at this machine.
fn desktop() -> bool {
    if cfg!(any(target_os = "macos", windows)) {
        return text("SSH_CONNECTION").is_none();
    }
    text("DISPLAY").is_some()
        || text("WAYLAND_DISPLAY").is_some()
        || text("WSL_DISTRO_NAME").is_some()
}

/// Returns a variable that is set to something.
#[expect(clippy::disallowed_methods, reason = "`settings` reads the environment")]
fn text(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// Returns a secret variable that is set to something.
fn secret(name: &str) -> Option<SecretString> {
    path(name).and_then(|_| whole(name))
}

/// Returns a secret variable that is set; one that is no text is still there, and fits nothing.
#[expect(clippy::disallowed_methods, reason = "`settings` reads the environment")]
fn whole(name: &str) -> Option<SecretString> {
    let value = env::var_os(name)?;
    Some(SecretString::from(value.to_string_lossy().into_owned()))
}

/// Returns a variable that must be one of a few words.
fn choice<T: ValueEnum>(name: &str) -> Result<Option<T>> {
    let Some(value) = text(name) else { return Ok(None) };
    T::from_str(&value, true).map(Some).map_err(|_| {
        let known: Vec<_> = T::value_variants()
            .iter()
            .filter_map(|known| known.to_possible_value().map(|known| known.get_name().to_owned()))
            .collect();
        Error::usage(format!("`{name}` is `{value}`")).hint(format!("set it to {}", listed(&known)))
    })
}

/// Returns words as one says them: `a, b or c`.
fn listed(words: &[String]) -> String {
    match words {
        [rest @ .., last] if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        words => words.concat(),
    }
}
