//! Logins at Composio: begun with a link to a page of its, ended when it says so; or made of what a user enters.

use std::collections::BTreeMap;
use std::time::Duration;

use url::Url;

use super::{ACCOUNT, KEEPS, Reached, SCHEME, USER, account_of};
use crate::api::connections::{Connect, ConnectState, Connection, Status};
use crate::api::error::{Code, Error, Result};
use crate::api::logins::Poll;
use crate::api::secrets::Secrets;
use crate::api::time::Millis;
use crate::api::toolkits::{AuthType, Provider};
use crate::engine::device::Login;
use crate::engine::fields::no_codes;
use crate::engine::known::Known;
use crate::engine::login::FLOW_LIFE;
use crate::engine::{Engine, Scope, beside};
use crate::http::{Trust, check};
use crate::oauth::{self, Tokens};
use crate::provider::composio::AuthConfig;
use crate::store::{Flow, NewFlow, flow_owner};

/// How far apart Composio is asked how a login stands.
const EVERY: Duration = Duration::from_secs(2);
/// How old a login is before it is asked about for an answer that only tells of it.
const YOUNG: Duration = Duration::from_secs(10);
/// Name under which a login keeps its link.
const LINK: &str = "link";

impl Engine {
    /// Begins a login that ends on a page of Composio's.
    pub(in crate::engine) async fn begin_link(
        &self,
        scope: &Scope<'_>,
        op: &Connect,
        known: &Known,
        new: &NewFlow<'_>,
    ) -> Result<ConnectState> {
        if op.device {
            return Err(no_codes(op));
        }
        if !op.scopes.is_empty() {
            let text =
                format!("the scopes of `{}` are those of its auth config at Composio", op.toolkit);
            return Err(Error::new(Code::InvalidInput, text)
                .hint("leave `--scopes` out, or name an auth config that has them with `toolkits configure --provider composio --client-id ac_…`"));
        }
        let reached = self.composio()?;
        let config = self.auth_config(&reached, known).await?;
        let callback = op.callback_url.as_ref().or(scope.call.onward.as_ref());
        let link = reached.api().link(&config.id, new.user, callback).await?;
        self.check_link(&link.url)?;
        let now = Millis::now();
        let latest = now.after(FLOW_LIFE);
        let expires_at = link.expires_at.filter(|at| *at > now).map_or(latest, |at| at.min(latest));
        let kept = Secrets(
            [
                (ACCOUNT.to_owned(), beside(link.account)),
                (USER.to_owned(), beside(new.user)),
                (LINK.to_owned(), beside(link.url.as_str())),
            ]
            .into(),
        );
        // Nobody knows what this hash is of: no callback ends such a login.
        let state_hash = oauth::state_hash(&oauth::random());
        let owner = flow_owner(&state_hash);
        let begun = self.sealing(&owner, &kept, |sealed| {
            let flow = Flow {
                state_hash: state_hash.clone(),
                owner: owner.clone(),
                sealed: sealed.to_vec(),
                expires_at,
                poll_every: Some(EVERY),
            };
            self.store.begin(new, Some(&flow), now)
        })?;
        Ok(ConnectState { asked: begun.began, ..self.begun(&begun, Some(link.url))? })
    }

    /// Fails if a link leads where no browser is sent: Composio's own address may be anywhere, others are public.
    fn check_link(&self, url: &Url) -> Result<()> {
        let own = url.origin() == self.composio_base()?.origin();
        let checked = check(url, if own { Trust::Operator } else { Trust::Public });
        checked.map_err(|error| {
            let text = "Composio sends the login to an address that is not opened";
            Error::new(Code::ProviderError, text).because(error)
        })
    }

    /// Returns the auth config by which users of a toolkit log in: the operator's, else one that is there, else a
    /// new one with Composio's own client.
    async fn auth_config(&self, reached: &Reached<'_>, known: &Known) -> Result<AuthConfig> {
        let remote =
            known.remote.as_ref().filter(|remote| remote.ready || known.client_id().is_some());
        let remote = remote.ok_or_else(|| known.without_auth_config())?;
        if let Some(id) = known.client_id() {
            let (id, scheme) = (id.to_owned(), remote.scheme.clone());
            return Ok(AuthConfig { id, scheme, is_managed: false });
        }
        let api = reached.api();
        let all = api.auth_configs(&remote.slug).await?;
        let mut same: Vec<_> = all.into_iter().filter(|one| one.scheme == remote.scheme).collect();
        // Of several, Composio's own client goes first; it asks for nothing more.
        same.sort_by_key(|one| !one.is_managed);
        if let Some(first) = same.into_iter().next() {
            return Ok(first);
        }
        let entered = known.manifest.auth.kind != AuthType::Oauth2;
        let scheme = entered.then_some(remote.scheme.as_str());
        let made = api.make_auth_config(&remote.slug, scheme).await?;
        Ok(if made.scheme.is_empty() {
            AuthConfig { scheme: remote.scheme.clone(), ..made }
        } else {
            made
        })
    }

