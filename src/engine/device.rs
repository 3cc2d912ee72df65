//! Logins on another device: begun with a code, ended by asking the app about it.

use std::time::Duration;

use url::Url;

use super::clients::Need;
use super::credential::Claim;
use super::endpoints::Endpoints;
use super::fields::{keys, no_codes};
use super::known::Known;
use super::login::{declined, state};
use super::{Call, Engine, Scope};
use crate::api::connections::{Connect, ConnectState, Connection, PendingLogin, Status};
use crate::api::error::{Code, Error, Result};
use crate::api::logins::Poll;
use crate::api::secrets::Secrets;
use crate::api::time::Millis;
use crate::api::toolkits::{AuthType, Provider};
use crate::oauth::{self, DeviceAnswer, Tokens};
use crate::store::{Flow, FlowAnswer, NewFlow, WaitingDevice, flow_owner};

/// How much less often a server wants to be asked that says so (RFC 8628, 3.5).
const SLOWER: Duration = Duration::from_secs(5);
/// Longest time between two questions to a server that does not answer.
const RAREST: Duration = Duration::from_mins(1);

/// Tells whether a login goes by a code: where that is asked for, or where no browser can return.
///
/// Fails if nothing else would do and the server gives out none.
pub(super) fn goes_by_device(call: &Call, op: &Connect, endpoint: Option<&Url>) -> Result<bool> {
    let wanted = op.device || !call.browser;
    match (endpoint, &call.redirect_uri) {
        (Some(_), _) if wanted => Ok(true),
        (Some(_), None) => Ok(true),
        (None, _) if op.device => Err(no_codes(op)),
        (None, None) => {
            Err(Error::new(Code::InvalidInput, "there is no place for a browser to return to")
                .reason("no_return"))
        }
        (_, Some(_)) => Ok(false),
    }
}

impl Engine {
    /// Gets a code that the user enters on any device.
    pub(super) async fn begin_device(
        &self,
        known: &Known,
        endpoints: &Endpoints,
        new: &NewFlow<'_>,
    ) -> Result<ConnectState> {
        let scope = new.scopes.join(&known.manifest.auth.scope_separator);
        let need = Need { redirect_uri: None, scope: &scope };
        let server = self.server_for(known, endpoints, &need).await?;
        let device = match oauth::ask_for_code(&self.http, &server, &scope).await {
            Err(error) if self.forget_client(known, &server.client_id, &error)? => {
                let again = self.toolkit(known.slug())?;
                let server = self.server_for(&again, endpoints, &need).await?;
                oauth::ask_for_code(&self.http, &server, &scope).await?
            }
            answer => answer?,
        };
        let now = Millis::now();
        let expires_at = now.after(device.life);
        // Nobody knows what this hash is of: no callback ends such a login.
        let state_hash = oauth::state_hash(&oauth::random());
        let owner = flow_owner(&state_hash);
        let begun = self.sealing(&owner, &device.kept, |sealed| {
            let flow = Flow {
                state_hash: state_hash.clone(),
                owner: owner.clone(),
                sealed: sealed.to_vec(),
                expires_at,
                poll_every: Some(device.interval),
            };
            self.store.begin(new, Some(&flow), now)
        })?;
        let code = oauth::device_code(&device.kept, expires_at, now.after(device.interval));
        Ok(ConnectState { device: code.filter(|_| begun.began), ..self.begun(&begun, None)? })
    }

    /// Asks the app once whether the code was entered, if it may be asked by now.
    pub(super) async fn poll(&self, scope: &Scope<'_>, op: &Poll) -> Result<ConnectState> {
        let connection = self.get_connection(scope, &op.connection)?;
        let id = connection.id.clone();
        let flag = if connection.provider == Provider::Composio { "" } else { " --device" };
        match self.polled(connection, op).await {
            Err(error) if error.reason.as_deref() == Some("login_replaced") => {
                let command = format!("naive connections get {id}{}", self.owner_flag(&id)?);
                Err(error.hint(format!("run `{command}` to see how it stands")))
            }
            Err(error) => Err(self.start_again(Some(&id), flag, error)?),
            state => state,
        }
    }

