//! The judge: may this caller do this for this user, and must a person be asked first? A pure function,
//! and the only one that answers.

mod kit;
mod permits;
mod powers;
#[cfg(test)]
mod tests;

use serde::Serialize;

pub(super) use kit::{allows_tool, allows_toolkit, means};
pub(crate) use permits::{asked, known, login, may, operator, other_subject};
use powers::{Power, power};
pub(super) use powers::{acts, decides, goes_on_with, looks, primitive, target};

use super::caller::Caller;
use crate::api::action::Action;
use crate::api::approvals::Actor;
use crate::api::error::{Error, Result};
use crate::api::ids::{Slug, ToolSlug};
use crate::api::kits::Kit;
use crate::api::toolkits::Effect;
use crate::api::workspace::{User, Workspace};

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
    /// What of an app it is about
    pub(crate) about: About<'a>,
    /// Who asked for the approval that the action is about
    pub(crate) requester: Option<&'a Actor>,
}

/// What of an app a call is about: as the action names it, or as its connection tells.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct About<'a> {
    /// The app
    pub(crate) toolkit: Option<&'a Slug>,
    /// The tool that would be run
    pub(crate) tool: Option<&'a ToolSlug>,
    /// What that tool does
    pub(crate) effect: Option<Effect>,
    /// Whether credentials are entered for a connection that no login was begun for, or take the place of others
    pub(crate) unasked: bool,
    /// Whether it moves real money at the broker
    pub(crate) live: bool,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
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
    /// Where resolvers are separate, only a person ends that or makes another workspace key
    SeparationProtected,
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
    /// What a held login has brought in is replaced by another one alone
    CredentialProtected,
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
    if let Some((rule, error)) = forbidden(question) {
        return Judgement { verdict: Verdict::Refuse(error), rule };
    }
    let (holds, rule) = held(question);
    Judgement { verdict: if holds { Verdict::Hold } else { Verdict::Perform }, rule }
}

/// Fails if a rule forbids the call.
type Check = fn(&Question<'_>) -> Result<()>;

/// What no kit decides, in the order in which it is asked.
const CHECKS: [(Rule, Check); 10] = [
    (Rule::KeyRefused, permits::key),
    (Rule::KeySealed, permits::sealed),
    (Rule::PolicyProtected, permits::policy),
    (Rule::OperatorOnly, permits::operators),
    (Rule::AgentsNeverResolve, permits::resolves),
    (Rule::SeparateResolver, permits::separate),
    (Rule::SeparationProtected, permits::separation),
    (Rule::NotTheRequester, permits::takes_back),
    (Rule::UserSuspended, permits::suspended),
    (Rule::ConnectionsOff, permits::connections_off),
];

/// Returns the first rule that forbids the call, and how it says so.
fn forbidden(question: &Question<'_>) -> Option<(Rule, Error)> {
    for (rule, check) in CHECKS {
        if let Err(error) = check(question) {
            return Some((rule, error));
        }
    }
    let kit = question.kit.filter(|_| acts(question.action));
    let by_kit = |kit| kit::forbids(kit, primitive(question.action)?, question.about);
    kit.and_then(by_kit)
        .or_else(|| kit.and_then(|kit| passes_tools(kit, question)))
        .or_else(|| protected(question))
}

/// Forbids requests that are no tools where a kit says which tools of the app may run, and where it holds some of
/// them for this caller: whoever could send any request would need none of them.
fn passes_tools(kit: &Kit, question: &Question<'_>) -> Option<(Rule, Error)> {
    let Action::Proxy(op) = question.action else { return None };
    let holds =
        || kit::holds_tools(kit, &op.toolkit) && held_from(question, (true, Rule::KitHoldsTool)).0;
    let refused = kit::filters_tools(kit, &op.toolkit) || holds();
    refused.then(|| (Rule::ToolNotAllowed, permits::tools_alone(kit, &op.toolkit)))
}

/// Forbids credentials that take the place of others, where a login that does so is held.
fn protected(question: &Question<'_>) -> Option<(Rule, Error)> {
    let connect = kit::gated_if(true, question);
    if !question.about.unasked || !held_from(question, connect).0 {
        return None;
    }
    let error = if let Action::ConnectBroker(_) = question.action {
        permits::link_protected()
    } else {
        permits::credential_protected(question.about.toolkit)
    };
    Some((Rule::CredentialProtected, error))
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
    held_from(question, kit::gated(question))
}

/// Tells whether this caller is held by what a kit says of an action, and by which rule.
fn held_from(question: &Question<'_>, (gated, rule): (bool, Rule)) -> (bool, Rule) {
    if !gated {
        return (false, rule);
    }
    let is_human = match question.caller {
        // What nobody asked for begins nothing, so there is nothing of its own to hold.
        Caller::Human | Caller::System => true,
        Caller::Key(_) | Caller::Refused(_) => false,
    };
    if is_human {
        return (false, Rule::OperatorNotHeld);
    }
    let own = question.subject.is_none_or(|user| user.is_default) && !question.about.live;
    if own && !question.kit.is_some_and(|kit| kit.policy.gate_default_user) {
        return (false, Rule::DefaultUserNotHeld);
    }
    (true, rule)
}
