//! What is frozen: the bytes that are agreed to, and nothing that could be read in two ways.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::api::action::{Action, EXACT, written};
use crate::api::approvals::{Account, Actor, Class};
use crate::api::error::{Code, Error, Result};
use crate::api::ids::ApprovalId;
use crate::api::log::LogFault;
use crate::api::time::Millis;
use crate::api::trading::order::MarketView;
use crate::engine::Engine;
use crate::store::{ApprovalRow, Filter, Sealed, frozen_owner};
use crate::vault::Cipher;

/// Form of what is frozen.
pub(super) const FORM: u32 = 1;
/// Name of its number.
const SEQ: &str = "seq";
/// How many approvals are looked at at once.
const PAGE: u32 = 100;

/// Everything that a person agrees to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::engine) struct Frozen {
    /// Form of these bytes
    pub(super) v: u32,
    /// The store it was frozen in
    pub(super) store_id: String,
    /// UUID
    pub(super) approval_id: ApprovalId,
    /// Its number in that store
    pub(super) seq: i64,
    /// The action's name to people
    pub(super) action_type: String,
    /// UUID of the user it is for
    pub(super) user: String,
    /// The kit that held it
    pub(super) kit_id: String,
    /// `sandbox` or `local`
    pub(super) environment: String,
    /// What is done
    pub(super) action: Action,
    /// The key by which the upstream knows it
    pub(super) idempotency_key: String,
    /// What is known when the answer is lost
    pub(super) class: Class,
    /// The same for people
    pub(super) title: String,
    /// When it was frozen
    pub(super) created_at: Millis,
    /// Until when somebody may decide
    pub(super) expires_at: Millis,
    /// How long it may be sent once it is approved, in milliseconds
    pub(super) execute_within: u64,
    /// Who asked
    pub(super) requested_by: Actor,
    /// SHA-256 of what does it, where that is a tool or an endpoint
    pub(super) definition: Option<String>,
    /// The account it goes through, where a tool is run that has one
    pub(super) account: Option<Account>,
    /// The market when it was asked for, where it trades
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) market: Option<MarketView>,
}

/// What is frozen but for its number, which only the store knows: its canonical bytes (RFC 8785) up to there,
/// and from there on.
#[derive(Debug)]
pub(super) struct Unnumbered {
    id: ApprovalId,
    before: Vec<u8>,
    after: Vec<u8>,
}

impl Frozen {
    /// Returns its canonical bytes, whatever its number.
    ///
    /// Fails with `InvalidInput` for a number in it that this form would round.
    pub(super) fn unnumbered(&self) -> Result<Unnumbered> {
        let Value::Object(mut whole) = written(self)? else {
            return Err(Error::new(Code::InternalError, "what is frozen is no object"));
        };
        whole.shift_remove(SEQ);
        // Names are plain ASCII, whose order in RFC 8785 is that of their bytes.
        let (before, after): (Map<_, _>, Map<_, _>) =
            whole.into_iter().partition(|(name, _)| name.as_str() < SEQ);
        let (before, after) = (canonical(&before.into())?, canonical(&after.into())?);
        Ok(Unnumbered { id: self.approval_id.clone(), before, after })
    }
}

impl Unnumbered {
    /// Returns the bytes with a number.
    fn numbered(&self, seq: i64) -> Vec<u8> {
        let (before, after) = (&self.before[..self.before.len() - 1], &self.after[1..]);
        [before, format!(",\"{SEQ}\":{seq},").as_bytes(), after].concat()
    }

    /// Seals them, numbered, under the key of this store.
    pub(super) fn sealed(&self, cipher: &Cipher, seq: i64) -> Result<Sealed> {
        let bytes = self.numbered(seq);
        let digest = Sha256::digest(&bytes).to_vec();
        let bytes = cipher.seal_bytes(&frozen_owner(&self.id), &bytes)?;
        Ok(Sealed { digest, bytes })
    }
}

