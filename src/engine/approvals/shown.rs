//! What an approval looks like from outside, and what came of it as it is kept.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::frozen::Frozen;
use crate::api::approvals::{Approval, ApprovalStatus};
use crate::api::connections::{ConnectState, Status};
use crate::api::error::{Code, Error, Result, Trouble};
use crate::api::ids::{ApprovalId, UserRef, hex};
use crate::api::kits::Primitive;
use crate::engine::{Engine, World};
use crate::store::{ApprovalRow, result_owner};

/// What came of an approval: kept sealed, since it is what the outside answered.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Came {
    /// What the action answered
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) result: Option<Value>,
    /// Why it was not done, or nobody knows
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<Trouble>,
}

impl Came {
    /// Says that this went wrong.
    pub(super) fn trouble(error: &Error) -> Self {
        Self { result: None, error: Some(error.into()) }
    }

    /// Says that this was answered.
    pub(super) fn result(result: Value) -> Self {
        Self { result: Some(result), error: None }
    }
}

impl Engine {
    /// Shows an approval. One whose frozen bytes were altered, or do not open, says so and shows none.
    pub(in crate::engine) fn shown(&self, row: &ApprovalRow) -> Result<Approval> {
        let frozen = match self.frozen(row) {
            Err(error) if error.reason.as_deref() == Some("approval_altered") => {
                return self.form(row, None, Came::trouble(&error));
            }
            frozen => frozen?,
        };
        let owner = result_owner(&row.id);
        let came = match self.store.sealed(&owner)? {
            None => Came::default(),
            Some(sealed) => {
                let bytes = self.opening_bytes(&owner, &sealed)?;
                serde_json::from_slice(&bytes)
                    .map_err(|error| Error::internal("a result has another form", error))?
            }
        };
        self.form(row, Some(frozen), came)
    }

    /// Adds how the connection stands now whose login an approval has begun. A link or a code that leads
    /// nowhere any more is not shown.
    pub(super) fn with_login(&self, mut one: Approval) -> Result<Approval> {
        if one.action_type != "connections.connect" || one.status != ApprovalStatus::Executed {
            return Ok(one);
        }
        let result = one.result.take().unwrap_or_default();
        let Ok(mut state) = serde_json::from_value::<ConnectState>(result.clone()) else {
            return Ok(Approval { result: Some(result), ..one });
        };
        let user: Option<UserRef> = one.tenant_user_id.parse().ok();
        if let Some(user) = user.map(|user| self.store.user(&user)).transpose()?.flatten() {
            self.end_lapsed(&user)?;
        }
        let found = self.store.connection(&state.connected_account_id)?;
        one.connection = found.map(|(_, connection)| connection);
        if one.connection.as_ref().is_none_or(|found| found.status != Status::Initiated) {
            (state.redirect_url, state.device, state.login) = (None, None, None);
        }
        one.result = Some(crate::api::action::written(&state)?);
        Ok(one)
    }

    fn form(&self, row: &ApprovalRow, frozen: Option<Frozen>, came: Came) -> Result<Approval> {
        let user: Option<UserRef> = row.user_id.parse().ok();
        let user = user.map(|user| self.store.user(&user)).transpose()?.flatten();
        let handle = user.map_or_else(|| row.user_id.clone(), |user| user.handle().to_owned());
        let (account, market) =
            frozen.as_ref().map_or((None, None), |one| (one.account.clone(), one.market.clone()));
        let (environment, title, action) = match frozen {
            Some(one) => (one.environment, one.title, Some(one.action)),
            None => (self.environment().to_owned(), "(altered)".to_owned(), None),
        };
        let action = action.map(|action| crate::api::action::written(&action)).transpose()?;
        let payload = action.and_then(|mut action| action.get_mut("payload").map(Value::take));
        Ok(Approval {
            id: row.id.clone(),
            seq: row.seq,
            store_id: row.store_id.clone(),
            tenant_user_id: row.user_id.clone(),
            user: handle,
            account_kit_id: row.kit_id.clone(),
            environment,
            primitive: primitive(&row.action_type),
            action_type: row.action_type.clone(),
            title,
            payload: payload.unwrap_or_default(),
            account,
            market,
            status: row.status,
            class: row.class,
            result: came.result,
            error: came.error,
            connection: None,
            requested_by: row.requester.clone(),
            resolved_by: row.resolved_by.clone(),
            resolved_at: row.resolved_at,
            reason: row.reason.clone(),
            restored_at: row.restored_at,
            digest: hex(&row.digest),
            idempotency_key: row.idem_key.clone(),
            sends: row.sends,
            created_at: row.created_at,
            updated_at: row.updated_at,
            expires_at: row.expires_at,
            execute_by: row.execute_by,
        })
    }

    /// Seals what came of an approval, and has it written.
    pub(super) fn sealing_came<T>(
        &self,
        id: &ApprovalId,
        came: &Came,
        write: impl Fn(&[u8]) -> Result<T>,
    ) -> Result<T> {
        let bytes = serde_json::to_vec(came)
            .map_err(|error| Error::internal("a result cannot be written", error))?;
        let owner = result_owner(id);
        self.with_cipher(|cipher| write(&cipher.seal_bytes(&owner, &bytes)?))
    }

    /// Returns the world as approvals name it.
    pub(super) fn environment(&self) -> &'static str {
        match self.world {
            World::Real => "local",
            World::Sandbox(_) => "sandbox",
        }
    }
}

/// Returns the part of the product that an action belongs to.
pub(super) fn primitive(action_type: &str) -> String {
    Primitive::of(action_type).unwrap_or(Primitive::Custom).as_str().to_owned()
}

/// The error of an approval of which nobody knows whether it was done.
pub(super) fn in_doubt(why: &str) -> Error {
    Error::new(Code::OutcomeUnknown, format!("it may or may not have been done: {why}"))
}
