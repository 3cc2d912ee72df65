//! Logins: begun with a link or a question, ended with a callback or an answer.

use std::time::Duration;

use url::Url;

use super::clients::Need;
use super::composio::keep_here;
use super::device::goes_by_device;
use super::fields::{check_login, field_faults};
use super::known::Known;
use super::{Engine, Scope, beside, connection_owner, gate, scopes, user_flag};
use crate::api::connections::{Connect, ConnectState, Connection, Credentials, Finish, Status};
use crate::api::error::{Code, Error, Result};
use crate::api::ids::{ConnectionId, connect_command, hidden};
use crate::api::logins::Keeper;
use crate::api::secrets::Secrets;
use crate::api::time::Millis;
use crate::api::toolkits::{AuthType, Provider};
use crate::api::workspace::User;
use crate::http::{Trust, check};
use crate::oauth::{self, Ask, Tokens};
use crate::provider::direct;
use crate::store::{Flow, FlowAnswer, Grant, NewFlow, flow_owner};

/// How long a link waits for its callback.
pub(crate) const FLOW_LIFE: Duration = Duration::from_mins(10);

impl Engine {
    /// Returns the app of a login, once everything has been checked that can be before it begins.
    pub(super) fn check_connect(&self, user: &User, op: &Connect) -> Result<Known> {
        let known = self.toolkit_of(user, &op.toolkit, (op.provider, None))?.connectable()?;
        if let Some(url) = &op.callback_url {
            check(url, Trust::Public)?;
            self.check_origin(url)?;
        }
        check_login(&known, op)?;
        for slug in &op.tools {
            known.tool(slug)?;
        }
        Ok(known)
    }

    pub(super) async fn connect(&self, scope: &Scope<'_>, op: &Connect) -> Result<ConnectState> {
        let by = (op.provider, None);
        self.learn_fields(&op.toolkit).await?;
        self.learn_tools(scope.user()?, &op.toolkit, by).await?;
        let known = self.check_connect(scope.user()?, op)?;
        self.connect_to(scope, op, &known).await
    }

    /// Fails if the account has a credential already that came another way: it would be shown to whoever is at the
    /// end of this one.
    fn check_way(&self, user: &User, known: &Known, op: &Connect) -> Result<()> {
        let all = self.store.connections(&user.id, Some(&op.toolkit))?;
        let Some(other) =
            all.iter().find(|one| one.label == op.label && one.provider != known.provider())
        else {
            return Ok(());
        };
        if self.store.sealed(&connection_owner(&other.id))?.is_none() {
            return Ok(());
        }
        let (slug, there) = (known.slug(), other.provider.as_str());
        let text = format!("the account is connected to `{slug}` by `{there}`");
        let purge = format!(
            "naive connections disconnect {slug} --account {}{} --purge",
            other.id,
            user_flag(user)
        );
        Err(Error::new(Code::InvalidInput, text)
            .hint(format!("give another account a `--label`, or run `{purge}` first"))
            .reason("other_provider"))
    }

