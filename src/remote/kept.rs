//! What is kept of an API on this machine: the key to it, and what it was last seen to say. All of it is sealed.

use secrecy::SecretString;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::Remote;
use crate::api::action::{Action, Outcome, written};
use crate::api::approvals::ListApprovals;
use crate::api::connections::Connected;
use crate::api::error::{Error, Result};
use crate::api::ids::{ApprovalId, UserRef, hex};
use crate::api::secrets::Secrets;
use crate::api::time::Millis;
use crate::sealing;
use crate::store::Store;
use crate::store::remote::{Kind, Place, Seen};
use crate::vault::{Cipher, access};

/// Name of the key among what is sealed, and of the address that it is for.
const KEY: &str = "key";
const BASE: &str = "base";

/// What an API was seen to say, and when.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Snapshot {
    /// The answer
    pub(crate) value: Value,
    /// When it came
    pub(crate) seen_at: Millis,
}

impl Remote {
    /// Keeps the key for this address, in the place of the one before.
    pub(crate) fn log_in(&self, key: &SecretString) -> Result<()> {
        let secrets = [(KEY.to_owned(), key.clone()), (BASE.to_owned(), self.base.clone().into())];
        let scope = self.place();
        let place = Place { kind: Kind::Key, scope: &scope, name: "" };
        let sealed = self.cipher()?.seal(&place.owner(), &Secrets(secrets.into()))?;
        self.store()?.keep_remote((Kind::Key, &scope), &[(String::new(), sealed)], Millis::now())
    }

    /// Forgets the key for this address, and what was seen with it; returns whether there was one.
    pub(crate) fn log_out(&self) -> Result<bool> {
        let Some(key) = self.stored_key()? else { return Ok(false) };
        let (store, scope) = (self.store()?, self.scope_of(&key));
        for kind in [Kind::Connected, Kind::Approval] {
            for name in store.remote_names(kind, &scope)? {
                store.forget_remote(&Place { kind, scope: &scope, name: &name })?;
            }
        }
        store.forget_remote(&Place { kind: Kind::Key, scope: &self.place(), name: "" })
    }

    /// Returns the key that somebody logged in with at this address.
    pub(super) fn stored_key(&self) -> Result<Option<SecretString>> {
        let scope = self.place();
        let place = Place { kind: Kind::Key, scope: &scope, name: "" };
        let Some((sealed, _)) = self.kept(&place)? else { return Ok(None) };
        let mut opened = self.cipher()?.open(&place.owner(), &sealed)?;
        // The digest names the address; what is sealed says it, and it alone counts.
        let is_ours = opened.0.get(BASE).is_some_and(|base| access::is(base, &self.base));
        Ok(opened.0.remove(KEY).filter(|_| is_ours))
    }

    /// Returns how a user's connections stood when they were last seen.
    pub(crate) fn connected_then(&self, user: &UserRef, all: bool) -> Result<Option<Snapshot>> {
        let (scope, name) = (self.scope()?, digest(&[user.as_str(), &all.to_string()]));
        self.snapshot(&Place { kind: Kind::Connected, scope: &scope, name: &name })
    }

    /// Returns how an approval stood when it was last seen.
    pub(crate) fn approval_then(&self, id: &ApprovalId) -> Result<Option<Snapshot>> {
        let (scope, name) = (self.scope()?, digest(&[id.as_str()]));
        self.snapshot(&Place { kind: Kind::Approval, scope: &scope, name: &name })
    }

    /// Returns the approvals that were seen, the one seen last at the head: those that a list would answer.
    pub(crate) fn approvals_then(&self, op: &ListApprovals) -> Result<Vec<Snapshot>> {
        let scope = self.scope()?;
        if !Store::is_there(&self.settings.dir) {
            return Ok(Vec::new());
        }
        let mut found = Vec::new();
        for name in self.store()?.remote_names(Kind::Approval, &scope)? {
            let place = Place { kind: Kind::Approval, scope: &scope, name: &name };
            let wanted = |one: &Snapshot| fits(&one.value, op);
            found.extend(self.snapshot(&place)?.filter(wanted));
        }
        Ok(found)
    }

    /// Keeps what an answer tells of connections and approvals; that it cannot is told, and changes nothing.
    pub(super) fn remember(&self, action: &Action, outcome: &Outcome<Value>) {
        let kept = match (action, outcome) {
            (_, Outcome::Pending(pending)) => {
                written(pending).and_then(|value| self.keep_held(action, value))
            }
            (Action::Connected(op), Outcome::Done(value)) => self.keep_connected(op, value),
            (_, Outcome::Done(value)) => return self.remember_approval(value),
        };
        self.complain(kept);
    }

