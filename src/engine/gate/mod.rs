//! The judge: may this caller do this for this user, and must a person be asked first? A pure function,
//! and the only one that answers.

mod powers;
#[cfg(test)]
mod tests;

use powers::{Power, power};
pub(super) use powers::{acts, target};

use super::caller::{Caller, Refusal};
use crate::api::action::Action;
use crate::api::approvals::Actor;
use crate::api::error::{Code, Error, Result};
use crate::api::ids::{Slug, ToolHold, ToolSlug, quoted};
use crate::api::keys::Role;
use crate::api::kits::{Kit, Mode, Primitive};
use crate::api::workspace::{Effect, User, UserStatus, Workspace};

/// Everything that a judgement follows from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question<'a> {
    /// Who calls
    pub(crate) caller: &'a Caller,
    /// For whom, where the action is for somebody
    pub(crate) subject: Option<&'a User>,
    /// The kit that user is under
    pub(crate) kit: Option<&'a Kit>,
    /// What is decided about the workspace
    pub(crate) workspace: Option<&'a Workspace>,
    /// What is asked for
    pub(crate) action: &'a Action,
    /// What the tool does that would be run
    pub(crate) effect: Option<Effect>,
    /// Who asked for the approval that the action is about
    pub(crate) requester: Option<&'a Actor>,
}

/// What becomes of a call, and by which rule.
#[derive(Debug)]
pub(crate) struct Judgement {
    /// What becomes of it
    pub(crate) verdict: Verdict,
    /// Why
    pub(crate) rule: Rule,
}

/// What becomes of a call.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// It is performed
    Perform,
    /// It is frozen until a person decides
    Hold,
    /// It is refused, with this error
    Refuse(Error),
}

impl Verdict {
    /// Returns the verdict in one word, for those who only wanted to know.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Perform => "allowed",
            Self::Hold => "held",
            Self::Refuse(_) => "refused",
        }
    }
}

/// The rules, in the order in which they are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Rule {
    /// The key is unknown, taken back or at its end
    KeyRefused,
    /// The key is sealed to another user
    KeySealed,
    /// Only the operator and workspace keys that are sealed to nobody change policy
    PolicyProtected,
    /// Credentials leave and enter a store by the operator's own hand
    OperatorOnly,
    /// An agent never resolves an approval
    AgentsNeverResolve,
    /// Whoever asked does not resolve it
    SeparateResolver,
    /// Only whoever asked takes it back
    NotTheRequester,
    /// Nothing acts for a user that is suspended
    UserSuspended,
    /// The workspace has switched connections off
    ConnectionsOff,
    /// The kit has switched the primitive off
    PrimitiveDisabled,
    /// The kit does not allow the app
    ToolkitNotAllowed,
    /// The kit does not allow the tool
    ToolNotAllowed,
    /// It asks a person, whoever calls
    AsksAPerson,
    /// The action changes nothing that is sensitive
    NotGated,
    /// The operator is not held
    OperatorNotHeld,
    /// Calls on the workspace's own user are not held
    DefaultUserNotHeld,
    /// The kit opts out of holding it
    KitOptsOut,
    /// The kit holds the app
    KitHoldsToolkit,
    /// The kit holds the tool
    KitHoldsTool,
    /// The kit holds the primitive
    KitHolds,
    /// It is held where no kit says otherwise
    HeldByDefault,
}

/// Judges a call.
pub(crate) fn decide(question: &Question<'_>) -> Judgement {
    match permitted(question) {
        Err((rule, error)) => Judgement { verdict: Verdict::Refuse(error), rule },
        Ok(()) => {
            let (holds, rule) = held(question);
            Judgement { verdict: if holds { Verdict::Hold } else { Verdict::Perform }, rule }
        }
    }
}

