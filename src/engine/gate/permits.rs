//! What a caller may not do, whatever a kit says: each rule fails with what to do instead.

use super::powers::{Power, acts, power, primitive};
use super::{About, Question, kit};
use crate::api::action::Action;
use crate::api::error::{Code, Error, Result};
use crate::api::ids::{Slug, quoted};
use crate::api::keys::Role;
use crate::api::kits::{Kit, Primitive};
use crate::api::routes::writes;
use crate::api::workspace::{User, UserStatus, Workspace};
use crate::engine::caller::{Caller, Refusal};

/// What a program is told of that is not its to do.
const ASK: &str = "ask the operator, who does it without a key";

pub(super) fn key(question: &Question<'_>) -> Result<()> {
    known(question.caller)
}

/// Fails if nobody has asked for an action that begins something.
///
/// This is about calls alone: what is frozen was asked for, whoever goes on with it once it is allowed.
pub(crate) fn asked(caller: &Caller, action: &Action) -> Result<()> {
    if caller != &Caller::System || goes_on(action) {
        return Ok(());
    }
    Err(Error::new(Code::Forbidden, format!("nobody has asked for `{}`", action.name())))
}

/// Fails unless the key is one of this store, and good.
pub(crate) fn known(caller: &Caller) -> Result<()> {
    let Caller::Refused(refusal) = caller else { return Ok(()) };
    let (text, reason) = match refusal {
        Refusal::Unknown => ("this store does not know the key", "key_unknown"),
        Refusal::Revoked => ("the key was taken back", "key_revoked"),
        Refusal::Expired => ("the key has expired", "key_expired"),
        Refusal::OtherDialect => ("the key is for another API", "key_of_another_dialect"),
    };
    // Whoever reads this may be an agent, which is not told how to be somebody else.
    let hint = match refusal {
        Refusal::Unknown => {
            "use the `--profile` whose store made it, or ask the operator for a key"
        }
        Refusal::Revoked | Refusal::Expired => "ask the operator for a new one",
        Refusal::OtherDialect => "ask the operator for one of this API",
    };
    Err(Error::new(Code::Unauthorized, text).hint(hint).reason(reason))
}

pub(super) fn sealed(question: &Question<'_>) -> Result<()> {
    match (question.caller.seal(), question.subject) {
        (Some(seal), Some(user)) if seal != user.id => Err(other_subject()),
        _ => Ok(()),
    }
}

/// Makes the error of a sealed key that names another user.
pub(crate) fn other_subject() -> Error {
    Error::new(Code::Forbidden, "this key is sealed to another user")
        .hint("leave out `--user`")
        .reason("key_subject_mismatch")
}

/// Tells whether the workspace is the caller's to govern: a person, or a workspace key sealed to nobody.
fn governs(caller: &Caller) -> bool {
    match caller {
        Caller::Human => true,
        Caller::Key(holder) => holder.role == Role::Workspace && holder.user.is_none(),
        Caller::System | Caller::Refused(_) => false,
    }
}

/// Tells whether an action is one that goes on with what somebody who may has begun or allowed.
fn goes_on(action: &Action) -> bool {
    matches!(
        action,
        Action::Finish(_)
            | Action::Reconcile(_)
            | Action::ReconcileOrders(_)
            | Action::RefreshConnection(_)
    )
}

/// Tells whether an action is of a kind that a caller may do, whatever it is about.
pub(crate) fn may(caller: &Caller, action: &Action) -> bool {
    if caller == &Caller::System {
        return goes_on(action);
    }
    match power(action) {
        Power::Policy | Power::Resolve => governs(caller),
        Power::Operator => caller == &Caller::Human,
        Power::Look | Power::Act | Power::AskPerson | Power::TakeBack => true,
    }
}

pub(super) fn policy(question: &Question<'_>) -> Result<()> {
    if governs(question.caller) || power(question.action) != Power::Policy {
        return Ok(());
    }
    let name = question.action.name();
    let text = if writes(name) {
        format!("`{name}` changes policy, which an agent may not")
    } else {
        format!("`{name}` shows what an agent may not see")
    };
    Err(Error::new(Code::Forbidden, text).hint(ASK).reason("policy_protected"))
}

pub(super) fn operators(question: &Question<'_>) -> Result<()> {
    if power(question.action) == Power::Operator { operator(question.caller) } else { Ok(()) }
}

/// Fails unless the caller is the operator, whose own this machine is.
pub(crate) fn operator(caller: &Caller) -> Result<()> {
    known(caller)?;
    match caller {
        Caller::Human => Ok(()),
        Caller::Key(_) | Caller::System | Caller::Refused(_) => {
            Err(Error::new(Code::Forbidden, "only the operator does this, and no key")
                .hint(ASK)
                .reason("operator_only"))
        }
    }
}

pub(super) fn resolves(question: &Question<'_>) -> Result<()> {
    if may(question.caller, question.action) || power(question.action) != Power::Resolve {
        return Ok(());
    }
    Err(Error::new(Code::Forbidden, "this key may not resolve approvals")
        .hint("ask the operator to approve or deny it")
        .reason("may_not_resolve"))
}

