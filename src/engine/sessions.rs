//! Sessions of agents: keys that are sealed to a user and end soon.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Engine, Scope, user_flag};
use crate::api::error::{Code, Error, Result};
use crate::api::ids::fresh;
use crate::api::keys::{Dialect, Key, Role};
use crate::api::sessions::{
    CreateSession, CreatedSession, McpAccess, RevokeSession, Session, Sessions,
};
use crate::api::time::Millis;
use crate::vault::access;

/// What the id of a session begins with.
pub(super) const SESSION: &str = "sess_";
/// How long one counts where nobody says, and at most.
/// Source: the Naive API, "Sessions" (read 2026-11-20).
const USUAL: Duration = Duration::from_mins(15);
const LONGEST: Duration = Duration::from_hours(24);
/// Path of the tools on a server.
pub(crate) const MCP: &str = "/mcp";

impl Engine {
    pub(super) fn create_session(
        &self,
        scope: &Scope<'_>,
        op: &CreateSession,
    ) -> Result<CreatedSession> {
        let user = scope.user()?;
        let asked = op.ttl_ms.map_or(USUAL, Duration::from_millis);
        let secret = access::mint_session();
        let now = Millis::now();
        let expires_at = now.after(asked.clamp(Duration::from_secs(1), LONGEST));
        let key = Key {
            key_id: format!("{SESSION}{}", fresh().simple()),
            name: format!("session for {}", user.handle()),
            role: Role::Agent,
            tenant_user_id: Some(user.id.clone()),
            dialect: Dialect::Naive,
            app: None,
            prefix: access::prefix(&secret),
            last_4: access::last_4(&secret),
            created_at: now,
            expires_at: Some(expires_at),
            last_used_at: None,
            revoked: false,
        };
        self.store.insert_key(&key, &access::hash(&secret))?;
        // Where browsers come back to is where the server is.
        let url = scope.call.redirect_uri.as_ref().and_then(|back| back.join(MCP).ok());
        let bearer = format!("Bearer {}", access::told_once(&secret));
        let headers = BTreeMap::from([("Authorization".to_owned(), bearer)]);
        Ok(CreatedSession {
            id: key.key_id,
            expires_at,
            mcp: McpAccess { url, headers, expires_at },
        })
    }

    pub(super) fn list_sessions(&self, scope: &Scope<'_>) -> Result<Sessions> {
        let sessions = self.store.sessions(&scope.user()?.id, Millis::now())?;
        Ok(Sessions { sessions })
    }

    /// Ends a session; a second time changes nothing more, and answers the same.
    pub(super) fn revoke_session(&self, scope: &Scope<'_>, op: &RevokeSession) -> Result<Session> {
        let (user, now) = (scope.user()?, Millis::now());
        let ended = self.store.end_session(&op.session, &user.id, now)?;
        ended.ok_or_else(|| {
            // What is no id may be the key itself, so nothing of it is repeated.
            Error::new(Code::NotFound, "there is no session of that id")
                .hint(format!(
                    "run `naive sessions list{}` to see which there are",
                    user_flag(user)
                ))
                .reason("session_unknown")
        })
    }
}
