//! Finding out what became of what was sent, by those who have to live with a lost answer: the same process,
//! or another after it ended.

use std::time::Duration;

use serde_json::Value;

use super::check::Readiness;
use super::frozen::Frozen;
use super::replay::{Errand, TRIES, ask, look};
use super::shown::{Came, in_doubt};
use super::unknown;
use crate::api::approvals::{ApprovalStatus, Class, Reconcile, Reconciled};
use crate::api::error::{Code, Error, Result};
use crate::api::ids::ApprovalId;
use crate::api::primitives::PERFORMED;
use crate::api::time::Millis;
use crate::engine::outcomes::Lookup;
use crate::engine::trading::trade;
use crate::engine::{Call, Engine, Scope};
use crate::store::{ApprovalRow, Decision, End};

/// How long an upstream that honours keys is taken to remember one.
/// Source: Stripe API reference, "Idempotent requests" (read 2026-11-20): keys are kept for at least 24 hours.
const REMEMBERED: Duration = Duration::from_hours(24);

/// How often an action is sent at most, over all runs, once an answer to it was lost.
const SENDS: u32 = 9;

/// What can be done about a lost answer.
enum Course {
    /// It was done, with this result
    Executed(Value),
    /// The same bytes go out again under the same key; whether an earlier send may still arrive
    Resend { doubt: bool },
    /// It is asked later
    Later(String),
    /// A person has to look
    Unknown(String),
}

/// What came of looking for a lost answer.
#[derive(Debug)]
pub(super) enum Settled<'a> {
    /// It goes no further now
    Ended(Box<ApprovalRow>),
    /// It is claimed to be sent once more
    Again(Box<Errand<'a>>),
}

impl Engine {
    /// Finishes what processes that ended have left.
    pub(in crate::engine) async fn reconcile(
        &self,
        scope: &Scope<'_>,
        op: &Reconcile,
    ) -> Result<Reconciled> {
        check(op)?;
        let rows = if let Some(id) = &op.approval {
            vec![self.row(id)?]
        } else {
            self.store.expire_due(Millis::now())?;
            let mut rows = self.store.approvals_that_are(ApprovalStatus::Approved)?;
            rows.extend(self.store.approvals_that_are(ApprovalStatus::Sending)?);
            rows.sort_by_key(|row| row.seq);
            rows
        };
        let mut approvals = Vec::new();
        for row in rows {
            match Box::pin(self.reconciled(scope.call, &row)).await {
                Ok(row) => approvals.push(self.shown(&row)?),
                Err(error) if op.approval.is_some() => return Err(error),
                // One that cannot be gone on with does not keep the others waiting.
                Err(error) => {
                    self.warn(format!("Approval `{}` stays as it is: {error}.", row.id));
                    approvals.push(self.shown(&row)?);
                }
            }
        }
        Ok(Reconciled { approvals })
    }

    /// Returns what to tell people of actions whose processes ended in the middle of sending them.
    pub(crate) fn stranded(&self) -> Option<String> {
        let count = self.store.stranded().ok().filter(|count| *count > 0)?;
        let what = if count == 1 { "1 approval was" } else { &format!("{count} approvals were") };
        Some(format!(
            "{what} being sent by a process that ended: run `naive approvals reconcile --all`."
        ))
    }

    /// Tells whether a process that ended has left an approval to go on with.
    pub(crate) fn is_anything_left(&self) -> Result<bool> {
        let mut rows = self.store.approvals_that_are(ApprovalStatus::Approved)?;
        rows.extend(self.store.approvals_that_are(ApprovalStatus::Sending)?);
        Ok(rows.iter().any(|row| !self.store.is_owned(row.owner.as_deref())))
    }

    /// Tells whether an approval, if it is done, begins a login that outlives the command.
    pub(crate) fn begins_login(&self, id: &ApprovalId) -> bool {
        let row = self.store.approval(id, Millis::now()).ok().flatten();
        row.is_some_and(|row| row.action_type == "connections.connect")
    }

