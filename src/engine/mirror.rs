//! Keeping the mirror true, and telling those who wait for a login how it stands.

use std::time::Duration;

use url::Url;

use super::login::state;
use super::{Engine, Scope, scopes, user_flag};
use crate::api::action::Action;
use crate::api::connections::{Connect, ConnectState, Connection, PendingLogin, Status};
use crate::api::error::{Code, Error, Result};
use crate::api::ids::{ConnectionId, connect_command, quoted};
use crate::api::time::Millis;
use crate::api::workspace::User;
use crate::store::{Begun, FlowState};

/// How a login stands that somebody waits for.
#[derive(Debug)]
pub(crate) enum Awaited {
    /// It goes on
    Waits,
    /// It ended well
    Ended(Box<ConnectState>),
    /// The process that began it is gone, and nobody listens for its browser
    Abandoned,
}

impl Engine {
    /// Ends the logins that lapsed, before an answer tells how a user's connections stand.
    ///
    /// A login of ours is at its end when its time is; one at Composio is asked about, if it is not young.
    pub(super) async fn refresh_mirror(&self, user: &User) -> Result<()> {
        if self.end_lapsed(user)? {
            Box::pin(self.see_to_links(Some(&user.id))).await?;
        }
        Ok(())
    }

    /// Ends the logins of a user that lapsed, without asking anybody, and tells whether any may go on that somebody
    /// has to be asked about. Where the store cannot be written, the mirror stays as it is.
    pub(super) fn end_lapsed(&self, user: &User) -> Result<bool> {
        let now = Millis::now();
        let stale = self.store.stale(&user.id, now)?;
        for id in &stale {
            if let Err(error) = self.store.lapse(id, now) {
                self.warn(format!("A login that lapsed could not be ended: {error}."));
            }
        }
        Ok(!stale.is_empty())
    }

    /// Returns how a login stands that a door waits for.
    ///
    /// Fails with the login's own failure, or with the reason `login_replaced` or `not_connected`.
    pub(crate) fn awaited(&self, id: &ConnectionId, login: &PendingLogin) -> Result<Awaited> {
        match self.store.flow_state(id, login.since)? {
            FlowState::WaitedFor => Ok(Awaited::Waits),
            FlowState::Alone => Ok(Awaited::Abandoned),
            FlowState::Done => Ok(Awaited::Ended(Box::new(state(&self.present(id)?, None)))),
            FlowState::Failed(why) => {
                let text = format!("the login did not succeed: {why}");
                let error = Error::new(Code::Forbidden, text).reason("login_failed");
                Err(self.start_again(Some(id), "", error)?)
            }
            FlowState::Gone => Err(self.gone(id)?),
        }
    }

    /// Returns how a login stands that was to begin: with its link if it did, else as the one that waits
    /// already, or as the connection that is active.
    pub(super) fn begun(&self, begun: &Begun, link: Option<Url>) -> Result<ConnectState> {
        if !begun.began && begun.login.is_none() {
            return Ok(state(&self.present(&begun.id)?, None));
        }
        let link = link.filter(|_| begun.began);
        if begun.superseded {
            self.note("An earlier link or code for this account no longer counts.".to_owned());
        }
        Ok(ConnectState { login: begun.login, ..self.state(&begun.id, link)? })
    }

    /// Returns the connection that a connect is about, if it is active or expired.
    pub(super) fn connected_as(
        &self,
        scope: &Scope<'_>,
        op: &Connect,
    ) -> Result<Option<Connection>> {
        let all = self.store.connections(&scope.user()?.id, Some(&op.toolkit))?;
        let counts = |status| matches!(status, Status::Active | Status::Expired);
        Ok(all.into_iter().find(|one| counts(one.status) && one.label == op.label))
    }

    /// Returns how a login stands that goes on.
    pub(super) fn state(&self, id: &ConnectionId, link: Option<Url>) -> Result<ConnectState> {
        Ok(ConnectState { status: Status::Initiated, ..state(&self.present(id)?, link) })
    }

    /// Returns a connection that was there a moment ago.
    pub(super) fn present(&self, id: &ConnectionId) -> Result<Connection> {
        let row = self.store.connection(id)?;
        row.map(|(_, connection)| connection)
            .ok_or_else(|| Error::new(Code::NotFound, "the connection is gone"))
    }

    /// Tells people that a connection which is active was not changed, if they wanted it to be.
    pub(super) fn note_unchanged(&self, user: &User, op: &Connect, active: &Connection) {
        let lacks = scopes::lacks(&active.scopes, &op.scopes);
        if !lacks && op.fields.is_empty() && op.callback_url.is_none() {
            return;
        }
        let all = || scopes::united([active.scopes.as_slice(), &op.scopes]).join(",");
        let more = if lacks { format!(" --scopes {}", quoted(&all())) } else { String::new() };
        let command = connect_command(&op.toolkit, &user_flag(user), op.label.as_ref());
        let command = format!("{command} --reconnect{more}");
        self.note(format!(
            "The connection is active already, so nothing was changed; `{command}` logs in again."
        ));
    }

    /// Adds to the failure of a login how another is begun for the same connection, unless it has advice
    /// of its own or this machine is what failed.
    pub(super) fn start_again(
        &self,
        id: Option<&ConnectionId>,
        flags: &str,
        error: Error,
    ) -> Result<Error> {
        let Some(id) = id.filter(|_| error.hint.is_none() && error.code != Code::InternalError)
        else {
            return Ok(error);
        };
        Ok(error.hint(format!("run `{}{flags}` to start again", self.connect_command(id)?)))
    }

    /// Returns the command that logs in to a connection's account.
    pub(super) fn connect_command(&self, id: &ConnectionId) -> Result<String> {
        let connection = self.present(id)?;
        let user = self.owner_flag(id)?;
        Ok(connect_command(&connection.toolkit, &user, connection.label.as_ref()))
    }