    /// Asks once how a login stands that is asked about, if that may be by now.
    pub(super) async fn polled(&self, connection: Connection, op: &Poll) -> Result<ConnectState> {
        let Some(waiting) = self.store.device(&connection.id)? else {
            return self.without_code(&connection);
        };
        if let Some(why) = &op.given_up {
            let error = Error::new(Code::Forbidden, format!("the login was given up: {why}"));
            let error = error.reason(why.replace(' ', "_"));
            return Err(self.end_device(&waiting, why, error)?);
        }
        let now = Millis::now();
        if waiting.expires_at <= now {
            return Err(self.end_device(&waiting, "timed out", lapsed())?);
        }
        let kept = self.opening(&flow_owner(&waiting.state_hash), &waiting.sealed)?;
        let login = Login { connection: &connection, waiting: &waiting, kept: &kept };
        // Until the answer to a question is stored nobody else asks: the code is good for one answer,
        // and whoever asks after that would take the login for refused.
        let Some(_claim) = Claim::take(&self.store, &connection.id)? else {
            return self.still_waiting(&login, now.after(waiting.poll_every));
        };
        if !self.store.claim_poll(&waiting.state_hash, now)? {
            return self.still_waiting(&login, waiting.next_poll_at);
        }
        let known = self.behind(&connection)?.usable()?;
        if known.provider() == Provider::Composio {
            return self.ask_composio(&known, &login).await;
        }
        let server = self.poll_server(&known, &kept)?;
        match oauth::ask_for_tokens(&self.http, &server, &kept, now).await {
            Ok(answer) => self.answered(&known, &login, answer).await,
            Err(error) => {
                let error = self.login_failed(&known, &server.client_id, error);
                let why = error.message.clone();
                Err(self.end_device(&waiting, &why, error)?)
            }
        }
    }

    /// Returns the server that gave out a code: of its addresses, none but the one for questions.
    fn poll_server(&self, known: &Known, kept: &Secrets) -> Result<oauth::Server> {
        if let Some(bound) = oauth::bound(kept) {
            return self.server_with(known, &Endpoints::bound(bound), kept);
        }
        let given = known.manifest.auth.token_url.clone();
        let discovered = || oauth::kept(kept, "token_endpoint")?.parse().ok();
        let token = given
            .or_else(discovered)
            .ok_or_else(|| Error::new(Code::InternalError, "the login has lost its server"))?;
        self.server_with(known, &Endpoints::of_token(token), kept)
    }

    async fn answered(
        &self,
        known: &Known,
        login: &Login<'_>,
        answer: DeviceAnswer,
    ) -> Result<ConnectState> {
        let waiting = login.waiting;
        let now = Millis::now();
        let slower = |interval: Duration| {
            self.store.poll_every(&waiting.state_hash, interval, now)?;
            self.still_waiting(login, now.after(interval))
        };
        match answer {
            DeviceAnswer::Granted(tokens) => self.granted(known, login, tokens).await,
            DeviceAnswer::Pending => self.still_waiting(login, now.after(waiting.poll_every)),
            DeviceAnswer::SlowDown(wanted) => {
                slower((waiting.poll_every + SLOWER).max(wanted.unwrap_or_default()))
            }
            DeviceAnswer::Unclear(error) => {
                self.note(format!("The app gave no answer and is asked again: {error}."));
                slower((waiting.poll_every * 2).min(RAREST.max(waiting.poll_every)))
            }
            DeviceAnswer::Declined => {
                let error = declined("access_denied", None);
                let why = error.message.clone();
                Err(self.end_device(waiting, &why, error)?)
            }
            DeviceAnswer::Lapsed => Err(self.end_device(waiting, "timed out", lapsed())?),
        }
    }

    /// Ends a login well with what it was granted.
    pub(super) async fn granted(
        &self,
        known: &Known,
        login: &Login<'_>,
        tokens: Tokens,
    ) -> Result<ConnectState> {
        let id = &login.connection.id;
        // A server that says nothing has granted what was asked (RFC 6749, 5.1).
        let asked = || Some(oauth::device_code(login.kept, Millis(0), Millis(0))?.scopes);
        let tokens = Tokens { scopes: tokens.scopes.or_else(asked), ..tokens };
        match self.store.take_flow(&login.waiting.state_hash, Millis::now())? {
            // Granted in time, even if the answer was late.
            FlowAnswer::Taken(..) | FlowAnswer::Lapsed => {}
            FlowAnswer::Used | FlowAnswer::Unknown => return Err(replaced()),
        }
        let ended = self.activate(known, id, &tokens).await;
        if let Err(error) = &ended {
            self.store.fail_login(&login.waiting.state_hash, &error.message)?;
        }
        ended
    }

