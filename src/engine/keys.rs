//! Keys of programs: made once, known by their hash, taken back.

use secrecy::SecretString;

use super::caller::{Caller, Holder, Refusal};
use super::{Engine, World};
use crate::api::error::{Code, Error, Fault, Result};
use crate::api::ids::{UserRef, fresh};
use crate::api::keys::{CreateKey, CreatedKey, Dialect, Identity, Key, Keys, RevokeKey, Role};
use crate::api::time::Millis;
use crate::vault::access;

/// What the one workspace of a store is called.
const WORKSPACE: &str = "naive";
/// What the id of a key begins with.
pub(super) const KEY: &str = "key_";

impl Engine {
    /// Returns who calls with a key that was shown to the API of that dialect; the command line speaks `Naive`.
    ///
    /// One that is unknown here, was taken back, is past its time or is another API's is no error yet: the gate
    /// refuses it.
    pub(crate) fn caller(&self, key: &SecretString, dialect: Dialect) -> Result<Caller> {
        let known = self.store.key_by_hash(&access::hash(key))?;
        let holder = |key| holder(key, dialect, Millis::now());
        Ok(known.map_or(Caller::Refused(Refusal::Unknown), holder))
    }

    /// Returns what is known of the key with which somebody calls; nothing of the human, who has none.
    pub(crate) fn key_of(&self, caller: &Caller) -> Result<Option<Key>> {
        match caller {
            Caller::Key(holder) => self.store.key_by_id(&holder.id),
            Caller::Human | Caller::System | Caller::Refused(_) => Ok(None),
        }
    }

    /// Tells who calls.
    pub(super) fn whoami(&self, caller: &Caller) -> Result<Identity> {
        let who = caller.actor();
        let role = match caller {
            Caller::Key(holder) => Some(holder.role),
            Caller::Human | Caller::Refused(_) | Caller::System => None,
        };
        let sealed = caller.seal().and_then(|id| id.parse().ok());
        let user = sealed.map(|user| self.user(&user)).transpose()?;
        Ok(Identity {
            agent_name: who.name.unwrap_or_else(|| who.actor_id.clone()),
            agent_id: who.actor_id,
            company_id: self.store.id()?,
            company_name: WORKSPACE.to_owned(),
            role,
            tenant_user_id: caller.seal().map(str::to_owned),
            user: user.map(|user| user.handle().to_owned()),
        })
    }

    pub(super) fn create_key(&self, op: &CreateKey) -> Result<CreatedKey> {
        let role = role(op)?;
        let user = match op.dialect {
            Dialect::Naive | Dialect::Integrations => op.user.clone(),
            Dialect::Connectors => op.user.clone().or_else(|| Some(UserRef::own())),
        };
        let user = user.map(|user| self.user(&user)).transpose()?;
        let simulated = matches!(self.world, World::Sandbox(_));
        let (secret, now) = (access::mint(op.dialect, role, simulated), Millis::now());
        let key = Key {
            key_id: format!("{KEY}{}", fresh().simple()),
            name: op.name.to_string(),
            role,
            tenant_user_id: user.map(|user| user.id),
            dialect: op.dialect,
            app: op.app.clone(),
            prefix: access::prefix(&secret),
            last_4: access::last_4(&secret),
            created_at: now,
            expires_at: op.ttl.as_ref().map(|ttl| now.after(ttl.length())),
            last_used_at: None,
            revoked: false,
        };
        self.store.insert_key(&key, &access::hash(&secret))?;
        Ok(CreatedKey { api_key: access::told_once(&secret), key })
    }

    pub(super) fn list_keys(&self) -> Result<Keys> {
        Ok(Keys { keys: self.store.keys()? })
    }

    /// Takes a key back; a second time changes nothing more, and answers the same.
    pub(super) fn revoke_key(&self, op: &RevokeKey) -> Result<Key> {
        if let Some(key) = self.store.revoke_key(&op.key, Millis::now())? {
            return Ok(key);
        }
        // What is no id may be the key itself, so nothing of it is repeated.
        let text = if op.key.starts_with(KEY) {
            format!("there is no key `{}`", op.key)
        } else {
            format!("there is no key of that id: an id begins with `{KEY}`")
        };
        Err(Error::new(Code::NotFound, text).hint("run `naive keys list` to see which there are"))
    }
}