    /// Begins the login to what is known, be it an app or the brokerage.
    pub(super) async fn connect_to(
        &self,
        scope: &Scope<'_>,
        op: &Connect,
        known: &Known,
    ) -> Result<ConnectState> {
        let tools = op.tools.iter().map(|slug| known.tool(slug));
        let tools = tools.collect::<Result<Vec<_>>>()?;
        let present = self.connected_as(scope, op)?;
        self.check_way(scope.user()?, known, op)?;
        let active = present.as_ref().filter(|one| one.status == Status::Active);
        if let Some(active) = active
            && !op.reconnect
            && tools.iter().all(|tool| scopes::covers(&active.scopes, tool))
        {
            self.note_unchanged(scope.user()?, op, active);
            return Ok(state(active, None));
        }
        let mut fields = self.address_fields(scope.user()?, known, op)?;
        if op.keep == Some(Keeper::Here) {
            keep_here(known, &mut fields)?;
        }
        let scopes = known.asked(&op.scopes, &tools, present.as_ref());
        let new = NewFlow {
            user: &scope.user()?.id,
            toolkit: &op.toolkit,
            provider: known.provider(),
            label: op.label.as_ref(),
            fields: &fields,
            scopes: &scopes,
            reconnect: active.is_some(),
            restart: op.restart,
            waits: scope.call.waits,
        };
        match known.manifest.auth.kind {
            AuthType::None => {
                let begun = self.store.begin(&new, None, Millis::now())?;
                if !begun.began {
                    return self.begun(&begun, None);
                }
                self.activate(known, &begun.id, &Tokens::default()).await
            }
            AuthType::ApiKey | AuthType::Basic | AuthType::Unknown => {
                let begun = self.store.begin(&new, None, Millis::now())?;
                let credential_fields = if begun.began { known.fields() } else { Vec::new() };
                Ok(ConnectState { credential_fields, ..self.begun(&begun, None)? })
            }
            AuthType::Oauth2 if known.provider() == Provider::Composio => {
                self.begin_link(scope, op, known, &new).await
            }
            AuthType::Oauth2 => self.begin_oauth(scope, op, known, &new).await,
        }
    }

    async fn begin_oauth(
        &self,
        scope: &Scope<'_>,
        op: &Connect,
        known: &Known,
        new: &NewFlow<'_>,
    ) -> Result<ConnectState> {
        let endpoints = Box::pin(self.endpoints(known)).await?;
        let scopes = endpoints.asked(known, &op.scopes, new.scopes);
        let new = &NewFlow { scopes: &scopes, ..*new };
        if goes_by_device(scope.call, op, endpoints.device.as_ref())? {
            return self.begin_device(known, &endpoints, new).await;
        }
        let redirect_uri = scope.call.redirect_uri.as_ref().ok_or_else(|| {
            Error::new(Code::InternalError, "this door has no place for a browser to return to")
        })?;
        let onward = scope.call.onward.as_ref();
        let auth = &known.manifest.auth;
        let scope = new.scopes.join(&auth.scope_separator);
        let need = Need { redirect_uri: Some(redirect_uri), scope: &scope };
        let server = self.server_for(known, &endpoints, &need).await?;
        let ask = Ask {
            redirect_uri,
            scopes: new.scopes,
            separator: &auth.scope_separator,
            params: &auth.params,
            pkce: auth.pkce || server.resource.is_some(),
        };
        let (link, mut login) = oauth::authorize(&server, &ask)?;
        let kept = &mut login.kept.0;
        kept.extend(server.issuer.map(|issuer| ("issuer".to_owned(), beside(issuer))));
        kept.insert("scopes".to_owned(), beside(new.scopes.join(" ")));
        let callback = op.callback_url.as_ref().or(onward);
        kept.extend(callback.map(|url| ("callback_url".to_owned(), beside(url.as_str()))));
        let state_hash = oauth::state_hash(&login.state);
        let owner = flow_owner(&state_hash);
        let sealed = self.cipher()?.seal(&owner, &login.kept)?;
        let now = Millis::now();
        let expires_at = now.after(FLOW_LIFE);
        let flow = Flow { state_hash, owner, sealed, expires_at, poll_every: None };
        self.begun(&self.store.begin(new, Some(&flow), now)?, Some(link))
    }