/// Fails with the first rule that forbids the call.
fn permitted(question: &Question<'_>) -> std::result::Result<(), (Rule, Error)> {
    let rules: [(Rule, fn(&Question<'_>) -> Result<()>); 9] = [
        (Rule::KeyRefused, |question| known(question.caller)),
        (Rule::KeySealed, sealed),
        (Rule::PolicyProtected, policy),
        (Rule::OperatorOnly, operators),
        (Rule::AgentsNeverResolve, resolves),
        (Rule::SeparateResolver, separate),
        (Rule::NotTheRequester, takes_back),
        (Rule::UserSuspended, suspended),
        (Rule::ConnectionsOff, connections_off),
    ];
    for (rule, check) in rules {
        check(question).map_err(|error| (rule, error))?;
    }
    kit_allows(question)
}

/// Fails unless the key is one of this store, and good.
pub(crate) fn known(caller: &Caller) -> Result<()> {
    let Caller::Refused(refusal) = caller else { return Ok(()) };
    let (text, reason) = match refusal {
        Refusal::Unknown => ("`NAIVE_API_KEY` holds a key this store does not know", "key_unknown"),
        Refusal::Revoked => ("the key in `NAIVE_API_KEY` was taken back", "key_revoked"),
        Refusal::Expired => ("the key in `NAIVE_API_KEY` has expired", "key_expired"),
    };
    // Whoever reads this may be an agent, which is not told how to be somebody else.
    let hint = match refusal {
        Refusal::Unknown => {
            "use the `--profile` whose store made it, or ask the operator for a key"
        }
        Refusal::Revoked | Refusal::Expired => "ask the operator for a new one",
    };
    Err(Error::new(Code::Unauthorized, text).hint(hint).reason(reason))
}

fn sealed(question: &Question<'_>) -> Result<()> {
    match (question.caller.seal(), question.subject) {
        (Some(seal), Some(user)) if seal != user.id => Err(other_subject()),
        _ => Ok(()),
    }
}

/// Makes the error of a sealed key that names another user.
pub(super) fn other_subject() -> Error {
    Error::new(Code::Forbidden, "this key is sealed to another user")
        .hint("leave out `--user`")
        .reason("key_subject_mismatch")
}

fn policy(question: &Question<'_>) -> Result<()> {
    let allowed = match question.caller {
        Caller::Human => true,
        Caller::Key(holder) => holder.role == Role::Workspace && holder.user.is_none(),
        Caller::Refused(_) => false,
    };
    if allowed || power(question.action) != Power::Policy {
        return Ok(());
    }
    let text = format!("`{}` changes policy, which an agent may not", question.action.name());
    Err(Error::new(Code::Forbidden, text)
        .hint("ask the operator, who does it without a key")
        .reason("policy_protected"))
}

fn operators(question: &Question<'_>) -> Result<()> {
    if power(question.action) == Power::Operator { operator(question.caller) } else { Ok(()) }
}

/// Fails unless the caller is the operator, whose own this machine is.
pub(crate) fn operator(caller: &Caller) -> Result<()> {
    known(caller)?;
    match caller {
        Caller::Human => Ok(()),
        Caller::Key(_) | Caller::Refused(_) => {
            Err(Error::new(Code::Forbidden, "only the operator does this, and no key")
                .hint("ask the operator, who does it without a key")
                .reason("operator_only"))
        }
    }
}

fn resolves(question: &Question<'_>) -> Result<()> {
    let allowed = match question.caller {
        Caller::Human => true,
        Caller::Key(holder) => holder.role == Role::Workspace && holder.user.is_none(),
        Caller::Refused(_) => false,
    };
    if allowed || power(question.action) != Power::Resolve {
        return Ok(());
    }
    Err(Error::new(Code::Forbidden, "this key may not resolve approvals")
        .hint("ask the operator to approve or deny it")
        .reason("may_not_resolve"))
}

fn separate(question: &Question<'_>) -> Result<()> {
    let separate = question.workspace.is_some_and(|workspace| workspace.separate_resolver);
    let own = match question.caller {
        Caller::Key(holder) => question.requester.is_some_and(|actor| actor.actor_id == holder.id),
        Caller::Human | Caller::Refused(_) => false,
    };
    if !(separate && own && power(question.action) == Power::Resolve) {
        return Ok(());
    }
    Err(Error::new(Code::Forbidden, "whoever asked for an approval may not resolve it here")
        .hint("let the operator, or another workspace key, resolve it")
        .reason("separate_resolver"))
}

fn takes_back(question: &Question<'_>) -> Result<()> {
    let own = question
        .requester
        .is_none_or(|requester| requester.actor_id == question.caller.actor().actor_id);
    if own || power(question.action) != Power::TakeBack {
        return Ok(());
    }
    Err(Error::new(Code::Forbidden, "only whoever asked for an approval takes it back")
        .hint("deny it instead, if you may resolve it")
        .reason("not_the_requester"))
}

fn suspended(question: &Question<'_>) -> Result<()> {
    login(question.subject.filter(|_| acts(question.action)))
}

/// Fails if the user a login belongs to is suspended: only the login's own state tells whose it is.
pub(crate) fn login(user: Option<&User>) -> Result<()> {
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

fn connections_off(question: &Question<'_>) -> Result<()> {
    let off = question.workspace.is_some_and(|workspace| !workspace.connections);
    let about = Primitive::of(question.action.name()) == Some(Primitive::Connections);
    if !(off && about && acts(question.action)) {
        return Ok(());
    }
    Err(Error::new(Code::FeatureNotConfigured, "connections are switched off in this workspace")
        .hint("run `naive workspace update --connections true`")
        .reason("connections_off"))
}

/// Fails with what the user's kit forbids: a primitive, an app, a tool.
fn kit_allows(question: &Question<'_>) -> std::result::Result<(), (Rule, Error)> {
    let Some(kit) = question.kit.filter(|_| acts(question.action)) else { return Ok(()) };
    let Some(primitive) = Primitive::of(question.action.name()) else { return Ok(()) };
    let forbidden = |text: String, reason: &str| {
        Error::new(Code::Forbidden, text)
            .hint(format!(
                "ask the operator to change it: `naive account-kits get {}`",
                quoted(&kit.name)
            ))
            .reason(reason)
    };
    let config = kit.policy.primitives_config.get(&primitive);
    if config.is_some_and(|config| !config.enabled) {
        let text = format!("account kit `{}` has switched `{}` off", kit.name, primitive.as_str());
        return Err((Rule::PrimitiveDisabled, forbidden(text, "primitive_disabled_by_kit")));
    }
    let (toolkit, tool) = target(question.action);
    let Some(toolkit) = toolkit else { return Ok(()) };
    if !allows_toolkit(kit, toolkit) {
        let text = format!("account kit `{}` does not allow `{toolkit}`", kit.name);
        return Err((Rule::ToolkitNotAllowed, forbidden(text, "toolkit_not_allowed")));
    }
    if tool.is_some_and(|tool| !allows_tool(kit, toolkit, tool)) {
        let slug = tool.map(ToolSlug::as_str).unwrap_or_default();
        let text = format!("account kit `{}` does not allow `{slug}`", kit.name);
        return Err((Rule::ToolNotAllowed, forbidden(text, "tool_not_allowed")));
    }
    Ok(())
}

/// Tells whether a kit lets its users use an app.
pub(crate) fn allows_toolkit(kit: &Kit, toolkit: &Slug) -> bool {
    let config = &kit.policy.connections_config;
    let listed = config.toolkits.as_ref().is_some_and(|toolkits| toolkits.contains(toolkit));
    match config.mode {
        Mode::Open => true,
        Mode::Allowlist => listed,
        Mode::Blocklist => !listed,
    }
}

/// Tells whether a kit lets its users run a tool of an app that it allows.
pub(crate) fn allows_tool(kit: &Kit, toolkit: &Slug, tool: &ToolSlug) -> bool {
    let Some(rule) = kit.policy.connections_config.tools.get(toolkit) else { return true };
    rule.enable.as_ref().is_none_or(|only| only.contains(tool))
        && rule.disable.as_ref().is_none_or(|not| !not.contains(tool))
}

/// Tells whether a person is asked first, and by which rule.
fn held(question: &Question<'_>) -> (bool, Rule) {
    match power(question.action) {
        Power::AskPerson => return (true, Rule::AsksAPerson),
        Power::Act => {}
        Power::Look | Power::Policy | Power::Operator | Power::Resolve | Power::TakeBack => {
            return (false, Rule::NotGated);
        }
    }
    let (gated, rule) = gated(question);
    if !gated {
        return (false, rule);
    }
    let is_human = match question.caller {
        Caller::Human => true,
        Caller::Key(_) | Caller::Refused(_) => false,
    };
    if is_human {
        return (false, Rule::OperatorNotHeld);
    }
    let own = question.subject.is_none_or(|user| user.is_default);
    if own && !question.kit.is_some_and(|kit| kit.policy.gate_default_user) {
        return (false, Rule::DefaultUserNotHeld);
    }
    (true, rule)
}

/// Tells whether an action is sensitive under a kit, and by which rule, whoever calls.
fn gated(question: &Question<'_>) -> (bool, Rule) {
    let name = question.action.name();
    let by_default = powers::GATED.contains(&name);
    let Some(kit) = question.kit else { return default_rule(by_default) };
    let connections = &kit.policy.connections_config;
    let (toolkit, tool) = target(question.action);
    if let Some(tool) = tool {
        let effect = match question.effect {
            Some(Effect::Write) => Some("effect:write"),
            Some(Effect::Destructive) => Some("effect:destructive"),
            Some(Effect::Read) | None => None,
        };
        let held =
            |hold: &ToolHold| hold.as_str() == tool.as_str() || effect == Some(hold.as_str());
        let holds = connections.approval_tools.iter().any(held);
        return if holds { (true, Rule::KitHoldsTool) } else { (false, Rule::NotGated) };
    }
    if !by_default {
        return (false, Rule::NotGated);
    }
    let said = match Primitive::of(name) {
        Some(Primitive::Connections) => connections.requires_approval,
        Some(primitive) => {
            kit.policy.primitives_config.get(&primitive).and_then(|config| config.requires_approval)
        }
        None => None,
    };
    if toolkit.is_some_and(|toolkit| connections.approval_toolkits.contains(toolkit)) {
        return (true, Rule::KitHoldsToolkit);
    }
    match said {
        Some(true) => (true, Rule::KitHolds),
        Some(false) => (false, Rule::KitOptsOut),
        None => default_rule(by_default),
    }
}

fn default_rule(gated: bool) -> (bool, Rule) {
    (gated, if gated { Rule::HeldByDefault } else { Rule::NotGated })
}