/// Returns the role of a key that is asked for; fails where what is asked for is no key of its API.
fn role(op: &CreateKey) -> Result<Role> {
    let wrong = |field: &str, text: String, hint: &str| {
        let fault = Fault { pointer: format!("/{field}"), message: "does not fit".to_owned() };
        Err(Error::new(Code::InvalidInput, text).hint(hint).details(vec![fault]))
    };
    let dialect = op.dialect.as_str();
    if op.app.is_some() && op.dialect != Dialect::Integrations {
        let text = format!("a key with the dialect `{dialect}` is for no app");
        return wrong("app", text, "leave `--app` out, or choose `--dialect integrations`");
    }
    if op.user.is_some() && op.dialect == Dialect::Integrations {
        let text = format!("a key with the dialect `{dialect}` acts for all users of its app");
        return wrong("user", text, "leave `--user` out");
    }
    match (op.meant_role(), op.role) {
        (None, _) => {
            let text = "nobody says what the key lets its holder do".to_owned();
            wrong("role", text, "add `--role agent`, or `--role workspace`")
        }
        (Some(role), Some(named)) if role != named => {
            let (role, named) = (role.as_str(), named.as_str());
            let text = format!("a key with the dialect `{dialect}` is `{role}`, not `{named}`");
            wrong("role", text, "leave `--role` out")
        }
        (Some(role), _) => Ok(role),
    }
}

/// Returns who calls with a key that the store knows, where it was shown to the API of that dialect.
fn holder(key: Key, dialect: Dialect, now: Millis) -> Caller {
    if key.dialect != dialect {
        return Caller::Refused(Refusal::OtherDialect);
    }
    if key.revoked {
        return Caller::Refused(Refusal::Revoked);
    }
    if key.expires_at.is_some_and(|end| end <= now) {
        return Caller::Refused(Refusal::Expired);
    }
    Caller::Key(Holder { id: key.key_id, name: key.name, role: key.role, user: key.tenant_user_id })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(expires_at: Option<i64>, revoked: bool) -> Key {
        Key {
            key_id: "key_1".into(),
            name: "bot".into(),
            role: Role::Agent,
            tenant_user_id: Some("u".into()),
            dialect: Dialect::Naive,
            app: None,
            prefix: "nv_ag_local_".into(),
            last_4: "abcd".into(),
            created_at: Millis(0),
            expires_at: expires_at.map(Millis),
            last_used_at: None,
            revoked,
        }
    }

    #[test]
    fn a_key_is_good_until_its_time_is_over_or_it_is_taken_back() {
        let at = |expires, revoked, now| holder(key(expires, revoked), Dialect::Naive, Millis(now));

        assert_eq!(at(Some(1_000), false, 999).seal(), Some("u"));
        assert_eq!(at(Some(1_000), false, 1_000), Caller::Refused(Refusal::Expired));
        assert_eq!(at(None, true, 1), Caller::Refused(Refusal::Revoked));
        assert_eq!(at(Some(1), true, 2), Caller::Refused(Refusal::Revoked));
        assert!(matches!(at(None, false, i64::MAX), Caller::Key(_)));
    }

    #[test]
    fn a_key_opens_the_api_that_it_is_for_and_no_other() {
        for own in [Dialect::Naive, Dialect::Integrations, Dialect::Connectors] {
            for door in [Dialect::Naive, Dialect::Integrations, Dialect::Connectors] {
                let key = Key { dialect: own, ..key(None, false) };

                let caller = holder(key, door, Millis(1));

                let is_let_in = matches!(caller, Caller::Key(_));
                assert_eq!(is_let_in, own == door, "{own:?} at {door:?}");
                assert!(is_let_in || caller == Caller::Refused(Refusal::OtherDialect));
            }
        }
    }
}