    pub(super) async fn finish(&self, scope: &Scope<'_>, op: Finish) -> Result<ConnectState> {
        let state_hash = oauth::state_hash(&op.state);
        let refused =
            |text: &str, reason: &str| Error::new(Code::InvalidInput, text).reason(reason);
        let again = |error| self.start_again(self.store.flow_of(&state_hash)?.as_ref(), "", error);
        // Before the login is used up: without its key it could not be ended.
        self.cipher()?;
        let (id, sealed) = match self.store.take_flow(&state_hash, Millis::now())? {
            FlowAnswer::Taken(id, sealed) => (id, sealed),
            FlowAnswer::Used => {
                if let Some(why) = &op.given_up {
                    self.store.fail_login(&state_hash, why)?;
                }
                return Err(again(refused("this login has ended already", "state_used"))?);
            }
            FlowAnswer::Unknown => {
                return Err(refused("nobody here waits for this login", "state_unknown")
                    .hint("use the link that was made last for this account, or make a new one"));
            }
            FlowAnswer::Lapsed => {
                self.store.fail_login(&state_hash, "timed out")?;
                let late = refused("this login took too long and has timed out", "timed_out");
                return Err(again(late)?);
            }
        };
        if let Some(why) = op.given_up {
            self.store.fail_login(&state_hash, &why)?;
            let error = Error::new(Code::Forbidden, format!("the login was given up: {why}"));
            return Err(again(error.reason(why.replace(' ', "_")))?);
        }
        let kept = self.opening(&flow_owner(&state_hash), &sealed)?;
        let ended = match self.end_oauth(scope, &id, &kept, op).await {
            Ok(ended) => ended,
            Err(error) => {
                self.store.fail_login(&state_hash, &error.message)?;
                return Err(again(error)?);
            }
        };
        let callback = oauth::kept(&kept, "callback_url").and_then(|url| Url::parse(url).ok());
        let user = self.owner(&id)?.map(|user| user.handle().to_owned());
        Ok(ConnectState { callback_url: callback, user, ..ended })
    }

    async fn end_oauth(
        &self,
        scope: &Scope<'_>,
        id: &ConnectionId,
        kept: &Secrets,
        op: Finish,
    ) -> Result<ConnectState> {
        let Some((user, connection)) = self.store.connection(id)? else {
            return Err(Error::new(Code::NotFound, "the connection is gone"));
        };
        if !scope.call.caller.may_see(Some(&user)) {
            return Err(gate::other_subject());
        }
        // A scope ends one login, so its cell is empty.
        let _ = scope.found.set((user, connection.toolkit.to_string()));
        let owner = self.owner(id)?;
        let kit = owner.as_ref().map(|user| self.store.kit_of(user)).transpose()?;
        let workspace = self.store.workspace()?;
        gate::login((owner.as_ref(), kit.as_ref()), &workspace, &connection.toolkit)?;
        let known = self.behind(&connection)?.usable()?;
        let mut server = self.oauth_server(&known, kept).await?;
        server.issuer = oauth::kept(kept, "issuer").map(str::to_owned);
        oauth::check_issuer(&server, op.iss.as_deref())?;
        let code = match (op.code, op.error) {
            (Some(code), None) => code,
            (_, Some(error)) => return Err(declined(&error, op.error_description.as_deref())),
            (None, None) => {
                return Err(Error::new(
                    Code::ProviderError,
                    "the app sent neither a code nor an error",
                ));
            }
        };
        let tokens = oauth::exchange(&self.http, &server, kept, &code, Millis::now()).await;
        let mut tokens =
            tokens.map_err(|error| self.login_failed(&known, &server.client_id, error))?;
        tokens.scopes = tokens.scopes.or_else(|| asked(kept));
        self.activate(&known, id, &tokens).await
    }