pub(super) fn separate(question: &Question<'_>) -> Result<()> {
    let separate = question.workspace.is_some_and(|workspace| workspace.separate_resolver);
    let own = match question.caller {
        Caller::Key(holder) => question.requester.is_some_and(|actor| actor.actor_id == holder.id),
        Caller::Human | Caller::System | Caller::Refused(_) => false,
    };
    if !(separate && own && power(question.action) == Power::Resolve) {
        return Ok(());
    }
    Err(Error::new(Code::Forbidden, "whoever asked for an approval may not resolve it here")
        .hint("let the operator, or another workspace key, resolve it")
        .reason("separate_resolver"))
}

pub(super) fn separation(question: &Question<'_>) -> Result<()> {
    let separate = question.workspace.is_some_and(|workspace| workspace.separate_resolver);
    if question.caller == &Caller::Human || !separate {
        return Ok(());
    }
    let text = if let Action::UpdateWorkspace(op) = question.action
        && op.separate_resolver == Some(false)
    {
        "while resolvers are separate, only a person ends that"
    } else if let Action::CreateKey(op) = question.action
        && op.meant_role() == Some(Role::Workspace)
    {
        "while resolvers are separate, only a person makes workspace keys"
    } else {
        return Ok(());
    };
    Err(Error::new(Code::Forbidden, text).hint(ASK).reason("separate_resolver"))
}

pub(super) fn takes_back(question: &Question<'_>) -> Result<()> {
    let own =
        question.requester.is_none_or(|requester| requester.actor_id == question.caller.actor_id());
    if own || power(question.action) != Power::TakeBack {
        return Ok(());
    }
    Err(Error::new(Code::Forbidden, "only whoever asked for an approval takes it back")
        .hint("deny it instead, if you may resolve it")
        .reason("not_the_requester"))
}

/// Makes the error of a credential that would take the place of one that a person has let in.
pub(super) fn credential_protected(toolkit: Option<&Slug>) -> Error {
    let app = toolkit.map_or("<app>", Slug::as_str);
    Error::new(Code::Forbidden, "no login waits for a credential of this connection")
        .hint(format!(
            "ask for one: `naive connections connect {app} --reconnect`, which a person approves"
        ))
        .reason("credential_protected")
}

/// Makes the error of a brokerage account that would be linked in the place of another.
pub(super) fn link_protected() -> Error {
    Error::new(
        Code::Forbidden,
        "an account is linked already, and another one takes its place by a person's hand alone",
    )
    .hint("ask the operator to run `naive trading connect --reconnect`")
    .reason("credential_protected")
}

pub(super) fn suspended(question: &Question<'_>) -> Result<()> {
    // To take a credential away for good is more than to look; a person may still tidy up.
    let purges = matches!(question.action, Action::Disconnect(op) if op.purge)
        || matches!(question.action, Action::DisconnectBroker(_));
    let counts = acts(question.action) || purges && question.caller != &Caller::Human;
    active(question.subject.filter(|_| counts))
}

/// Fails if nothing is done for a user, or its kit does not allow the app of a login, or trading where that is
/// the brokerage: only the login's own state tells whose it is.
pub(crate) fn login(
    (user, kit): (Option<&User>, Option<&Kit>),
    workspace: &Workspace,
    toolkit: &Slug,
) -> Result<()> {
    active(user)?;
    let (primitive, about) = if *toolkit == Slug::brokerage() {
        (Primitive::Trading, About::default())
    } else {
        switched_on(workspace)?;
        let about = About { toolkit: Some(toolkit), ..About::default() };
        (Primitive::Connections, about)
    };
    let forbidden = kit.and_then(|kit| kit::forbids(kit, primitive, about));
    forbidden.map_or(Ok(()), |(_, error)| Err(error))
}

fn active(user: Option<&User>) -> Result<()> {
    match user {
        Some(user) if user.status == UserStatus::Suspended => {
            let name = user.handle();
            let command = format!("naive users update {} --status active", quoted(name));
            Err(Error::new(Code::Forbidden, format!("user `{name}` is suspended"))
                .hint(format!("run `{command}`"))
                .reason("user_suspended"))
        }
        Some(_) | None => Ok(()),
    }
}

pub(super) fn connections_off(question: &Question<'_>) -> Result<()> {
    // Only the state of a login that ends tells whether it is to an app: see `login`.
    let about = primitive(question.action) == Some(Primitive::Connections)
        && !matches!(question.action, Action::Finish(_));
    match question.workspace {
        Some(workspace) if about && acts(question.action) => switched_on(workspace),
        Some(_) | None => Ok(()),
    }
}

/// Fails if the workspace has switched connections off.
fn switched_on(workspace: &Workspace) -> Result<()> {
    if workspace.connections {
        return Ok(());
    }
    Err(Error::new(Code::FeatureNotConfigured, "connections are switched off in this workspace")
        .hint("run `naive workspace update --connections true`")
        .reason("connections_off"))
}

/// Makes the error of a request that is no tool, where a kit rules the app's tools one by one.
pub(super) fn tools_alone(kit: &Kit, toolkit: &Slug) -> Error {
    let text = format!("account kit `{}` rules which tools of `{toolkit}` may run", kit.name);
    Error::new(Code::Forbidden, text)
        .hint(format!("run one of its tools: `naive connections tools {toolkit}` lists them"))
        .reason("tool_not_allowed")
}