    /// Keeps the approvals that an answer is or lists.
    pub(super) fn remember_approval(&self, value: &Value) {
        let listed = value.get("approvals").and_then(Value::as_array);
        let all = listed.map_or(std::slice::from_ref(value), Vec::as_slice);
        let named = |approval| {
            let said = |name: &str| Value::as_str(Value::get(approval, name)?);
            said("action_type").and(said("status"))?;
            Some((digest(&[said("id")?]), approval))
        };
        let seen: Vec<_> = all.iter().filter_map(named).collect();
        if !seen.is_empty() {
            self.complain(self.keep(Kind::Approval, &seen));
        }
    }

    fn complain(&self, kept: Result<()>) {
        if let Err(error) = kept {
            self.note(format!("What the API answered could not be kept here: {error}."));
        }
    }

    fn keep_connected(&self, op: &Connected, value: &Value) -> Result<()> {
        let user = op.user.as_ref().map_or("default", UserRef::as_str);
        self.keep(Kind::Connected, &[(digest(&[user, &op.all.to_string()]), value)])
    }

    /// Keeps the answer to a call that was held, as the approval that it begins.
    fn keep_held(&self, action: &Action, mut value: Value) -> Result<()> {
        let mut action = action.clone();
        let user = action.subject().and_then(Option::take);
        let id = value["approval_id"].as_str().unwrap_or_default().to_owned();
        if let Some(held) = value.as_object_mut() {
            held.insert("id".into(), id.clone().into());
            held.insert("status".into(), "pending".into());
            held.insert("user".into(), json!(user));
        }
        self.keep(Kind::Approval, &[(digest(&[&id]), &value)])
    }

    /// Keeps what was seen now, each thing by its name.
    fn keep(&self, kind: Kind, seen: &[(String, &Value)]) -> Result<()> {
        let (scope, cipher) = (self.scope()?, self.cipher()?);
        let sealed = |(name, value): &(String, &Value)| {
            let owner = Place { kind, scope: &scope, name }.owner();
            Ok((name.clone(), cipher.seal_bytes(&owner, value.to_string().as_bytes())?))
        };
        let things = seen.iter().map(sealed).collect::<Result<Vec<_>>>()?;
        self.store()?.keep_remote((kind, &scope), &things, Millis::now())
    }

    fn snapshot(&self, place: &Place<'_>) -> Result<Option<Snapshot>> {
        let Some((sealed, seen_at)) = self.kept(place)? else { return Ok(None) };
        let plain = self.cipher()?.open_bytes(&place.owner(), &sealed)?;
        let value = serde_json::from_slice(&plain)
            .map_err(|error| Error::internal("what was kept has another form", error))?;
        Ok(Some(Snapshot { value, seen_at }))
    }

    /// Looks where something would be kept; a store that is not there is not made for that.
    fn kept(&self, place: &Place<'_>) -> Result<Option<Seen>> {
        if !Store::is_there(&self.settings.dir) {
            return Ok(None);
        }
        self.store()?.kept_remote(place)
    }

    /// Returns the digest of the address.
    fn place(&self) -> String {
        digest(&[&self.base])
    }

    /// Returns the digest of the address and the key: what one key has seen is nothing to another.
    fn scope(&self) -> Result<String> {
        Ok(self.scope_of(&self.key()?.0))
    }

    fn scope_of(&self, key: &SecretString) -> String {
        digest(&[&self.base, &hex(&access::hash(key))])
    }

    fn store(&self) -> Result<&Store> {
        if let Some(store) = self.store.get() {
            return Ok(store);
        }
        let opened = Store::open(&self.settings.dir)?;
        Ok(self.store.get_or_init(|| opened))
    }

    fn cipher(&self) -> Result<&Cipher> {
        if let Some(cipher) = self.cipher.get() {
            return Ok(cipher);
        }
        let (found, news) = sealing::cipher(self.store()?, &self.settings.vault)?;
        if let Some(news) = news {
            self.note(news);
        }
        Ok(self.cipher.get_or_init(|| found))
    }
}

/// Tells whether an approval is one that a list would answer.
fn fits(approval: &Value, op: &ListApprovals) -> bool {
    let said = |name: &str| approval.get(name).and_then(Value::as_str);
    let status = op.status.is_none_or(|wanted| said("status") == Some(wanted.as_str()));
    let user = op.user.as_ref().is_none_or(|wanted| {
        [said("user"), said("tenant_user_id")].contains(&Some(wanted.as_str()))
    });
    status && user
}

/// Returns the SHA-256 of some parts, in hexadecimal: no part can be taken for two.
fn digest(parts: &[&str]) -> String {
    let mut sum = Sha256::new();
    for part in parts {
        sum.update(part.len().to_le_bytes());
        sum.update(part);
    }
    hex(&sum.finalize())
}
