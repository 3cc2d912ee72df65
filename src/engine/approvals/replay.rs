//! Doing what was approved: claimed on disk, sent once, and what came of it written down before it is told.

use std::time::Duration;

use serde_json::Value;

use super::already;
use super::check::{Readiness, Ready};
use super::frozen::Frozen;
use super::settle::Settled;
use super::shown::{Came, in_doubt};
use crate::api::action::{Action, written};
use crate::api::approvals::{Actor, Approval, ApprovalStatus, Approve};
use crate::api::error::{Code, Error, Result, Trouble};
use crate::api::primitives::PERFORMED;
use crate::api::requests::Acknowledged;
use crate::api::time::Millis;
use crate::engine::outcomes::{Attempt, Event, Next, next};
use crate::engine::{Call, Engine, Scope};
use crate::store::{ApprovalRow, Decision, End, Then};

/// How often an action is sent in one go, where nothing of it was done before.
pub(super) const TRIES: u32 = 3;
/// How long the first pause between two tries is.
const PAUSE: Duration = Duration::from_millis(200);

/// An approval on its way: what is done, for whom, and under which claim.
#[derive(Debug)]
pub(super) struct Errand<'a> {
    /// The frozen action
    pub(super) frozen: Frozen,
    /// How it is sent
    pub(super) ready: Ready,
    /// The call under which it is done: whoever approves has the browser
    pub(super) scope: Scope<'a>,
    /// Who sends it
    pub(super) by: Actor,
    /// How it stands, under the claim of this process
    pub(super) row: ApprovalRow,
    /// Whether an earlier send may have been acted on
    pub(super) doubt: bool,
    /// How often it may still be sent
    pub(super) left: u32,
}

impl Engine {
    /// Approves an action and has it done.
    pub(in crate::engine) async fn approve(
        &self,
        scope: &Scope<'_>,
        op: &Approve,
    ) -> Result<Approval> {
        let id = &op.approval;
        let now = Millis::now();
        let row = self.row(id)?;
        if row.status != ApprovalStatus::Pending {
            return Err(already(&row));
        }
        if row.restored_at.is_some() && !op.acknowledge_restored {
            return Err(restored(&row));
        }
        let frozen = self.frozen(&row)?;
        let inner = self.inner(scope.call, &frozen)?;
        // What waits for orders to go out again is not used up.
        self.check_halt(inner.user()?, &frozen.action)?;
        let by = scope.call.caller.actor();
        let decision = Decision { by: &by, reason: None, at: now };
        let until = now.after(Duration::from_millis(frozen.execute_within));
        let decided = match self.readiness(&inner, &frozen)? {
            Readiness::Ready(_) if matches!(frozen.action, Action::RequestApproval(_)) => {
                let came = Came::result(written(&Acknowledged { approved: true })?);
                self.sealing_came(id, &came, |bytes| {
                    self.store.approve(id, &decision, (until, Then::Done(bytes)))
                })?
            }
            Readiness::Ready(ready) => {
                let then = Then::Send(now.after(ready.settle));
                let decided = self.store.approve(id, &decision, (until, then))?;
                if let Some((row, true)) = decided {
                    let errand = Errand::new(frozen, ready, (inner, by), row);
                    return Box::pin(self.run(errand)).await;
                }
                decided
            }
            Readiness::NotNow(error) => {
                let came = Came::trouble(&again(error, &row));
                self.sealing_came(id, &came, |bytes| {
                    self.store.approve(id, &decision, (until, Then::Wait(bytes)))
                })?
            }
            Readiness::Never(error) => self.sealing_came(id, &Came::trouble(&error), |bytes| {
                self.store.approve(id, &decision, (until, Then::Fail(bytes)))
            })?,
        };
        self.decided(id, decided)
    }

    /// Sends what is approved and was not sent, as far as it still may be.
    pub(super) async fn send_approved(
        &self,
        call: &Call,
        row: &ApprovalRow,
    ) -> Result<ApprovalRow> {
        let frozen = self.frozen(row)?;
        let scope = self.inner(call, &frozen)?;
        let by = call.caller.actor();
        let now = Millis::now();
        let moved = match self.readiness(&scope, &frozen)? {
            Readiness::Ready(ready) => {
                let claimed = self.store.claim(&row.id, &by, (now, now.after(ready.settle)))?;
                match claimed {
                    Some(row) => {
                        let errand = Errand::new(frozen, ready, (scope, by), row);
                        return Box::pin(self.sent(errand)).await;
                    }
                    None => None,
                }
            }
            Readiness::NotNow(error) => {
                self.warn(format!("Approval `{}` still waits: {error}.", row.id));
                None
            }
            Readiness::Never(error) => {
                self.sealing_came(&row.id, &Came::trouble(&error), |bytes| {
                    self.store.give_up(&row.id, bytes, (&by, now))
                })?
            }
        };
        match moved {
            Some(row) => Ok(row),
            None => self.row(&row.id),
        }
    }