    pub(super) async fn credentials(
        &self,
        scope: &Scope<'_>,
        op: Credentials,
    ) -> Result<ConnectState> {
        let connection = self.get_connection(scope, &op.connection)?;
        let known = self.behind(&connection)?.usable()?;
        let slug = &known.manifest.slug;
        match known.manifest.auth.kind {
            AuthType::ApiKey | AuthType::Basic | AuthType::Unknown => {}
            AuthType::Oauth2 | AuthType::None => {
                let text = format!("`{slug}` takes no credentials here");
                let (user, label) = (user_flag(scope.user()?), connection.label.as_ref());
                let command = connect_command(slug, &user, label);
                return Err(Error::new(Code::InvalidInput, text).hint(format!("run `{command}`")));
            }
        }
        let given = self.store.next_fields(&connection.id)?;
        let faults = field_faults(&known, &op.fields, &given);
        if !faults.is_empty() {
            return Err(Error::new(
                Code::InvalidInput,
                "some credential fields are missing or unknown",
            )
            .hint("give each as `KEY=-` on stdin, or in `NAIVE_CREDENTIAL_<KEY>`")
            .details(faults));
        }
        let sealed = match known.provider() {
            Provider::Direct | Provider::Mcp => op.fields,
            Provider::Composio => self.entered_at_composio(&known, &connection, op.fields).await?,
        };
        let before = match known.provider() {
            Provider::Direct | Provider::Mcp => None,
            Provider::Composio => self.account_before(&connection.id)?,
        };
        let entered = Tokens { sealed, ..Tokens::default() };
        let ended = self.activate(&known, &connection.id, &entered).await?;
        self.let_go(before, &connection.id).await;
        Ok(ended)
    }

    /// Seals a credential, learns whose account it is, and marks the connection `ACTIVE`.
    ///
    /// A credential that the app refuses ends the login: `FAILED`, or the active row as it was.
    pub(super) async fn activate(
        &self,
        known: &Known,
        id: &ConnectionId,
        tokens: &Tokens,
    ) -> Result<ConnectState> {
        let before = self.present(id)?;
        let fields = self.store.next_fields(id)?;
        let account = match direct::claimed_name(&known.manifest, tokens.claims.as_ref()) {
            Some(name) => Some(name),
            None => self.learn_account(known, &before, &tokens.sealed, &fields).await?,
        };
        let granted = tokens.scopes.clone().unwrap_or(before.scopes);
        let owner = connection_owner(id);
        let active = self.sealing(&owner, &tokens.sealed, |sealed| {
            let (owner, account) = (owner.as_str(), account.as_deref());
            let client = oauth::client_id(&tokens.sealed);
            let grant = Grant { owner, sealed, account, scopes: &granted, client };
            self.store.activate(id, &grant, Millis::now())
        })?;
        match active {
            Some(active) => Ok(state(&active, None)),
            None => Err(self.gone(id)?),
        }
    }
}

/// Returns how a connection stands, as a login tells it.
pub(super) fn state(connection: &Connection, link: Option<Url>) -> ConnectState {
    ConnectState {
        status: connection.status,
        toolkit: connection.toolkit.clone(),
        redirect_url: link,
        device: None,
        connected_account_id: connection.id.clone(),
        login: None,
        asked: false,
        account: connection.account.clone(),
        credential_fields: Vec::new(),
        callback_url: None,
        user: None,
    }
}

/// Returns the scopes a login asked for: a server that says nothing has granted them (RFC 6749, 5.1).
pub(super) fn asked(kept: &Secrets) -> Option<Vec<String>> {
    Some(oauth::kept(kept, "scopes")?.split_whitespace().map(str::to_owned).collect())
}

/// Returns the provider's own reason, its words cut and cleaned.
pub(super) fn declined(error: &str, description: Option<&str>) -> Error {
    let clean = |text: &str| -> String {
        text.chars().filter(|c| !hidden(*c)).take(200).collect::<String>().trim().to_owned()
    };
    // The contract is ours: no other text of the provider becomes a reason.
    let reason = if error == "access_denied" { "access_denied" } else { "login_refused" };
    let (error, words) = (clean(error), description.map(clean).filter(|words| !words.is_empty()));
    let text = match (error.as_str(), words) {
        (error, Some(words)) => format!("the login was refused with `{error}`: {words}"),
        (error, None) => format!("the login was refused with `{error}`"),
    };
    Error::new(Code::Forbidden, text).reason(reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_providers_words_never_become_the_contract() {
        for word in ["interrupted", "state_unknown", "timed_out"] {
            let error = declined(word, None);

            assert_eq!(error.reason.as_deref(), Some("login_refused"));
            assert_eq!(error.exit(), 1);
        }
        assert_eq!(declined("access_denied", None).reason.as_deref(), Some("access_denied"));
    }
}
