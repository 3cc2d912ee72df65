//! One user's account at the broker, opened: which it is, where it is, and how it is asked.

use std::time::Duration;

use serde_json::Value;

use super::{Trade, trade};
use crate::api::action::Action;
use crate::api::connections::{Connection, Status};
use crate::api::error::{Code, Error, Result};
use crate::api::ids::Slug;
use crate::api::secrets::Secrets;
use crate::api::time::Millis;
use crate::api::toolkits::Origin;
use crate::api::trading::account::Object;
use crate::api::trading::words::BrokerEnv;
use crate::api::workspace::User;
use crate::broker::{self, Account};
use crate::catalog::manifest::Manifest;
use crate::catalog::{DATA, brokerage, relocate};
use crate::engine::known::Known;
use crate::engine::{Engine, World, user_flag};
use crate::http::{Fate, Request, Response};
use crate::store::ToolkitRow;

/// How often a question is asked in all, where the broker is not well.
const TRIES: u32 = 3;
/// How long the first pause between two tries is.
const PAUSE: Duration = Duration::from_millis(200);
/// How long the broker may ask for patience before the caller is rather told.
const PATIENCE: Duration = Duration::from_secs(5);

/// An account at the broker, opened.
#[derive(Debug)]
pub(super) struct Desk {
    /// The link
    pub(super) connection: Connection,
    /// Paper or live
    pub(super) env: BrokerEnv,
    /// What it is a link to
    pub(super) known: Known,
    /// The flags that mean this account in a command
    pub(super) flags: String,
    secrets: Secrets,
    trading: String,
    data: String,
}

impl Desk {
    /// Returns what requests to it are made with.
    pub(super) fn account(&self) -> Account<'_> {
        Account {
            trading: &self.trading,
            data: &self.data,
            secrets: &self.secrets,
            trust: self.known.trust(),
        }
    }
}

impl Engine {
    /// Returns what a connection is to: an app, or the brokerage.
    pub(in crate::engine) fn behind(&self, connection: &Connection) -> Result<Known> {
        match env_of(connection) {
            Some(env) => self.brokerage(env),
            None => self.toolkit_behind(connection),
        }
    }

    /// Returns the brokerage as users log in to it.
    pub(super) fn brokerage(&self, env: BrokerEnv) -> Result<Known> {
        let row = self.store.broker()?;
        let manifest = brokerage(env)?;
        let simulated = matches!(self.world, World::Sandbox(_));
        let (manifest, origin) = match (&self.world, &row.base_url) {
            (World::Sandbox(Some(url)), _) => (relocate(manifest, url), Origin::Builtin),
            (World::Sandbox(None), _) | (World::Real, None) => (manifest, Origin::Builtin),
            (World::Real, Some(base)) => (moved(manifest, base)?, Origin::Added),
        };
        let row = ToolkitRow { client_id: row.client_id, ..ToolkitRow::default() };
        Ok(Known { origin, simulated, ..Known::told(manifest, row) })
    }

    /// Returns the request that tells whose account a credential is.
    pub(in crate::engine) fn account_request(
        &self,
        toolkit: &Manifest,
        secrets: &Secrets,
    ) -> Result<Request> {
        let trust = self.brokerage(BrokerEnv::Paper)?.trust();
        let trading = toolkit.base_url.as_str();
        let account = Account { trading, data: trading, secrets, trust };
        broker::read(&account, broker::Part::Trading, "/v2/account", &[])
    }

    /// Returns a user's links to the brokerage, paper first.
    pub(super) fn brokers(&self, user: &User) -> Result<Vec<(BrokerEnv, Connection)>> {
        let all = self.store.connections(&user.id, Some(&Slug::brokerage()))?;
        let named = all.into_iter().filter_map(|one| env_of(&one).map(|env| (env, one)));
        let mut links: Vec<_> = named.collect();
        links.sort_by_key(|(env, _)| *env);
        Ok(links)
    }

