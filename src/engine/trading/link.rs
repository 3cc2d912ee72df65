//! Linking a brokerage account, and forgetting it.

use url::Url;

use super::desk::no_live;
use crate::api::address::is_loopback;
use crate::api::connections::{Connect, ConnectState, Connection, Status};
use crate::api::error::{Code, Error, Fault, Result};
use crate::api::ids::{Label, Slug};
use crate::api::secrets::Secrets;
use crate::api::time::Millis;
use crate::api::toolkits::AuthType;
use crate::api::trading::account::{
    BrokerApp, BrokerConnection, BrokerForgotten, BrokerState, BrokerStatus, Brokers,
    ConfigureBroker, ConnectBroker, DisconnectBroker,
};
use crate::api::trading::words::BrokerEnv;
use crate::api::workspace::User;
use crate::broker::{KEY_ID, KEY_SECRET};
use crate::engine::known::client_owner;
use crate::engine::{Call, Engine, Scope, World, beside, connection_owner, user_flag};
use crate::http::{Trust, check};
use crate::oauth::Tokens;
use crate::store::{BrokerRow, NewFlow};

/// Path at which this machine listens for browsers that return.
const CALLBACK: &str = "/oauth/callback";
/// What users are told before they link an account, where the operator says nothing else.
const DISCLOSURE: &str = "Naive is not the broker, a broker-dealer or an investment adviser, and does not \
     exercise trading discretion. Your brokerage is the broker and holds your account. You direct and approve \
     the trades; Naive passes on what was approved. Trading involves risk, and you can lose money.";

impl Engine {
    pub(in crate::engine) fn configure_broker(&self, op: ConfigureBroker) -> Result<BrokerApp> {
        let new = Some(&op.secrets).filter(|secrets| !secrets.0.is_empty());
        let said = [op.client_id.is_some(), op.redirect_uri.is_some(), op.disclosure.is_some()];
        if new.is_none() && op.base_url.is_none() && !said.contains(&true) {
            return Ok(app(self.store.broker()?));
        }
        if let (World::Sandbox(_), true) = (&self.world, op.base_url.is_some()) {
            let text = "in the sandbox the broker is the sandbox's own exchange";
            return Err(Error::new(Code::InvalidInput, text)
                .hint("use `--profile local` to name another address"));
        }
        if let Some(url) = &op.base_url {
            self.check_address(url)?;
        }
        if let Some(url) = op.redirect_uri.as_ref().filter(|url| is_loopback(url))
            && url.path() != CALLBACK
        {
            let text = format!("on this machine, browsers return to `{CALLBACK}`");
            return Err(Error::new(Code::InvalidInput, text).hint(format!(
                "register `http://127.0.0.1:8765{CALLBACK}`, or another port, with the app"
            )));
        }
        let was = self.store.broker()?;
        let row = BrokerRow {
            client_id: op.client_id.or(was.client_id),
            redirect_uri: op.redirect_uri.map(String::from).or(was.redirect_uri),
            disclosure: op.disclosure.or(was.disclosure),
            base_url: op
                .base_url
                .map(|url| url.as_str().trim_end_matches('/').to_owned())
                .or(was.base_url),
        };
        let owner = client_owner(&Slug::brokerage());
        let sealed = new.map(|secrets| self.cipher()?.seal(&owner, secrets)).transpose()?;
        let secret = sealed.as_deref().map(|bytes| (owner.as_str(), bytes));
        self.store.put_broker(&row, secret)?;
        Ok(app(row))
    }

    /// Fails with `InvalidInput` for an address that is the broker's own, which stands for both envs, and as long
    /// as the credentials of somebody's account would go there.
    fn check_address(&self, url: &Url) -> Result<()> {
        check(url, Trust::Operator)?;
        if url.domain().is_some_and(|host| host.ends_with("alpaca.markets")) {
            return Err(Error::new(Code::InvalidInput, "this is the broker's own address")
                .hint("leave `--broker-url` out: paper and live have theirs"));
        }
        let linked = self.store.users_connected(&Slug::brokerage())?;
        let Some(first) = linked.first() else { return Ok(()) };
        let names: Vec<_> = linked.iter().map(|user| format!("`{}`", user.handle())).collect();
        let text = format!(
            "accounts of {} are linked, and their credentials would go there",
            names.join(", ")
        );
        let command = format!("naive trading disconnect paper{}", user_flag(first));
        Err(Error::new(Code::InvalidInput, text)
            .hint(format!("run `{command}`, and so for each of them, first"))
            .reason("broker_in_use"))
    }