    /// Returns why a login no longer counts.
    pub(super) fn gone(&self, id: &ConnectionId) -> Result<Error> {
        let connection = self.present(id)?;
        Ok(match connection.status {
            Status::Inactive | Status::Revoked => {
                let command = self.connect_command(id)?;
                Error::new(Code::Forbidden, "the connection was disconnected")
                    .hint(format!("run `{command}` to connect it again"))
                    .reason("not_connected")
            }
            Status::Initiated | Status::Active | Status::Expired | Status::Failed => replaced(),
        })
    }
}

/// Returns the time of news that was learnt now of a connection as it was seen: after that, also if the
/// clock was set back since.
pub(super) fn now_after(connection: &Connection) -> Millis {
    after(connection, Millis::now())
}

/// Returns the same of news that was learnt at `seen_at`, once the connection had been read.
pub(super) fn after(connection: &Connection, seen_at: Millis) -> Millis {
    seen_at.max(connection.last_status_at.after(Duration::from_millis(1)))
}

/// The end of a login whose link no longer counts, because a later one for the same account was made.
pub(crate) fn replaced() -> Error {
    Error::new(Code::Forbidden, "another login for this account took the place of this one")
        .hint("use the link of the later one")
        .reason("login_replaced")
}

/// Tells whether an action answers from the mirror, or relies on it.
#[expect(
    clippy::too_many_lines,
    reason = "every action is named, so that a new one breaks the build here"
)]
pub(super) fn reads_mirror(action: &Action) -> bool {
    match action {
        Action::ListConnections(_)
        | Action::Connected(_)
        | Action::GetConnection(_)
        | Action::RefreshConnection(_)
        | Action::Execute(_)
        | Action::Proxy(_)
        | Action::ListBrokers(_)
        | Action::GetAccount(_)
        | Action::GetHistory(_)
        | Action::ListAssets(_)
        | Action::ListPositions(_)
        | Action::GetPosition(_)
        | Action::ListOrders(_)
        | Action::GetOrder(_)
        | Action::GetQuotes(_)
        | Action::CreateOrder(_)
        | Action::CancelOrder(_)
        | Action::ClosePosition(_)
        | Action::ReconcileOrders(_) => true,
        Action::CreateUser(_)
        | Action::ListUsers(_)
        | Action::GetUser(_)
        | Action::UpdateUser(_)
        | Action::DeleteUser(_)
        | Action::ListToolkits(_)
        | Action::GetToolkit(_)
        | Action::AddToolkit(_)
        | Action::RemoveToolkit(_)
        | Action::ConfigureToolkit(_)
        | Action::RefreshToolkit(_)
        | Action::EnableToolkit(_)
        | Action::DisableToolkit(_)
        | Action::Connect(_)
        | Action::Finish(_)
        | Action::Poll(_)
        | Action::Credentials(_)
        | Action::ExportConnection(_)
        | Action::ImportConnection(_)
        | Action::ListTools(_)
        | Action::SearchTools(_)
        | Action::GetTool(_)
        | Action::DefaultAccount(_)
        | Action::Disconnect(_)
        | Action::GetWorkspace(_)
        | Action::WhoAmI(_)
        | Action::UpdateWorkspace(_)
        | Action::CreateKey(_)
        | Action::ListKeys(_)
        | Action::RevokeKey(_)
        | Action::CreateSession(_)
        | Action::ListSessions(_)
        | Action::RevokeSession(_)
        | Action::CreateWebhook(_)
        | Action::ListWebhooks(_)
        | Action::ListEventTypes(_)
        | Action::TestWebhook(_)
        | Action::DeleteWebhook(_)
        | Action::CreateKit(_)
        | Action::ListKits(_)
        | Action::GetKit(_)
        | Action::UpdateKit(_)
        | Action::DeleteKit(_)
        | Action::AssignKit(_)
        | Action::Explain(_)
        | Action::ListActions(_)
        | Action::ConfigureAction(_)
        | Action::CreateCard(_)
        | Action::CreateCardholder(_)
        | Action::TopUpCard(_)
        | Action::PurchaseDomain(_)
        | Action::StartVerification(_)
        | Action::CreateFormation(_)
        | Action::SubmitFormation(_)
        | Action::ConfigureBroker(_)
        | Action::ConnectBroker(_)
        | Action::DisconnectBroker(_)
        | Action::GetLimits(_)
        | Action::Halt(_)
        | Action::Resume(_)
        | Action::ListApprovals(_)
        | Action::GetApproval(_)
        | Action::Approve(_)
        | Action::Deny(_)
        | Action::Cancel(_)
        | Action::ResolveApproval(_)
        | Action::Reconcile(_)
        | Action::RequestApproval(_)
        | Action::QueryLog(_)
        | Action::VerifyLog(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    #[test]
    fn a_connection_can_be_mended_after_the_clock_was_set_back() {
        let store = Store::in_memory();
        let id = store.begun("gmail", None, 1);
        let active = store.activated(&id, None, 9000);

        store.expire(&id, "gone", after(&active, Millis(5000))).unwrap();

        let expired = store.connection(&id).unwrap().unwrap().1;
        assert_eq!((expired.status, expired.last_status_at), (Status::Expired, Millis(9001)));
        store.revive(&id, after(&expired, Millis(5000))).unwrap();
        assert_eq!(store.connection(&id).unwrap().unwrap().1.status, Status::Active);
        // What was seen before the row changed is still no news.
        store.expire(&id, "gone", after(&active, Millis(5000))).unwrap();
        assert_eq!(store.connection(&id).unwrap().unwrap().1.status, Status::Active);
    }
}