    /// Returns the env that is meant: the one that was named, else the only one that is linked.
    pub(super) fn env(&self, user: &User, named: Option<BrokerEnv>) -> Result<Option<BrokerEnv>> {
        if named.is_some() {
            return Ok(named);
        }
        let links = self.brokers(user)?;
        // One whose token has ended is still meant: it must not turn paper into real money.
        let goes_on = |status| matches!(status, Status::Active | Status::Expired);
        let mut linked = links.iter().filter(|(_, one)| goes_on(one.status));
        match (linked.next(), linked.next()) {
            (Some((env, _)), None) => Ok(Some(*env)),
            (Some(_), Some(_)) => {
                let text =
                    "both `paper` and `live` are connected, and it is not said which is meant";
                Err(Error::new(Code::InvalidInput, text)
                    .hint("add `--env paper` or `--env live`")
                    .reason("env_ambiguous"))
            }
            (None, _) => Ok(links.first().map(|(env, _)| *env)),
        }
    }

    /// Says in an action that trades in which env it does, where that is clear: from here on it means no other.
    pub(in crate::engine) fn pin_env(&self, user: &User, action: &mut Action) {
        let named = match trade(action).map(Trade::env) {
            Some(None) => self.env(user, None).unwrap_or_default(),
            Some(Some(_)) | None => return,
        };
        if let Action::CreateOrder(op) = action {
            op.env = named;
        } else if let Action::ClosePosition(op) = action {
            op.env = named;
        } else if let Action::CancelOrder(op) = action {
            op.env = named;
        }
    }

    /// Opens the account that is meant.
    ///
    /// Fails with `InvalidInput` if both envs are linked and none is named, with `NotConfigured` if none is
    /// linked, and with `Unauthorized` if the broker no longer takes its token.
    pub(super) fn desk(&self, user: &User, named: Option<BrokerEnv>) -> Result<Desk> {
        let connection = self.link_of(user, named)?;
        let env = env_of(&connection).unwrap_or(BrokerEnv::Paper);
        let known = self.brokerage(env)?;
        let secrets = self.opened(&connection.id)?.secrets;
        let (trading, data) = (known.manifest.base_url.clone(), data_url(&known));
        let flags = format!(" --env {env}{}", user_flag(user));
        Ok(Desk { connection, env, known, flags, secrets, trading, data })
    }

    /// Returns the active link that is meant, as [`Engine::desk`] does.
    pub(super) fn link_of(&self, user: &User, named: Option<BrokerEnv>) -> Result<Connection> {
        if let (World::Sandbox(_), Some(BrokerEnv::Live)) = (&self.world, named) {
            return Err(no_live());
        }
        let env = self.env(user, named)?;
        let links = self.brokers(user)?;
        let found = links.into_iter().find(|(own, _)| Some(*own) == env).map(|(_, one)| one);
        let wanted = env.unwrap_or(BrokerEnv::Paper);
        let command = format!("naive trading connect --env {wanted}{}", user_flag(user));
        let (code, text, reason) = match found {
            Some(one) if one.status == Status::Active => return Ok(one),
            Some(one) if one.status == Status::Expired => {
                let text = format!("the broker no longer takes the token of the {wanted} account");
                (Code::Unauthorized, text, "connection_expired")
            }
            Some(one) if one.status == Status::Initiated => {
                let text = format!("the login to the {wanted} account has not ended");
                (Code::NotConfigured, text, "not_connected")
            }
            Some(_) | None => {
                let text = match env {
                    Some(env) => format!("no {env} brokerage account is connected"),
                    None => format!("no brokerage account of `{}` is connected", user.handle()),
                };
                (Code::NotConfigured, text, "not_connected")
            }
        };
        Err(Error::new(code, text).hint(format!("run `{command}`")).reason(reason))
    }