    /// Sends what was claimed, and shows what came of it.
    async fn run(&self, errand: Errand<'_>) -> Result<Approval> {
        let row = self.sent(errand).await?;
        self.shown(&row)
    }

    /// Sends what was claimed until it is known what came of it, or nothing can be done about it now.
    pub(super) async fn sent(&self, mut errand: Errand<'_>) -> Result<ApprovalRow> {
        let mut pause = PAUSE;
        loop {
            errand.left = errand.left.saturating_sub(1);
            let attempt = match self.store.mark_claim() {
                Ok(()) => Box::pin(self.attempted(&errand)).await,
                Err(error) => Err(error),
            };
            let (attempt, spent) = match attempt {
                Ok(attempt) => (attempt, false),
                // Nothing was sent, and nothing will be different in a moment.
                Err(error) => (not_sent(error), true),
            };
            let next = meaning(&attempt, &errand);
            let again = match next {
                Next::Executed | Next::Failed | Next::Unknown => {
                    return self.wrote(errand, next, attempt);
                }
                // Who asked for patience, or refused the credential, says the same a moment later.
                Next::NotSent => errand.left > 0 && !spent && attempt.event == Event::NotSent,
                Next::Reconcile => true,
            };
            let lost = next == Next::Reconcile;
            let Some(row) = self.noted(&errand, (next, again), &attempt)? else {
                return self.reread(&errand);
            };
            errand.row = row;
            if !again {
                return Ok(errand.row);
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
            if lost {
                errand.doubt = true;
                match Box::pin(self.settled(errand)).await? {
                    Settled::Ended(row) => return Ok(*row),
                    Settled::Again(resent) => errand = *resent,
                }
            } else {
                let now = Millis::now();
                let settle = now.after(errand.ready.settle);
                let Some(row) = self.store.claim(&errand.row.id, &errand.by, (now, settle))? else {
                    return self.reread(&errand);
                };
                errand.row = row;
            }
        }
    }

    /// Sends once.
    ///
    /// Fails only if nothing was sent, or the upstream does not take the credential.
    async fn attempted(&self, errand: &Errand<'_>) -> Result<Attempt> {
        let (frozen, scope) = (&errand.frozen, &errand.scope);
        if let Some(error) = self.changed(frozen)? {
            let (event, trouble) = (Event::Rejected, Some(error));
            return Ok(Attempt { event, status: None, result: Value::Null, trouble });
        }
        if let Action::Execute(op) = &frozen.action {
            return self.attempt_execute(scope, op, &frozen.idempotency_key).await;
        }
        if let Action::Connect(op) = &frozen.action {
            let result = written(&self.connect(scope, op).await?)?;
            return Ok(Attempt { event: Event::Done, status: None, result, trouble: None });
        }
        let what = (&frozen.action, frozen.idempotency_key.as_str());
        let agreed = (&frozen.approval_id, frozen.market.as_ref());
        if let Some(attempt) = Box::pin(self.attempt_trade(scope, what, agreed)).await? {
            return Ok(attempt);
        }
        self.attempt_action(&frozen.action, &frozen.idempotency_key).await
    }

    /// Writes the end of an approval.
    fn wrote(&self, errand: Errand<'_>, next: Next, attempt: Attempt) -> Result<ApprovalRow> {
        match self.noted(&errand, (next, false), &attempt)? {
            Some(row) => Ok(row),
            None => self.reread(&errand),
        }
    }

    /// Writes what came of a send; `None` if the claim was lost meanwhile, and what came counts for nothing.
    fn noted(
        &self,
        errand: &Errand<'_>,
        (next, kept): (Next, bool),
        attempt: &Attempt,
    ) -> Result<Option<ApprovalRow>> {
        let row = &errand.row;
        let why = || match &attempt.trouble {
            Some(error) => Error::from(Trouble::from(error)),
            None => Error::new(Code::ProviderError, "the upstream did not say why"),
        };
        let (status, came) = match next {
            Next::Executed => (ApprovalStatus::Executed, Came::result(attempt.result.clone())),
            Next::Failed => (ApprovalStatus::Failed, Came::trouble(&why())),
            // With another credential the endpoint is another one.
            Next::NotSent
                if attempt.event == Event::Unauthorized
                    && PERFORMED.contains(&row.action_type.as_str()) =>
            {
                (ApprovalStatus::Approved, Came::trouble(&why()))
            }
            Next::NotSent => (ApprovalStatus::Approved, Came::trouble(&again(why(), row))),
            Next::Unknown => {
                (ApprovalStatus::Unknown, Came::trouble(&look(in_doubt(&why().message), row)))
            }
            Next::Reconcile => {
                (ApprovalStatus::Sending, Came::trouble(&ask(in_doubt(&why().message), row)))
            }
        };
        let word = match next {
            Next::Executed => "done".to_owned(),
            Next::Failed => why().code.to_string(),
            Next::NotSent => "not_sent".to_owned(),
            Next::Reconcile | Next::Unknown => Code::OutcomeUnknown.to_string(),
        };
        self.sealing_came(&row.id, &came, |bytes| {
            let end = End {
                status,
                kept,
                outcome: bytes,
                phase: "answered",
                word: &word,
                http_status: attempt.status,
                used: errand.scope.used.get(),
            };
            self.store.end_send(row, &end, (&errand.by, Millis::now()))
        })
    }

    /// Returns an approval as others have left it.
    pub(super) fn reread(&self, errand: &Errand<'_>) -> Result<ApprovalRow> {
        self.row(&errand.row.id)
    }

    /// Returns the call under which a frozen action is done: for its own user, through the door of whoever
    /// approves.
    pub(super) fn inner<'a>(&self, call: &'a Call, frozen: &Frozen) -> Result<Scope<'a>> {
        let user = frozen.user.parse();
        let user = user.map_err(|error| Error::internal("a user's id is none", error))?;
        Ok(Scope { user: Some(self.user(&user)?), ..Scope::of(call) })
    }
}

