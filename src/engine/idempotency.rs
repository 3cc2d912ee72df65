//! Calls with a key of their caller's: performed once, and answered the same way when they come again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::deliver::is_repeatable;
use super::logs::outcome;
use super::mirror::Awaited;
use super::{Engine, Scope};
use crate::api::action::{Action, Outcome, written};
use crate::api::approvals::{Approval, ApprovalStatus, GetApproval, PendingApproval};
use crate::api::connections::ConnectState;
use crate::api::error::{Code, Error, Fault, Result};
use crate::api::ids::{ApprovalId, IdempotencyKey};
use crate::api::kits::Primitive;
use crate::api::routes::{Reach, route, writes};
use crate::api::time::Millis;
use crate::api::tools::Method;
use crate::provider::direct;
use crate::store::{Keyed, Standing};

/// An answer as it is kept.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kept {
    /// What the action answered
    Done(Value),
    /// Why it did not happen, or nobody knows
    Failed {
        code: Code,
        message: String,
        hint: Option<String>,
        reason: Option<String>,
        details: Vec<Fault>,
    },
}

impl Engine {
    /// Carries a call out unless it came before, and keeps its answer for when it comes again.
    pub(super) async fn once(
        &self,
        scope: &Scope<'_>,
        (key, digest): (&IdempotencyKey, Vec<u8>),
        action: Action,
        holds: bool,
    ) -> Result<Outcome<Value>> {
        // What is kept is sealed: where that cannot be, nothing begins.
        self.cipher()?;
        let principal = scope.call.caller.actor_id();
        let call = Keyed {
            principal,
            key: key.as_str(),
            action: action.name(),
            digest: &digest,
            leaves: !holds && route(action.name()).reach != Reach::Store,
        };
        match self.store.claim_key(&call, Millis::now())? {
            Standing::New => {}
            Standing::Abandoned if self.may_repeat(&action) => {}
            Standing::Abandoned => {
                let ended = Err(lost(&call));
                self.keep(&call, &ended);
                return ended;
            }
            Standing::InFlight => return Err(in_flight(&call)),
            Standing::Other(other) => return Err(other_call(&call, &other)),
            Standing::Answered(bytes) => return self.answered_before(&call, &bytes),
            Standing::Held(approval) => return self.held_before(scope, approval),
        }
        // The scope is used once, so its cell is empty.
        let _ = scope.upstream.set(self.store.upstream_key(&call)?);
        let ended = self.carry_out(scope, action, holds).await.and_then(Outcome::valued);
        self.keep(&call, &ended);
        ended
    }

    /// Keeps an answer, or forgets the call where another try may end otherwise.
    fn keep(&self, call: &Keyed<'_>, ended: &Result<Outcome<Value>>) {
        let kept = match ended {
            // The key stands for the approval by now.
            Ok(Outcome::Pending(_)) => return,
            Err(error) if is_looked_up(call, error) => return self.free(call),
            Ok(Outcome::Done(reply)) if is_final(&outcome(reply)) => Kept::Done(reply.clone()),
            Err(error) if is_final(&error.code.to_string()) => Kept::Failed {
                code: error.code,
                message: error.message.clone(),
                hint: error.hint.clone(),
                reason: error.reason.clone(),
                details: error.details.clone(),
            },
            Ok(Outcome::Done(_)) | Err(_) => return self.free(call),
        };
        let kept = written(&kept).and_then(|kept| {
            let (owner, text) = (call.owner(), kept.to_string());
            self.with_cipher(|cipher| {
                self.store.keep_answer(call, &cipher.seal_bytes(&owner, text.as_bytes())?)
            })
        });
        if let Err(error) = kept {
            self.warn(format!(
                "The answer could not be kept for when the key comes again: {error}."
            ));
        }
    }

    /// Forgets a call, so that its key can come again.
    fn free(&self, call: &Keyed<'_>) {
        if let Err(error) = self.store.forget_key(call) {
            self.warn(format!("The key of this call could not be freed: {error}."));
        }
    }