impl Engine {
    /// Opens what was frozen.
    ///
    /// Fails with the reason `approval_altered` if it is not what the row says it is.
    pub(super) fn frozen(&self, row: &ApprovalRow) -> Result<Frozen> {
        let owner = frozen_owner(&row.id);
        let sealed = self.store.sealed(&owner)?.ok_or_else(|| altered(row))?;
        let bytes = match self.opening_bytes(&owner, &sealed) {
            // A key that is missing says nothing about the bytes.
            Err(error) if error.code == Code::FeatureNotConfigured => return Err(error),
            Err(error) => return Err(altered(row).because(error)),
            Ok(bytes) => bytes,
        };
        if !bool::from(Sha256::digest(&bytes).as_slice().ct_eq(&row.digest)) {
            return Err(altered(row));
        }
        let frozen: Frozen =
            serde_json::from_slice(&bytes).map_err(|error| altered(row).because(error))?;
        if is_of(&frozen, row) && row.store_id == self.store.id()? {
            Ok(frozen)
        } else {
            Err(altered(row))
        }
    }

    /// Returns what is wrong with each approval that is not what was frozen, oldest first.
    pub(in crate::engine) fn altered_approvals(&self) -> Result<Vec<LogFault>> {
        let (mut faults, mut filter) = (Vec::new(), Filter::default());
        loop {
            let rows = self.store.approvals(&filter, PAGE)?;
            for row in &rows {
                match self.frozen(row) {
                    Err(error) if error.reason.as_deref() == Some("approval_altered") => {
                        faults.push(LogFault { seq: None, what: error.message });
                    }
                    opened => drop(opened?),
                }
            }
            match rows.last() {
                Some(last) => filter.before = Some(last.seq),
                None => break,
            }
        }
        faults.reverse();
        Ok(faults)
    }
}

/// Tells whether the open columns of a row say what was frozen.
fn is_of(frozen: &Frozen, row: &ApprovalRow) -> bool {
    frozen.v == FORM
        && frozen.store_id == row.store_id
        && frozen.approval_id == row.id
        && frozen.seq == row.seq
        && frozen.action_type == row.action_type
        && frozen.user == row.user_id
        && frozen.kit_id == row.kit_id
        && frozen.idempotency_key == row.idem_key
        && frozen.class == row.class
        && frozen.created_at == row.created_at
        && frozen.expires_at == row.expires_at
        && frozen.requested_by == row.requester
}

/// Returns the canonical JSON of a value (RFC 8785).
///
/// Fails with `InvalidInput` for a number that this form would round.
fn canonical(value: &Value) -> Result<Vec<u8>> {
    if let Some(number) = inexact(value) {
        let text = format!("the number `{number}` cannot be frozen without being rounded");
        return Err(Error::new(Code::InvalidInput, text)
            .hint("give it as a text, or with fewer digits")
            .reason("number_inexact"));
    }
    serde_json_canonicalizer::to_vec(value)
        .map_err(|error| Error::internal("an action cannot be frozen", error))
}

/// Returns a whole number that is too large to be the same everywhere, if there is one.
fn inexact(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) => {
            let size = number.as_u64().or_else(|| number.as_i64().map(i64::unsigned_abs));
            size.filter(|size| *size > EXACT).map(|_| number.to_string())
        }
        Value::Array(items) => items.iter().find_map(inexact),
        Value::Object(map) => map.values().find_map(inexact),
        Value::Null | Value::Bool(_) | Value::String(_) => None,
    }
}

fn altered(row: &ApprovalRow) -> Error {
    let text = format!("what was frozen as approval `{}` was altered since", row.id);
    Error::new(Code::InternalError, text)
        .hint("it is never executed; run `naive logs verify`, and find out who can write to the store")
        .reason("approval_altered")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbered_bytes_are_the_canonical_ones_of_the_whole() {
        let fields = json!({ "user": "alice", "name": "Ads \u{e9}", "spendingLimitCents": 50_000 });
        let Value::Object(fields) = fields else { unreachable!() };
        let frozen = Frozen {
            v: FORM,
            store_id: "store".to_owned(),
            approval_id: ApprovalId::fresh(),
            seq: 41,
            action_type: "cards.create".to_owned(),
            user: "alice".to_owned(),
            kit_id: "kit".to_owned(),
            environment: "sandbox".to_owned(),
            action: Action::read("cards.create", fields).unwrap(),
            idempotency_key: "key".to_owned(),
            class: Class::C,
            title: "Create the card \"seq\":0".to_owned(),
            created_at: Millis(1),
            expires_at: Millis(2),
            execute_within: 3,
            requested_by: Actor::operator(),
            definition: None,
            account: None,
            market: None,
        };

        let bytes = frozen.unnumbered().unwrap().numbered(41);

        assert_eq!(bytes, canonical(&written(&frozen).unwrap()).unwrap());
        assert!(serde_json::from_slice::<Frozen>(&bytes).unwrap().seq == 41);
    }
}