impl<'a> Errand<'a> {
    /// Begins with what was just claimed.
    fn new(
        frozen: Frozen,
        ready: Ready,
        (scope, by): (Scope<'a>, Actor),
        row: ApprovalRow,
    ) -> Self {
        Self { frozen, ready, scope, by, row, doubt: false, left: TRIES }
    }
}

/// Returns what an attempt means. After one that may have been acted on, only success is certain.
fn meaning(attempt: &Attempt, errand: &Errand<'_>) -> Next {
    let next = next(attempt.event, errand.frozen.class);
    match next {
        Next::Failed if errand.doubt => Next::Unknown,
        Next::NotSent if errand.doubt => Next::Reconcile,
        next => next,
    }
}

/// The error of an approval that nobody may take for a new one.
fn restored(row: &ApprovalRow) -> Error {
    let id = &row.id;
    let text = format!(
        "approval `{id}` comes from a copy of the store: it may have been decided and done since"
    );
    Error::new(Code::InvalidInput, text)
        .hint(format!(
            "look whether it was done; if not, run `naive approvals approve {id}` with `--restored`"
        ))
        .reason("restored_copy")
}

fn not_sent(error: Error) -> Attempt {
    let event = if error.code == Code::Unauthorized { Event::Unauthorized } else { Event::NotSent };
    Attempt { event, status: None, result: Value::Null, trouble: Some(error) }
}

/// Adds how an approval is gone on with that still waits to be sent.
pub(super) fn again(error: Error, row: &ApprovalRow) -> Error {
    let go_on = format!("`naive approvals reconcile {}` to go on", row.id);
    let hint = match &error.hint {
        Some(hint) => format!("{hint}, then {go_on}"),
        None => format!("run {go_on}"),
    };
    error.hint(hint)
}

/// Adds how a person says what became of an approval.
pub(super) fn look(error: Error, row: &ApprovalRow) -> Error {
    let resolve = format!("naive approvals resolve {}", row.id);
    error.hint(format!(
        "look there whether it was done, then run `{resolve} --executed --reason …` or `{resolve} --not-executed --reason …`"
    ))
}

/// Adds how it is found out what became of an approval.
pub(super) fn ask(error: Error, row: &ApprovalRow) -> Error {
    let at = row.settle_until.map(|at| format!(" after {} UTC", at.plain())).unwrap_or_default();
    error.hint(format!("run `naive approvals reconcile {}`{at}", row.id))
}