    /// Returns the first answer to a call.
    fn answered_before(&self, call: &Keyed<'_>, bytes: &[u8]) -> Result<Outcome<Value>> {
        let opened = self.opening_bytes(&call.owner(), bytes)?;
        let kept = serde_json::from_slice(&opened).map_err(|error| {
            Error::internal("the answer that was kept cannot be read", error)
                .hint("run it with another key, once you know that it was not done")
        })?;
        self.note(
            "This key came before: here is the first answer, and nothing was done.".to_owned(),
        );
        match kept {
            Kept::Done(reply) => Ok(Outcome::Done(self.by_now(call.action, reply)?)),
            Kept::Failed { code, message, hint, reason, details } => {
                Err(Error { hint, reason, details, ..Error::new(code, message) })
            }
        }
    }

    /// Returns a reply as it would be told by now: a login may have ended since it was begun.
    fn by_now(&self, action: &str, reply: Value) -> Result<Value> {
        if action != "connections.connect" {
            return Ok(reply);
        }
        let Ok(begun) = serde_json::from_value::<ConnectState>(reply.clone()) else {
            return Ok(reply);
        };
        let Some(login) = &begun.login else { return Ok(reply) };
        match self.awaited(&begun.connected_account_id, login) {
            Ok(Awaited::Ended(state)) => written(&state),
            Ok(Awaited::Waits | Awaited::Abandoned) => Ok(reply),
            Err(error) => Err(error),
        }
    }

    /// Answers a call that was held, with what became of its approval.
    fn held_before(&self, scope: &Scope<'_>, approval: ApprovalId) -> Result<Outcome<Value>> {
        let approval = self.get_approval(scope, &GetApproval { approval, user: None })?;
        let id = &approval.id;
        if scope.call.waits && approval.primitive == Primitive::Custom.as_str() {
            // Whoever waits reads the decision off the approval, as when it came first.
            return Ok(Outcome::Pending(pending(approval)));
        }
        let not_done = |how: &str| {
            Error::new(Code::Forbidden, format!("approval `{id}` was {how}"))
                .hint("run the command with another key to ask anew")
                .reason(format!("approval_{how}"))
        };
        match approval.status {
            ApprovalStatus::Pending => Ok(Outcome::Pending(pending(approval))),
            ApprovalStatus::Approved | ApprovalStatus::Sending => {
                let text = format!("approval `{id}` was granted, and is being carried out");
                Err(Error::new(Code::DuplicateRequest, text)
                    .hint(format!("run `naive approvals get {id}` to see how it ends"))
                    .reason("in_progress"))
            }
            ApprovalStatus::Executed => Ok(Outcome::Done(approval.result.unwrap_or(Value::Null))),
            ApprovalStatus::Unknown => Err(trouble(&approval, Code::OutcomeUnknown)),
            ApprovalStatus::Failed => Err(trouble(&approval, Code::ProviderError)),
            ApprovalStatus::Denied => Err(not_done("denied")),
            ApprovalStatus::Expired => Err(not_done("expired")),
            ApprovalStatus::Cancelled => Err(not_done("cancelled")),
        }
    }

    /// Tells whether a call that may have been performed can be performed again: what it changes is all in
    /// the store, or ends where it ended before, or its app knows it by the key.
    fn may_repeat(&self, action: &Action) -> bool {
        if let Action::Execute(op) = action {
            let known = self.toolkit_by(&op.toolkit, op.provider).ok();
            let tool = known.and_then(|known| known.find(&op.tool).ok().flatten());
            return tool.is_some_and(|tool| direct::is_read(&tool) || is_repeatable(&tool));
        }
        if let Action::Proxy(op) = action {
            return op.method == Method::Get;
        }
        // An order that was written down is looked up under its own id, and never sent twice.
        if matches!(action, Action::CreateOrder(_) | Action::CancelOrder(_)) {
            return true;
        }
        Primitive::of(action.name()).is_none_or(|primitive| primitive == Primitive::Connections)
    }
}

/// Returns what whoever asked was told.
fn pending(approval: Approval) -> PendingApproval {
    PendingApproval::of(approval.id, approval.action_type, approval.title, approval.expires_at)
}

/// Tells whether a key takes effect on an action: one that writes, and means to.
pub(super) fn takes_key(action: &Action) -> bool {
    let shows = matches!(action, Action::Execute(op) if op.dry_run)
        || matches!(action, Action::Proxy(op) if op.dry_run)
        || matches!(action, Action::CreateOrder(op) if op.dry_run);
    writes(action.name()) && !shows
}