    /// Goes on with one approval, unless a process that lives does.
    async fn reconciled(&self, call: &Call, row: &ApprovalRow) -> Result<ApprovalRow> {
        let lives = self.store.is_owned(row.owner.as_deref());
        match row.status {
            ApprovalStatus::Approved if !lives => self.send_approved(call, row).await,
            ApprovalStatus::Sending if !lives => self.adopted(call, row).await,
            ApprovalStatus::Unknown => self.found_after_all(call, row).await,
            ApprovalStatus::Approved
            | ApprovalStatus::Sending
            | ApprovalStatus::Pending
            | ApprovalStatus::Executed
            | ApprovalStatus::Failed
            | ApprovalStatus::Denied
            | ApprovalStatus::Expired
            | ApprovalStatus::Cancelled => Ok(row.clone()),
        }
    }

    /// Asks once more whether something was done of which nobody knows; only a yes changes that.
    async fn found_after_all(&self, call: &Call, row: &ApprovalRow) -> Result<ApprovalRow> {
        let frozen = self.frozen(row)?;
        let found = self.looked_up(&frozen, row).await?;
        let Some(Lookup::Found(result)) = found else { return Ok(row.clone()) };
        let by = call.caller.actor();
        let reason = Some("the upstream knows it");
        let decision = Decision { by: &by, reason, at: Millis::now() };
        let ended = self.sealing_came(&row.id, &Came::result(result), |bytes| {
            self.store.resolve(&row.id, &decision, (ApprovalStatus::Executed, bytes))
        })?;
        ended.map(|(row, _)| row).ok_or_else(|| unknown(&row.id))
    }

    /// Takes over what a process that ended was sending.
    async fn adopted(&self, call: &Call, row: &ApprovalRow) -> Result<ApprovalRow> {
        let frozen = self.frozen(row)?;
        let scope = self.inner(call, &frozen)?;
        let by = call.caller.actor();
        let Some(taken) = self.store.adopt(row, Millis::now())? else {
            return self.row(&row.id);
        };
        let readiness = self.readiness(&scope, &frozen)?;
        let ready = match readiness {
            Readiness::Ready(ready) => ready,
            // What may have been done is not made undone by a policy of today.
            Readiness::NotNow(error) if frozen.class != Class::C => {
                return self.concluded((&taken, &by), Course::Later(error.message));
            }
            Readiness::NotNow(error) | Readiness::Never(error) => {
                let found = self.looked_up(&frozen, &taken).await;
                let course = match found {
                    Ok(Some(Lookup::Found(result))) => Course::Executed(result),
                    Ok(_) | Err(_) => Course::Unknown(error.message),
                };
                return self.concluded((&taken, &by), course);
            }
        };
        let errand = Errand { frozen, ready, scope, by, row: taken, doubt: true, left: TRIES };
        match self.settled(errand).await? {
            Settled::Ended(row) => Ok(*row),
            Settled::Again(errand) => Box::pin(self.sent(*errand)).await,
        }
    }