    /// Ends a login without success, and returns why; another error if it had ended before.
    pub(super) fn end_device(
        &self,
        waiting: &WaitingDevice,
        why: &str,
        error: Error,
    ) -> Result<Error> {
        match self.store.take_flow(&waiting.state_hash, Millis::now())? {
            FlowAnswer::Taken(..) | FlowAnswer::Lapsed => {
                self.store.fail_login(&waiting.state_hash, why)?;
                Ok(error)
            }
            FlowAnswer::Used | FlowAnswer::Unknown => Ok(replaced()),
        }
    }

    /// Returns how a connection stands for which no code waits.
    fn without_code(&self, connection: &Connection) -> Result<ConnectState> {
        let id = &connection.id;
        let advice = match connection.status {
            Status::Active => return Ok(state(connection, None)),
            Status::Failed => {
                let why = connection.reason.as_deref().unwrap_or("no reason is known");
                let text = format!("the login has failed: {why}");
                let error = Error::new(Code::Forbidden, text).reason("login_failed");
                return Err(self.start_again(Some(id), "", error)?);
            }
            Status::Initiated => {
                let (user, known) = (self.owner_flag(id)?, self.behind(connection)?);
                match (known.manifest.auth.kind, keys(&known.fields())) {
                    (AuthType::ApiKey | AuthType::Basic | AuthType::Unknown, keys) => {
                        format!(
                            "run `naive connections credentials {id}{user}{keys}` to enter what it waits for"
                        )
                    }
                    (AuthType::Oauth2 | AuthType::None, _) => {
                        format!("run `naive connections wait {id}{user}` to wait for its end")
                    }
                }
            }
            Status::Expired | Status::Inactive | Status::Revoked => {
                format!("run `{}` to log in", self.connect_command(id)?)
            }
        };
        Err(Error::new(Code::InvalidInput, format!("no code for another device waits for `{id}`"))
            .hint(advice)
            .reason("no_device_login"))
    }

    /// Returns how a login stands about which nothing new is known.
    pub(super) fn still_waiting(
        &self,
        login: &Login<'_>,
        next_poll_at: Millis,
    ) -> Result<ConnectState> {
        let (since, until) = (login.waiting.since, login.waiting.expires_at);
        let code = oauth::device_code(login.kept, until, next_poll_at);
        let pending = Some(PendingLogin { since, until });
        let state = self.state(&login.connection.id, None)?;
        Ok(ConnectState { device: code, login: pending, ..state })
    }
}

/// One login that waits, opened.
pub(super) struct Login<'a> {
    /// Whose it is
    pub(super) connection: &'a Connection,
    /// What waits
    pub(super) waiting: &'a WaitingDevice,
    /// What it has kept
    pub(super) kept: &'a Secrets,
}

fn lapsed() -> Error {
    Error::new(Code::Forbidden, "the code was not entered in time").reason("timed_out")
}

fn replaced() -> Error {
    Error::new(Code::Forbidden, "the login was ended or begun anew meanwhile")
        .reason("login_replaced")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Caller;

    /// Says whether a login goes by a code; `case` has a letter for each: `d`evice asked for, a
    /// `b`rowser opens, one can `r`eturn, the server `g`ives codes.
    fn went(case: &str) -> Option<bool> {
        let op = serde_json::json!({"toolkit": "acme", "device": case.contains('d')});
        let here: Url = "http://127.0.0.1:7/oauth/callback".parse().unwrap();
        let call = Call {
            redirect_uri: Some(here).filter(|_| case.contains('r')),
            browser: case.contains('b'),
            ..Call::by(Caller::Human, "default".parse().unwrap())
        };
        let endpoint: Url = "https://a/device".parse().unwrap();
        let op = serde_json::from_value(op).unwrap();
        goes_by_device(&call, &op, Some(&endpoint).filter(|_| case.contains('g'))).ok()
    }

    #[test]
    fn a_code_comes_where_it_is_asked_for_or_no_browser_opens() {
        let table = [
            ("dbrg", Some(true)),
            ("dbr", None),
            ("brg", Some(false)),
            ("rg", Some(true)),
            ("r", Some(false)),
            ("g", Some(true)),
            ("", None),
        ];
        for (case, expected) in table {
            assert_eq!(went(case), expected, "{case}");
        }
    }
}