/// Fails for an action whose answer is told once: it is not kept for when the key comes again.
fn check_takes_key(action: &Action) -> Result<()> {
    if !matches!(action, Action::CreateKey(_) | Action::CreateWebhook(_) | Action::CreateSession(_))
    {
        return Ok(());
    }
    let name = action.name();
    let (group, _) = name.split_once('.').unwrap_or((name, ""));
    let text = format!(
        "`{name}` takes no `--idempotency-key`: what it answers is told once, and not kept"
    );
    Err(Error::new(Code::InvalidInput, text)
        .hint(format!("leave it out; see with `naive {group} list` whether it was made"))
        .reason("answer_not_kept"))
}

/// Tells whether a call of which nobody knows what became is looked up when its key comes again: an order goes
/// by that key at the broker, and is never sent twice.
fn is_looked_up(call: &Keyed<'_>, error: &Error) -> bool {
    error.code == Code::OutcomeUnknown && call.action == "trading.order.create"
}

/// Tells whether an end, as the log words it, is the same however often one tries.
///
/// What failed on the way may succeed next time, and a person mends what is not connected or configured.
/// An outcome that nobody knows is final: to send it again is what the key is to prevent.
fn is_final(outcome: &str) -> bool {
    let Ok(code) = serde_json::from_value::<Code>(outcome.into()) else { return true };
    match code {
        Code::InvalidInput
        | Code::Forbidden
        | Code::NotFound
        | Code::DuplicateRecord
        | Code::OutcomeUnknown => true,
        Code::Unauthorized
        | Code::DuplicateRequest
        | Code::RateLimited
        | Code::NotConfigured
        | Code::FeatureNotConfigured
        | Code::ProviderError
        | Code::InternalError => false,
    }
}

/// Returns SHA-256 over everything that a call asks for, its user by their UUID, and nothing that is filled in
/// for it.
///
/// Fails for an action whose answer is told once: it is not kept for when the key comes again.
pub(super) fn digest(scope: &Scope<'_>, action: &Action) -> Result<Vec<u8>> {
    check_takes_key(action)?;
    let mut action = action.clone();
    if let (Some(subject), Some(user)) = (action.subject(), &scope.user) {
        *subject = user.id.parse().ok();
    }
    if let Action::UpdateKit(op) = &mut action {
        // What it was read as says nothing of what is asked for.
        op.if_updated_at = None;
    }
    let text = sorted(written(&action)?).to_string();
    Ok(Sha256::digest(text).to_vec())
}

/// Returns a value whose objects name their members in alphabetical order.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let members: BTreeMap<_, _> =
                map.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            Value::Object(members.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        plain @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => plain,
    }
}

fn trouble(approval: &Approval, otherwise: Code) -> Error {
    let id = &approval.id;
    let see = format!("run `naive approvals get {id}` to see what is known");
    let Some(trouble) = approval.error.clone() else {
        let text = format!("approval `{id}` ended without the action being done");
        return Error::new(otherwise, text).hint(see);
    };
    let error = Error::from(trouble);
    if error.hint.is_some() { error } else { error.hint(see) }
}

fn lost(call: &Keyed<'_>) -> Error {
    let text = format!(
        "a process began `{}` with this key and ended before it knew how it went",
        call.action
    );
    Error::new(Code::OutcomeUnknown, text)
        .hint("look in the app; run it with another key once you know that it was not done")
        .reason("interrupted_call")
}

fn in_flight(call: &Keyed<'_>) -> Error {
    let text = format!("`{}` with this key is in progress in another process", call.action);
    Error::new(Code::DuplicateRequest, text)
        .hint("run it again with the same key for its answer")
        .reason("in_progress")
}

fn other_call(call: &Keyed<'_>, before: &str) -> Error {
    let text = if before == call.action {
        format!("this key was used for `{before}` with another input")
    } else {
        format!("this key was used for `{before}`")
    };
    Error::new(Code::DuplicateRequest, text)
        .hint("choose another `--idempotency-key`; one stands for one call, for 24 hours")
        .reason("key_reused")
}