    /// Returns what users are told before they link an account.
    pub(crate) fn disclosure(&self) -> Result<String> {
        Ok(app(self.store.broker()?).disclosure)
    }

    /// Fails with `FeatureNotConfigured` if nobody could log in to a brokerage account for want of an OAuth app.
    pub(crate) fn check_broker_app(&self, env: BrokerEnv) -> Result<()> {
        if self.brokerage(env)?.is_configured() {
            return Ok(());
        }
        let text = "no OAuth app is configured for the brokerage";
        Err(Error::new(Code::FeatureNotConfigured, text)
            .hint("run `naive trading configure --client-id ID --client-secret -`, or link your own account with `naive trading connect --api-key-id ID`")
            .reason("broker_app_missing"))
    }

    /// Tells whether a link would take the place of one that can be traded through.
    pub(in crate::engine) fn replaces_link(&self, user: &User, op: &ConnectBroker) -> Result<bool> {
        let env = op.env.unwrap_or(BrokerEnv::Paper);
        let links = self.brokers(user)?;
        let active =
            |(own, one): &(BrokerEnv, Connection)| *own == env && one.status == Status::Active;
        Ok(op.reconnect && links.iter().any(active))
    }

    /// Returns the port on this machine that the broker sends browsers back to, where its app names one.
    pub(crate) fn broker_port(&self) -> Result<Option<u16>> {
        let returns = match self.world {
            World::Sandbox(_) => None,
            World::Real => {
                self.store.broker()?.redirect_uri.and_then(|url| url.parse::<Url>().ok())
            }
        };
        Ok(returns.filter(is_loopback).and_then(|url| url.port_or_known_default()))
    }

    /// Begins the login to a brokerage account, or takes a key of it, once its user has accepted the
    /// disclosure.
    ///
    /// Fails with `Forbidden` for real money in the sandbox, with the reason `disclosure_required` as long as
    /// the disclosure was not accepted, and with `FeatureNotConfigured` without an OAuth app.
    pub(in crate::engine) async fn connect_broker(
        &self,
        scope: &Scope<'_>,
        op: ConnectBroker,
    ) -> Result<BrokerState> {
        let env = op.env.unwrap_or(BrokerEnv::Paper);
        if let (World::Sandbox(_), BrokerEnv::Live) = (&self.world, env) {
            return Err(no_live());
        }
        let disclosure = self.disclosure()?;
        let links = self.brokers(scope.user()?)?;
        let active =
            links.into_iter().find(|(own, one)| *own == env && one.status == Status::Active);
        if let Some((_, active)) = active.filter(|_| !op.reconnect) {
            if op.api_key_id.is_some() {
                self.note(format!(
                    "The {env} account is linked already, so the key was not used; add `--reconnect` to replace its credential."
                ));
            }
            let login = crate::engine::login::state(&active, None);
            return Ok(broker_state(env, disclosure, login));
        }
        if !op.accept_disclosure {
            let text = "the disclosure was not accepted";
            return Err(Error::new(Code::Forbidden, text)
                .hint("show it to the user, and add `--accept-disclosure` once they accept it")
                .details(vec![Fault {
                    pointer: "/accept_disclosure".to_owned(),
                    message: disclosure,
                }])
                .reason("disclosure_required"));
        }
        let label: Label =
            env.as_str().parse().map_err(|error| Error::internal("an env is no label", error))?;
        let connect = Connect {
            user: op.user,
            label: Some(label),
            callback_url: op.callback_url,
            reconnect: op.reconnect,
            restart: op.restart,
            ..Connect::to(Slug::brokerage())
        };
        let login = match op.api_key_id {
            Some(id) => self.take_key(scope, &connect, (env, id), op.secrets).await?,
            None => self.begin_broker_login(scope, &connect, env).await?,
        };
        Ok(broker_state(env, disclosure, login))
    }

    async fn begin_broker_login(
        &self,
        scope: &Scope<'_>,
        connect: &Connect,
        env: BrokerEnv,
    ) -> Result<ConnectState> {
        self.check_broker_app(env)?;
        let known = self.brokerage(env)?;
        if let Some(url) = &connect.callback_url {
            check(url, Trust::Public)?;
        }
        let returns = self.store.broker()?.redirect_uri.and_then(|url| url.parse().ok());
        let call = Call {
            redirect_uri: returns.filter(|_| !known.simulated).or(scope.call.redirect_uri.clone()),
            // Without a browser it is still a link: the broker gives out no codes for other devices.
            browser: true,
            ..scope.call.clone()
        };
        let scope = Scope { user: scope.user.clone(), ..Scope::of(&call) };
        Box::pin(self.connect_to(&scope, connect, &known)).await
    }