    /// Finds out what became of what was sent under a claim that this process holds.
    pub(super) async fn settled<'a>(&self, mut errand: Errand<'a>) -> Result<Settled<'a>> {
        let course = self.course(&errand).await;
        let Course::Resend { doubt } = course else {
            let row = self.concluded((&errand.row, &errand.by), course)?;
            return Ok(Settled::Ended(Box::new(row)));
        };
        let now = Millis::now();
        let at = (now, now.after(errand.ready.settle));
        match self.store.resend(&errand.row, &errand.by, at)? {
            Some(row) => {
                errand.row = row;
                errand.doubt = doubt;
                Ok(Settled::Again(Box::new(errand)))
            }
            None => Ok(Settled::Ended(Box::new(self.reread(&errand)?))),
        }
    }

    /// Returns what can be done about a lost answer, by what is known of the upstream.
    async fn course(&self, errand: &Errand<'_>) -> Course {
        let (row, frozen, ready) = (&errand.row, &errand.frozen, &errand.ready);
        let now = Millis::now();
        let settled = row.settle_until.is_none_or(|until| now >= until);
        match self.changed(frozen) {
            Ok(None) => {}
            Ok(Some(error)) => return Course::Unknown(error.message),
            Err(error) => return Course::Later(error.message),
        }
        let late = || Course::Later("its answer was lost, and it may still arrive".to_owned());
        // Of an order, one that is there already is known by its own id.
        if frozen.class == Class::B && !settled && trade(&frozen.action).is_none() {
            return late();
        }
        let found = self.looked_up(frozen, row).await;
        let resendable = row.first_sent_at.is_some_and(|first| {
            // A clock that was set back says nothing about what is remembered.
            now >= first && now < first.after(REMEMBERED)
        });
        match (found, frozen.class) {
            (_, Class::C) => Course::Unknown("its answer was lost".to_owned()),
            (Ok(Some(Lookup::Found(result))), Class::A | Class::B) => Course::Executed(result),
            (Ok(Some(Lookup::Unclear(error))) | Err(error), Class::A | Class::B) => {
                Course::Later(error.message)
            }
            (Ok(Some(Lookup::Unsent)), Class::A | Class::B) => Course::Resend { doubt: false },
            (Ok(Some(Lookup::Missing)), Class::B) if !settled => late(),
            (Ok(Some(Lookup::Missing) | None), Class::A) if !resendable => {
                Course::Unknown("its answer was lost too long ago to send it again".to_owned())
            }
            (Ok(Some(Lookup::Missing) | None), Class::A) if row.sends >= SENDS => {
                Course::Unknown(format!("its answers were lost, and it was sent {SENDS} times"))
            }
            (Ok(Some(Lookup::Missing) | None), Class::A) if errand.left == 0 => {
                Course::Later("its answers were lost".to_owned())
            }
            (Ok(Some(Lookup::Missing) | None), Class::A) => Course::Resend { doubt: true },
            (Ok(Some(Lookup::Missing)), Class::B) if ready.reads_own_writes && row.sends < 2 => {
                Course::Resend { doubt: false }
            }
            (Ok(Some(Lookup::Missing)), Class::B) => {
                Course::Unknown("its answer was lost, and the upstream does not know it".to_owned())
            }
            (Ok(None), Class::B) => {
                Course::Unknown("its answer was lost, and nobody can be asked".to_owned())
            }
        }
    }

    /// Asks the upstream whether something happened; `None` where it cannot be asked, or is another one than
    /// what it was sent to.
    async fn looked_up(&self, frozen: &Frozen, row: &ApprovalRow) -> Result<Option<Lookup>> {
        if self.changed(frozen)?.is_some() {
            return Ok(None);
        }
        let user = self.subject(&frozen.action)?;
        let what = (&frozen.action, frozen.idempotency_key.as_str());
        if let Some(found) = self.lookup_trade(&user, what).await? {
            return Ok(Some(found));
        }
        let asked = row.class != Class::C && PERFORMED.contains(&row.action_type.as_str());
        if !asked {
            return Ok(None);
        }
        self.lookup_action(&frozen.action, &frozen.idempotency_key).await
    }

    /// Writes what was found out.
    fn concluded(
        &self,
        (row, by): (&ApprovalRow, &crate::api::approvals::Actor),
        course: Course,
    ) -> Result<ApprovalRow> {
        let (status, came, word) = match course {
            Course::Executed(result) => (ApprovalStatus::Executed, Came::result(result), "done"),
            Course::Unknown(why) => {
                let error = look(in_doubt(&why), row);
                (ApprovalStatus::Unknown, Came::trouble(&error), "outcome_unknown")
            }
            Course::Later(why) => {
                let error: Error = ask(in_doubt(&why), row);
                (ApprovalStatus::Sending, Came::trouble(&error), "outcome_unknown")
            }
            Course::Resend { .. } => return Ok(row.clone()),
        };
        let wrote = self.sealing_came(&row.id, &came, |bytes| {
            let end = End {
                status,
                kept: false,
                outcome: bytes,
                phase: "settled",
                word,
                http_status: None,
                used: None,
            };
            self.store.end_send(row, &end, (by, Millis::now()))
        })?;
        match wrote {
            Some(row) => Ok(row),
            None => self.row(&row.id),
        }
    }
}

/// Fails unless it is said which approval is meant, or that all are.
fn check(op: &Reconcile) -> Result<()> {
    if op.approval.is_some() != op.all {
        return Ok(());
    }
    Err(Error::new(Code::InvalidInput, "say which approval is meant, or that all of them are")
        .hint("run `naive approvals reconcile <id>` or `naive approvals reconcile --all`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_said_does_not_mean_all() {
        let checked = |text: &str| check(&serde_json::from_str(text).unwrap());
        let id = "65589c8b-e033-4a65-b16c-379211c94429";

        assert_eq!(checked("{}").unwrap_err().code, Code::InvalidInput);
        assert!(checked(r#"{"all": true}"#).is_ok());
        assert!(checked(&format!(r#"{{"approval": "{id}"}}"#)).is_ok());
    }
}