    /// Makes an account at Composio of what a user has entered, or keeps that here if the connection says so;
    /// returns what the connection keeps.
    pub(in crate::engine) async fn entered_at_composio(
        &self,
        known: &Known,
        connection: &Connection,
        entered: Secrets,
    ) -> Result<Secrets> {
        let remote = known.remote.as_ref().ok_or_else(|| known.without_auth_config())?;
        let user = self.owner(&connection.id)?.map(|user| user.id).unwrap_or_default();
        if self.store.next_fields(&connection.id)?.contains_key(KEEPS) {
            let mut kept = entered;
            kept.0.insert(SCHEME.to_owned(), beside(remote.scheme.as_str()));
            kept.0.insert(USER.to_owned(), beside(user));
            return Ok(kept);
        }
        let reached = self.composio()?;
        let config = self.auth_config(&reached, known).await?;
        let account = reached.api().make_account(&config, &user, &entered).await?;
        let kept = [(ACCOUNT.to_owned(), beside(account)), (USER.to_owned(), beside(user))];
        Ok(Secrets(kept.into()))
    }

    /// Asks Composio how a login stands, and ends it if it has ended there.
    pub(in crate::engine) async fn ask_composio(
        &self,
        known: &Known,
        login: &Login<'_>,
    ) -> Result<ConnectState> {
        let lost = || Error::new(Code::InternalError, "the login has lost its account");
        let id = account_of(login.kept).ok_or_else(lost)?;
        let waits = || {
            let next = Millis::now().after(login.waiting.poll_every);
            let link = oauth::kept(login.kept, LINK).and_then(|link| link.parse().ok());
            let state = self.still_waiting(login, next)?;
            Ok(ConnectState { asked: true, redirect_url: link, ..state })
        };
        let account = match self.composio()?.api().account(id).await {
            Ok(account) => account,
            Err(error) if error.code == Code::NotFound => {
                let text = "Composio has forgotten the login";
                let error = Error::new(Code::Forbidden, text).reason("login_refused");
                return Err(self.end_device(login.waiting, text, error)?);
            }
            Err(error) => {
                self.note(format!("Composio did not say how the login stands: {error}."));
                return waits();
            }
        };
        match account.status.as_str() {
            "ACTIVE" => {
                let kept = login.kept.0.iter().filter(|(key, _)| key.as_str() != LINK);
                let sealed =
                    Secrets(kept.map(|(key, value)| (key.clone(), value.clone())).collect());
                let tokens = Tokens { sealed, ..Tokens::default() };
                let before = self.account_before(&login.connection.id)?;
                let ended = self.granted(known, login, tokens).await?;
                self.let_go(before, &ended.connected_account_id).await;
                Ok(ended)
            }
            "FAILED" | "EXPIRED" | "INACTIVE" | "REVOKED" => {
                let why = account.reason.map(|why| format!(": {why}")).unwrap_or_default();
                let text = format!("the login did not succeed at Composio{why}");
                let error = Error::new(Code::Forbidden, &text).reason("login_refused");
                Err(self.end_device(login.waiting, &text, error)?)
            }
            // What nobody here knows may still become one of these.
            _ => waits(),
        }
    }

    /// Asks about the logins of a user at Composio that are not young, or of everybody; one at a time about each.
    pub(crate) async fn see_to_links(&self, user: Option<&str>) -> Result<()> {
        let now = Millis::now();
        let young = i64::try_from(YOUNG.as_millis()).unwrap_or(i64::MAX);
        for id in self.store.linking(Millis(now.0.saturating_sub(young)))? {
            let Some((owner, connection)) = self.store.connection(&id)? else { continue };
            if user.is_some_and(|user| user != owner) || !self.has_composio()? {
                continue;
            }
            // How it stands is told by its row, and why it failed too.
            if let Err(error) = self.asked_again(connection).await
                && error.code != Code::Forbidden
            {
                self.warn(format!("A login at Composio could not be asked about: {error}."));
            }
        }
        Ok(())
    }

    async fn asked_again(&self, connection: Connection) -> Result<()> {
        if !matches!(connection.status, Status::Initiated | Status::Active | Status::Expired) {
            return Ok(());
        }
        let op = Poll { connection: (&connection.id).into(), user: None, given_up: None };
        Box::pin(self.polled(connection, &op)).await.map(drop)
    }
}

/// Notes beside the parts of an address that the credential of a login is to be kept here.
///
/// Fails if it is another's to keep: tokens of an OAuth login are.
pub(in crate::engine) fn keep_here(
    known: &Known,
    fields: &mut BTreeMap<String, String>,
) -> Result<()> {
    let entered = matches!(known.manifest.auth.kind, AuthType::ApiKey | AuthType::Basic);
    if known.provider() != Provider::Composio || !entered {
        let text =
            format!("`{}` has no credential that Composio would keep otherwise", known.slug());
        return Err(Error::new(Code::InvalidInput, text).hint("leave `--keep here` out"));
    }
    fields.insert(KEEPS.to_owned(), "here".to_owned());
    Ok(())
}