    /// Takes an API key of the user's own account in place of a login.
    async fn take_key(
        &self,
        scope: &Scope<'_>,
        connect: &Connect,
        (env, id): (BrokerEnv, String),
        mut secrets: Secrets,
    ) -> Result<ConnectState> {
        let Some(secret) = secrets.0.remove(KEY_SECRET) else {
            return Err(Error::new(Code::InvalidInput, "the secret of the API key is missing")
                .hint("give it on stdin with `--api-secret-key -`, or in `NAIVE_CREDENTIAL_API_SECRET_KEY`")
                .reason("credential_missing"));
        };
        let mut known = self.brokerage(env)?;
        known.manifest.auth.kind = AuthType::ApiKey;
        let present = self.connected_as(scope, connect)?;
        let active = present.filter(|one| one.status == Status::Active);
        let begun = self.store.begin(
            &NewFlow {
                user: &scope.user()?.id,
                toolkit: &connect.toolkit,
                provider: known.provider(),
                label: connect.label.as_ref(),
                fields: &std::collections::BTreeMap::new(),
                scopes: &[],
                reconnect: active.is_some(),
                restart: connect.restart,
                waits: false,
            },
            None,
            Millis::now(),
        )?;
        let sealed = [(KEY_ID.to_owned(), beside(id)), (KEY_SECRET.to_owned(), secret)];
        let entered = Tokens { sealed: Secrets(sealed.into_iter().collect()), ..Tokens::default() };
        Box::pin(self.activate(&known, &begun.id, &entered)).await.map_err(|error| {
            let command = format!("naive trading connect --env {env} --api-key-id ID");
            error.hint(format!("check the key, then run `{command}` again"))
        })
    }

    pub(in crate::engine) fn list_brokers(&self, scope: &Scope<'_>) -> Result<Brokers> {
        let links = self.brokers(scope.user()?)?;
        let shown = links.into_iter().filter_map(|(env, one)| shown(env, one));
        Ok(Brokers { connections: shown.collect() })
    }

    /// Forgets an account with its token, whatever it was.
    pub(in crate::engine) fn disconnect_broker(
        &self,
        scope: &Scope<'_>,
        op: &DisconnectBroker,
    ) -> Result<BrokerForgotten> {
        let user = scope.user()?;
        let links = self.brokers(user)?;
        let Some((env, link)) = links.into_iter().find(|(env, _)| *env == op.env) else {
            let text = format!("`{}` has no {} brokerage account", user.handle(), op.env);
            return Err(Error::new(Code::NotFound, text)
                .hint(format!("run `naive trading connections{}`", user_flag(user)))
                .reason("not_connected"));
        };
        self.store.forget_connection(&link.id, &connection_owner(&link.id), Millis::now())?;
        Ok(BrokerForgotten { env, disconnected: true })
    }
}

fn app(row: BrokerRow) -> BrokerApp {
    BrokerApp {
        client_id: row.client_id,
        redirect_uri: row.redirect_uri.and_then(|url| url.parse().ok()),
        disclosure: row.disclosure.unwrap_or_else(|| DISCLOSURE.to_owned()),
        base_url: row.base_url.and_then(|url| url.parse().ok()),
    }
}

fn broker_state(env: BrokerEnv, disclosure: String, login: ConnectState) -> BrokerState {
    BrokerState {
        env,
        status: status(login.status).unwrap_or(BrokerStatus::Failed),
        authorize_url: login.redirect_url.clone(),
        disclosure,
        account: login.account.clone(),
        login,
    }
}

/// Returns a link as it is shown; one that is over is none any more.
fn shown(env: BrokerEnv, one: Connection) -> Option<BrokerConnection> {
    let status = status(one.status)?;
    let connected = status == BrokerStatus::Active;
    Some(BrokerConnection { env, status, connected, account: one.account, reason: one.reason })
}

/// Returns the API's word for how a link stands; none for one that is over.
pub(super) fn status(status: Status) -> Option<BrokerStatus> {
    match status {
        Status::Initiated => Some(BrokerStatus::Pending),
        Status::Active => Some(BrokerStatus::Active),
        Status::Expired => Some(BrokerStatus::Expired),
        Status::Failed => Some(BrokerStatus::Failed),
        Status::Inactive | Status::Revoked => None,
    }
}
