//! What can be known of an action without doing it: whether it could be done, and what it would be.

use std::time::Duration;

use super::frozen::Frozen;
use crate::api::action::Action;
use crate::api::approvals::{Account, Class};
use crate::api::connections::Status;
use crate::api::error::{Code, Error, Result};
use crate::api::toolkits::Effect;
use crate::api::workspace::User;
use crate::catalog::manifest::{Replay, Tool};
use crate::engine::gate::Verdict;
use crate::engine::{Engine, Scope};

/// How long after a send nothing of it can be under way any more: a request may take 30 s, and what it
/// leads to as long again.
const SETTLE: Duration = Duration::from_mins(1);

/// What is known of an action that could be done now.
#[derive(Debug)]
pub(super) struct Ready {
    /// What is known when the answer is lost
    pub(super) class: Class,
    /// The account it goes through
    pub(super) account: Option<Account>,
    /// How long after a send a lookup is to be believed
    pub(super) settle: Duration,
    /// Whether a lookup sees every write that was answered
    pub(super) reads_own_writes: bool,
}

/// What stands in the way of an action that a person has approved.
#[derive(Debug)]
pub(super) enum Readiness {
    /// Nothing
    Ready(Ready),
    /// Something that somebody can mend in time
    NotNow(Error),
    /// What was approved is no longer allowed, or no longer what it was
    Never(Error),
}

impl Engine {
    /// Fails with whatever would fail about an action before anything of it is done.
    pub(super) fn ready(&self, user: &User, action: &Action) -> Result<Ready> {
        let plain = |class| Ready { class, account: None, settle: SETTLE, reads_own_writes: false };
        if let Action::Execute(op) = action {
            let prepared = self.prepared(user, op)?;
            let account = prepared.connection.map(|one| Account {
                connection: one.id,
                label: one.label,
                identity: one.account,
            });
            return Ok(Ready { account, ..plain(class(&prepared.tool)) });
        }
        if let Action::Connect(op) = action {
            let known = self.check_connect(user, op)?;
            let all = self.store.connections(&user.id, Some(&op.toolkit))?;
            // An account that is there already may have what is not given now.
            if !all.iter().any(|one| one.label == op.label) {
                self.address_fields(user, &known, op)?;
            }
            return Ok(plain(Class::A));
        }
        if let Some((account, settle)) = self.traded_through(user, action)? {
            // A cancelled order stays cancelled, however often one says so.
            let class = if matches!(action, Action::CancelOrder(_)) { Class::A } else { Class::B };
            return Ok(Ready { account: Some(account), settle, ..plain(class) });
        }
        if let Action::RequestApproval(_) = action {
            return Ok(plain(Class::A));
        }
        let manner = self.check_action(action)?;
        Ok(Ready {
            settle: manner.settle,
            reads_own_writes: manner.reads_own_writes,
            ..plain(manner.class)
        })
    }

    /// Judges what was frozen as it is now: the policy for its user, and what it is about. That it was
    /// held is no reason to hold it again.
    pub(super) fn readiness(&self, scope: &Scope<'_>, frozen: &Frozen) -> Result<Readiness> {
        let user = scope.user()?;
        let verdict = self.judge(scope.call, Some(user), &frozen.action)?.verdict;
        if let Verdict::Refuse(error) = verdict {
            return Ok(Readiness::Never(error));
        }
        if let Some(error) = self.changed(frozen)? {
            return Ok(Readiness::Never(error));
        }
        Ok(match self.ready(user, &frozen.action) {
            Ok(ready) if ready.class != frozen.class => Readiness::Never(executor_changed(
                "what is known when its answer is lost has changed since it was frozen",
            )),
            Ok(ready) => Readiness::Ready(ready),
            Err(error) => Readiness::NotNow(error),
        })
    }

    /// Returns what is wrong if whoever does an action, or the account it goes through, is no longer what it
    /// was when that was frozen. An endpoint that is gone, or an account, is not: it may come back as it was.
    pub(super) fn changed(&self, frozen: &Frozen) -> Result<Option<Error>> {
        if let Some(account) = &frozen.account
            && let Some((_, now)) = self.store.connection(&account.connection)?
            && now.status == Status::Active
            && now.account != account.identity
        {
            let text = "the connection is now to another account than when it was frozen";
            return Ok(Some(anew(text, "account_changed")));
        }
        let now = self.definition(&frozen.action)?;
        let is_tool = matches!(frozen.action, Action::Execute(_));
        if now == frozen.definition || (now.is_none() && !is_tool) {
            return Ok(None);
        }
        Ok(Some(if let Action::Execute(op) = &frozen.action {
            let text = format!("`{}` is no longer what it was when it was frozen", op.tool);
            anew(&text, "tool_changed")
        } else {
            executor_changed(&format!(
                "whoever performs `{}` is no longer what it was when it was frozen",
                frozen.action.name()
            ))
        }))
    }
}

fn executor_changed(text: &str) -> Error {
    anew(text, "executor_changed")
}

/// The error of something that is not what a person agreed to.
fn anew(text: &str, reason: &str) -> Error {
    Error::new(Code::Forbidden, text)
        .hint("ask for it again: what it is now can be approved anew")
        .reason(reason)
}

/// Returns what is known when the answer of a tool is lost; what only looks may be done twice.
fn class(tool: &Tool) -> Class {
    let honours = tool.idempotency_header.is_some()
        // Where there is no place for a key, the method alone makes the second one harmless.
        || matches!(tool.request.method.as_str(), "PUT" | "DELETE");
    match (tool.effect, tool.replay) {
        (Effect::Read, Replay::A | Replay::B | Replay::C) => Class::A,
        (Effect::Write | Effect::Destructive, Replay::A) => {
            if honours {
                Class::A
            } else {
                Class::C
            }
        }
        (Effect::Write | Effect::Destructive, Replay::B) => Class::B,
        (Effect::Write | Effect::Destructive, Replay::C) => Class::C,
    }
}
