//! The end of an account at Composio: switched off, or revoked and deleted.

use super::account_of;
use crate::api::connections::{Connection, Disconnect, Disconnected, Status};
use crate::api::error::{Code, Error, Result};
use crate::api::ids::ConnectionId;
use crate::api::time::Millis;
use crate::api::workspace::User;
use crate::engine::credential::{Claim, PATIENCE};
use crate::engine::{Engine, connection_owner, user_flag};
use crate::store::flow_owner;

impl Engine {
    /// Ends a connection that goes through Composio. It is over here whatever is said there; the id of an account
    /// that could not be deleted is kept, so that it can be tried again.
    pub(in crate::engine) async fn disconnect_at_composio(
        &self,
        (user, op): (&User, &Disconnect),
        connection: &Connection,
        ended: Disconnected,
    ) -> Result<Disconnected> {
        let account = self.account_there(connection)?;
        if !op.purge {
            self.store.deactivate(&connection.id, Millis::now())?;
            if let Some(account) = account {
                self.switch_off(&account).await;
            }
            return Ok(ended);
        }
        let at = (&self.store, &connection.id);
        let _claim = Claim::within(PATIENCE, at, || Ok(true)).await?;
        let mut revoked = false;
        if let Some(account) = account.filter(|_| !op.keep_upstream) {
            match self.delete_there(&account).await {
                Ok(confirmed) => revoked = confirmed,
                Err(error) => {
                    self.store.deactivate(&connection.id, Millis::now())?;
                    let command = format!(
                        "naive connections disconnect {}{} --account {} --purge",
                        connection.toolkit,
                        user_flag(user),
                        connection.id
                    );
                    let text = format!("the account could not be deleted at Composio: {error}");
                    return Err(Error::new(error.code, text)
                        .hint(format!("it is switched off here; run `{command}` to try again")));
                }
            }
        }
        let owner = connection_owner(&connection.id);
        self.store.revoke(&connection.id, &[&owner], Millis::now())?;
        Ok(Disconnected {
            status: Status::Revoked,
            purged: true,
            revoked_upstream: revoked,
            ..ended
        })
    }

    /// Returns the account of a connection, or that of its login which goes on.
    fn account_there(&self, connection: &Connection) -> Result<Option<String>> {
        let opened = self.opened(&connection.id)?.secrets;
        if let Some(account) = account_of(&opened) {
            return Ok(Some(account.to_owned()));
        }
        let Some(waiting) = self.store.device(&connection.id)? else { return Ok(None) };
        let kept = self.opening(&flow_owner(&waiting.state_hash), &waiting.sealed)?;
        Ok(account_of(&kept).map(str::to_owned))
    }

    /// Returns the account that a connection has, before a login gives it another.
    pub(in crate::engine) fn account_before(&self, id: &ConnectionId) -> Result<Option<String>> {
        Ok(account_of(&self.opened(id)?.secrets).map(str::to_owned))
    }

    /// Deletes the account that a connection had, if it has another now: nobody would ever ask for it again.
    pub(in crate::engine) async fn let_go(&self, before: Option<String>, id: &ConnectionId) {
        let Some(before) = before else { return };
        let done = async {
            if self.account_before(id)?.as_ref() == Some(&before) {
                return Ok(());
            }
            self.composio()?.api().delete(&before).await
        };
        if let Err(error) = done.await {
            self.note(format!("The account before could not be deleted at Composio: {error}."));
        }
    }

    async fn switch_off(&self, account: &str) {
        let done = async { self.composio()?.api().switch_off(account).await };
        match done.await {
            Ok(()) => {}
            // What is gone there is off.
            Err(error) if error.code == Code::NotFound => {}
            Err(error) => self.note(format!(
                "It is disconnected here, but Composio could not be told to switch the account off: {error}."
            )),
        }
    }

    /// Revokes and deletes an account; returns whether the app has confirmed that it forgot the tokens.
    async fn delete_there(&self, account: &str) -> Result<bool> {
        let reached = self.composio()?;
        let revoked = match reached.api().revoke(account).await {
            Ok(revoked) => revoked,
            Err(error) => {
                self.note(format!("The app could not be asked to forget the credential: {error}."));
                false
            }
        };
        reached.api().delete(account).await.map(|()| revoked)
    }
}
