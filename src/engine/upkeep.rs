//! What is due without anybody asking for it: a server sees to it on its rounds, a command when it comes by.

use secrecy::SecretString;
use url::Url;

use super::Engine;
use crate::api::connections::Status;
use crate::api::error::Result;
use crate::api::ids::{ConnectionId, UserRef};
use crate::api::time::Millis;
use crate::callback::told;
use crate::oauth;
use crate::store::flow_owner;

impl Engine {
    /// Returns the same workspace for `threads` at once.
    pub(crate) fn shared(self, threads: usize) -> Result<Self> {
        Ok(Self { store: self.store.shared(threads)?, ..self })
    }

    /// Gets the key that seals, so that no call waits for whoever keeps it.
    pub(crate) fn make_ready(&self) -> Result<()> {
        self.cipher().map(drop)
    }

    /// Ends the logins and approvals whose time is over.
    pub(crate) fn see_to_due(&self) -> Result<()> {
        let now = Millis::now();
        self.settle_copy()?;
        for id in self.store.lapsed(now)? {
            self.store.lapse(&id, now)?;
        }
        self.store.expire_due(now)
    }

    /// Returns the users with orders whose answer was lost a minute ago or longer, in no approval.
    pub(crate) fn in_doubt(&self) -> Result<Vec<UserRef>> {
        let long_ago = Millis(Millis::now().0 - 60_000);
        let users = self.store.users_in_doubt(long_ago)?;
        Ok(users.iter().filter_map(|id| id.parse().ok()).collect())
    }

    /// Renews the access tokens that end soon, so that no call has to wait for that.
    ///
    /// One that cannot be renewed is left to the next call, which says why.
    pub(crate) async fn refresh_ahead(&self) {
        let active = self.store.active().unwrap_or_else(|error| {
            self.warn(format!("Credentials that end soon could not be looked for: {error}."));
            Vec::new()
        });
        for id in active {
            if let Err(error) = self.renew_soon(&id).await {
                self.warn(format!("The credential of `{id}` could not be renewed: {error}."));
            }
        }
    }

    async fn renew_soon(&self, id: &ConnectionId) -> Result<()> {
        let opened = self.opened(id)?;
        if !oauth::ends_soon(&opened.secrets, Millis::now()) || !oauth::can_refresh(&opened.secrets)
        {
            return Ok(());
        }
        let connection = self.present(id)?;
        if connection.status != Status::Active {
            return Ok(());
        }
        let known = self.behind(&connection)?.usable()?;
        Box::pin(self.refreshed(&known, &connection, opened)).await.map(drop)
    }

    /// Returns where a browser goes on to if its login fails: to the address that the login named, told so.
    ///
    /// `None` for a login that named none, has ended, or is not known here.
    pub(crate) fn returns_to(&self, state: &SecretString) -> Option<Url> {
        let hash = oauth::state_hash(state);
        let id = self.store.flow_of(&hash).ok()??;
        let owner = flow_owner(&hash);
        let kept = self.opening(&owner, &self.store.sealed(&owner).ok()??).ok()?;
        let url = Url::parse(oauth::kept(&kept, "callback_url")?).ok()?;
        let toolkit = self.present(&id).ok()?.toolkit;
        Some(told(url, Status::Failed.as_str(), &toolkit))
    }
}
