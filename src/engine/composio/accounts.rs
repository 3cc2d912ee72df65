//! Calls through an account at Composio, and how that account stands.

use serde_json::{Map, Value};

use super::{ACCOUNT, Reached, SCHEME, USER, account_of};
use crate::api::connections::{Connection, Status};
use crate::api::error::{Code, Error, Result};
use crate::api::ids::connect_command;
use crate::api::secrets::Secrets;
use crate::api::toolkits::AuthType;
use crate::api::tools::Executed;
use crate::engine::deliver::Link;
use crate::engine::known::Known;
use crate::engine::mirror::now_after;
use crate::engine::{Engine, Scope, user_flag};
use crate::http::{Request, Response};
use crate::oauth;
use crate::provider::composio::{Account, Through, is_about_login};

impl Engine {
    /// Makes the request of a call that goes through Composio.
    pub(in crate::engine) fn through_composio(
        &self,
        link: &Link<'_>,
        input: &Map<String, Value>,
        secrets: &Secrets,
    ) -> Result<Request> {
        let reached = self.composio()?;
        let kept = |name| oauth::kept(secrets, name);
        let given;
        let through = match (link.connection, kept(ACCOUNT), kept(SCHEME)) {
            (None, ..) => Through::Nobody,
            (Some(_), Some(account), _) => {
                Through::Account(account, kept(USER).unwrap_or_default())
            }
            (Some(_), None, Some(scheme)) => {
                given = own_fields(secrets);
                Through::Credential(scheme, link.known.remote_slug()?, &given)
            }
            (Some(_), None, None) if link.known.manifest.auth.kind == AuthType::None => {
                Through::Nobody
            }
            (Some(connection), None, None) => {
                return Err(self.lost_account(connection)?);
            }
        };
        reached.api().execute(link.tool, input, through)
    }

    fn lost_account(&self, connection: &Connection) -> Result<Error> {
        let user = self.owner_flag(&connection.id)?;
        let command = connect_command(&connection.toolkit, &user, connection.label.as_ref());
        Ok(Error::new(Code::NotConfigured, "the connection has no account at Composio")
            .hint(format!("run `{command}`"))
            .reason("not_connected"))
    }

    /// Looks how an account stands after an answer that may be about that, and tells of one that cannot be used.
    pub(in crate::engine) async fn look_at_account(
        &self,
        scope: &Scope<'_>,
        link: &Link<'_>,
        answer: &Response,
        done: &mut Executed,
    ) {
        let Some(connection) = link.connection.filter(|_| is_about_login(answer)) else { return };
        let now = match self.account_now(link.known, connection).await {
            Ok(Some(now)) => now,
            Ok(None) => return,
            Err(error) => {
                self.note(format!("Composio did not say how the account stands: {error}."));
                return;
            }
        };
        if now.status == Status::Active && now.reason.is_none() {
            return;
        }
        let state = now.reason.unwrap_or_else(|| now.status.as_str().to_lowercase());
        let text = done.error.take().unwrap_or_default();
        done.error = Some(format!("{text}; the account is {state} there"));
        if now.status == Status::Active {
            return;
        }
        let user = scope.user.as_ref().map(user_flag).unwrap_or_default();
        let command = connect_command(&connection.toolkit, &user, connection.label.as_ref());
        done.code = Some(Code::Unauthorized);
        done.reason = Some("connection_expired".to_owned());
        done.hint = Some(format!("run `{command}` to log in again"));
    }

    /// Asks Composio how an account stands, has the mirror say the same, and returns the connection as it is then;
    /// nothing where Composio keeps no account for it.
    pub(in crate::engine) async fn account_now(
        &self,
        known: &Known,
        connection: &Connection,
    ) -> Result<Option<Connection>> {
        let secrets = self.opened(&connection.id)?.secrets;
        let Some(id) = account_of(&secrets) else { return Ok(None) };
        let reached: Reached<'_> = self.composio()?;
        let (status, reason) = match reached.api().account(id).await {
            Ok(account) => stands(&account, connection.status),
            Err(error) if error.code == Code::NotFound => {
                (Status::Revoked, Some("the account is gone at Composio".to_owned()))
            }
            Err(error) => return Err(error),
        };
        if (status, &reason) != (connection.status, &connection.reason) {
            let at = now_after(connection);
            self.store.hear(&connection.id, status, (reason.as_deref(), at))?;
        }
        debug_assert_eq!(known.slug(), &connection.toolkit);
        self.present(&connection.id).map(Some)
    }
}

/// Returns the fields of a credential that is kept here, without what stands beside them.
fn own_fields(secrets: &Secrets) -> Secrets {
    let own = secrets.0.iter().filter(|(key, _)| ![SCHEME, USER].contains(&key.as_str()));
    Secrets(own.map(|(key, value)| (key.clone(), value.clone())).collect())
}

/// Returns how the mirror tells of an account that stands so. A word that nobody here knows stays as it is, beside
/// the status that was.
fn stands(account: &Account, before: Status) -> (Status, Option<String>) {
    let why = account.reason.clone();
    match account.status.as_str() {
        "ACTIVE" if account.is_disabled => (Status::Inactive, why),
        "ACTIVE" => (Status::Active, None),
        "INITIALIZING" | "INITIATED" => {
            // A login was begun anew at Composio, which takes the tokens away: it is not one of ours.
            (Status::Expired, Some("a login was begun anew at Composio".to_owned()))
        }
        "EXPIRED" => (Status::Expired, why),
        "FAILED" => (Status::Failed, why),
        "INACTIVE" => (Status::Inactive, why),
        "REVOKED" => (Status::Revoked, why),
        other => (before, Some(other.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_that_nobody_knows_stays_as_it_is() {
        let account = |status: &str, is_disabled| Account {
            status: status.to_owned(),
            reason: None,
            is_disabled,
        };
        let told = |status, off| stands(&account(status, off), Status::Active);

        assert_eq!(told("PAUSED_2027", false), (Status::Active, Some("PAUSED_2027".to_owned())));
        assert_eq!(told("ACTIVE", true).0, Status::Inactive);
        assert_eq!(told("REVOKED", false), (Status::Revoked, None));
        assert_eq!(told("INITIATED", false).0, Status::Expired);
    }
}