    /// Asks the broker something that may be asked again, and returns its answer if that is one of success.
    ///
    /// Waits for what may pass in a moment, three times at most.
    pub(super) async fn ask(&self, desk: &Desk, request: &Request) -> Result<Response> {
        let mut pause = PAUSE;
        for left in (0..TRIES).rev() {
            let seen_at = Millis::now();
            let ended = self.http.send(request).await;
            let passes = match &ended {
                Ok(answer) if matches!(answer.status, 429 | 500 | 502 | 503 | 504) => {
                    Some(answer.retry_after(seen_at).unwrap_or(pause).max(pause))
                }
                Err(failure) if failure.fate != Fate::Refused => Some(pause),
                Ok(_) | Err(_) => None,
            };
            let Some(wait) = passes.filter(|wait| left > 0 && *wait <= PATIENCE) else {
                return self.broker_answered(desk, ended?, seen_at);
            };
            tokio::time::sleep(wait).await;
            pause *= 2;
        }
        Err(Error::new(Code::ProviderError, "the broker did not answer"))
    }

    /// Returns an answer of success; one that refuses the token ends the link.
    fn broker_answered(&self, desk: &Desk, answer: Response, seen_at: Millis) -> Result<Response> {
        match answer.status {
            200..=299 if answer.is_broken() => {
                Err(Error::new(Code::ProviderError, "the broker answered with JSON that is broken")
                    .reason("answer_broken"))
            }
            200..=299 => Ok(answer),
            401 => Err(self.broker_expired(desk, seen_at)?),
            _ => Err(broker::refused(&answer)),
        }
    }

    /// Notes that the broker no longer takes the token, and returns what to say of it.
    pub(super) fn broker_expired(&self, desk: &Desk, seen_at: Millis) -> Result<Error> {
        let error = self.expired(&desk.known, &desk.connection, seen_at)?;
        Ok(Error { message: "the broker does not take the token".to_owned(), ..error })
    }

    /// Asks for one object.
    pub(super) async fn object(&self, desk: &Desk, request: Request) -> Result<Object> {
        match self.ask(desk, &request).await?.json() {
            Some(Value::Object(object)) => Ok(object),
            _ => Err(unlike("an object")),
        }
    }

    /// Asks for a list of objects.
    pub(super) async fn objects(&self, desk: &Desk, request: Request) -> Result<Vec<Object>> {
        let Some(Value::Array(items)) = self.ask(desk, &request).await?.json() else {
            return Err(unlike("a list"));
        };
        let objects = items.into_iter().map(|item| match item {
            Value::Object(object) => Ok(object),
            _ => Err(unlike("a list of objects")),
        });
        objects.collect()
    }
}

/// Returns the env of a link to the brokerage; none of a connection to an app.
pub(in crate::engine) fn env_of(connection: &Connection) -> Option<BrokerEnv> {
    if connection.toolkit != Slug::brokerage() {
        return None;
    }
    connection.label.as_ref().and_then(|label| label.as_str().parse().ok())
}

/// The error of real money in the sandbox.
pub(super) fn no_live() -> Error {
    Error::new(Code::Forbidden, "the sandbox has no real money: `live` is refused")
        .hint("use `--env paper`, or `--profile local` for a real account")
        .reason("sandbox_has_no_live")
}

/// Returns where prices come from.
fn data_url(known: &Known) -> String {
    let moved = known.simulated || known.origin == Origin::Added;
    if moved { known.manifest.base_url.clone() } else { DATA.to_owned() }
}

/// Puts another address in place of the broker's own ones.
fn moved(mut manifest: Manifest, base: &str) -> Result<Manifest> {
    let at = |path: &str| {
        format!("{base}{path}")
            .parse()
            .map_err(|error| Error::internal("the broker's address is none", error))
    };
    base.clone_into(&mut manifest.base_url);
    manifest.auth.authorize_url = Some(at("/oauth/authorize")?);
    manifest.auth.token_url = Some(at("/oauth/token")?);
    Ok(manifest)
}

fn unlike(what: &str) -> Error {
    Error::new(Code::ProviderError, format!("the broker answered something that is not {what}"))
        .reason("answer_broken")
}
