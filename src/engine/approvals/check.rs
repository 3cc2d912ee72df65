//! What can be known of an action without doing it: whether it could be done, and what it would be.

use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::frozen::Frozen;
use crate::api::action::Action;
use crate::api::approvals::Class;
use crate::api::error::{Code, Error, Result};
use crate::api::ids::{ConnectionId, hex};
use crate::api::tools::Execute;
use crate::api::workspace::{Effect, User};
use crate::catalog::manifest::{Replay, Tool};
use crate::engine::gate::Verdict;
use crate::engine::known::tool;
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
    pub(super) account: Option<ConnectionId>,
    /// SHA-256 of the tool's definition
    pub(super) definition: Option<String>,
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
        let plain = |class| Ready {
            class,
            account: None,
            definition: None,
            settle: SETTLE,
            reads_own_writes: false,
        };
        if let Action::Execute(op) = action {
            let prepared = self.prepared(user, op)?;
            let tool = tool(&prepared.known.manifest, &op.tool)?;
            return Ok(Ready {
                account: prepared.connection.map(|connection| connection.id),
                definition: Some(definition(tool)?),
                ..plain(class(tool))
            });
        }
        if let Action::Connect(op) = action {
            let known = self.check_connect(op)?;
            let all = self.store.connections(&user.id, Some(&op.toolkit))?;
            // An account that is there already may have what is not given now.
            if !all.iter().any(|one| one.label == op.label) {
                self.address_fields(user, &known, op)?;
            }
            return Ok(plain(Class::A));
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
        if let (Action::Execute(op), Some(before)) = (&frozen.action, &frozen.definition)
            && self.definition(op)?.as_ref() != Some(before)
        {
            let text = format!("`{}` is no longer what it was when it was approved", op.tool);
            let error = Error::new(Code::Forbidden, text)
                .hint("ask for it again: what it is now can be approved anew")
                .reason("tool_changed");
            return Ok(Readiness::Never(error));
        }
        Ok(match self.ready(user, &frozen.action) {
            Ok(ready) if ready.class == frozen.class => Readiness::Ready(ready),
            Ok(_) => {
                let text = "what is known when its answer is lost has changed since it was frozen";
                let error = Error::new(Code::Forbidden, text)
                    .hint("ask for it again: what it is now can be approved anew")
                    .reason("executor_changed");
                Readiness::Never(error)
            }
            Err(error) => Readiness::NotNow(error),
        })
    }

    /// Returns the digest of what a tool is now; `None` if it is gone.
    fn definition(&self, op: &Execute) -> Result<Option<String>> {
        let known = match self.toolkit(&op.toolkit) {
            Err(error) if error.code == Code::NotFound => return Ok(None),
            known => known?,
        };
        known.manifest.tool(&op.tool).map(definition).transpose()
    }
}

/// Returns SHA-256 of a tool's definition.
fn definition(tool: &Tool) -> Result<String> {
    let bytes = serde_json::to_vec(tool)
        .map_err(|error| Error::internal("a tool cannot be written", error))?;
    Ok(hex(&Sha256::digest(bytes)))
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
