//! What would become of an action, said in words. The gate itself is asked, about a sample of it.

mod remedy;

use crate::api::action::Action;
use crate::api::error::{Code, Error, Result};
use crate::api::ids::{Slug, ToolSlug};
use crate::api::keys::Role;
use crate::api::kits::{Explain, Explained, Kit, Mode, Presumed, Primitive};
use crate::api::routes::ROUTES;
use crate::api::samples::sample;
use crate::api::toolkits::Effect;
use crate::api::trading::words::BrokerEnv;
use crate::catalog::search::{did_you_mean, nearest};
use crate::engine::caller::{Caller, Holder};
use crate::engine::gate::{self, About, Judgement, Question, Rule, Verdict};
use crate::engine::trading::trade;
use crate::engine::{Engine, Scope};
pub(super) use remedy::{Asked, remedy};

/// What a question names of an app.
#[derive(Debug, Default)]
struct Named {
    toolkit: Option<Slug>,
    tool: Option<ToolSlug>,
    effect: Option<Effect>,
}

impl Engine {
    pub(in crate::engine) fn explain(&self, scope: &Scope<'_>, op: &Explain) -> Result<Explained> {
        let mut action = asked(&op.action, op.toolkit.as_ref())?;
        let named = self.named(scope, &action, op)?;
        if op.env.is_some() && trade(&action).is_none() {
            let text = format!("`{}` trades nothing", op.action);
            return Err(Error::new(Code::InvalidInput, text).hint("leave out `--env`"));
        }
        let user = action.subject().is_some().then(|| scope.user()).transpose()?;
        let kit = user.filter(|_| gate::acts(&action)).map(|user| self.store.kit_of(user));
        let kit = kit.transpose()?;
        let presumed = op.caller.map(presumed);
        let caller = presumed.as_ref().unwrap_or(&scope.call.caller);
        let about = About {
            toolkit: named.toolkit.as_ref(),
            tool: named.tool.as_ref(),
            effect: named.effect,
            unasked: false,
            live: op.env == Some(BrokerEnv::Live),
        };
        let workspace = self.store.workspace()?;
        let judgement = gate::decide(&Question {
            caller,
            subject: user,
            kit: kit.as_ref(),
            workspace: Some(&workspace),
            action: &action,
            about,
            requester: None,
        });
        let refused = matches!(judgement.verdict, Verdict::Refuse(_));
        if matches!(action, Action::Execute(_)) && about.tool.is_none() && !refused {
            return Err(Error::new(Code::InvalidInput, "the answer depends on the tool")
                .hint("add `--tool`, as in `--tool GMAIL_SEND_EMAIL`"));
        }
        let asked = Asked { action: &action, user, kit: kit.as_ref(), about };
        let mut why = why(&judgement, &asked);
        let to_keys = workspace.separate_resolver && caller != &Caller::Human;
        if to_keys && judgement.rule == Rule::NotGated && separates(&action) {
            why += " But where resolvers are separate, only a person ends that or makes workspace keys.";
        }
        Ok(Explained {
            action: op.action.clone(),
            user: user.map(|user| user.handle().to_owned()),
            account_kit: kit.as_ref().map(|kit| kit.name.clone()),
            caller: called(caller, presumed.is_some()),
            verdict: judgement.verdict.word().to_owned(),
            rule: word(judgement.rule)?,
            why,
            change: remedy(judgement.rule, &asked),
        })
    }

    /// Returns what of an app the question is about, as far as it says; names that are none are `NotFound`.
    fn named(&self, scope: &Scope<'_>, action: &Action, op: &Explain) -> Result<Named> {
        let (takes_app, takes_tool) = match action {
            Action::Execute(_) => (true, true),
            Action::Connect(_) | Action::Proxy(_) => (true, false),
            action => (gate::goes_on_with(action).is_some(), false),
        };
        if (op.toolkit.is_some() && !takes_app) || (op.tool.is_some() && !takes_tool) {
            let what = if takes_app { "--tool" } else { "--toolkit` and `--tool" };
            let text = format!("`{}` names no such thing", op.action);
            return Err(Error::new(Code::InvalidInput, text).hint(format!("leave out `{what}`")));
        }
        let Some(slug) = op.tool.as_ref().filter(|_| takes_tool) else {
            let known = op.toolkit.as_ref().map(|app| self.toolkit(app)).transpose()?;
            let toolkit = known.map(|known| known.manifest.slug);
            return Ok(Named { toolkit, ..Named::default() });
        };
        let app = match &op.toolkit {
            Some(app) => Some(app.clone()),
            None => self.app_of(slug)?,
        };
        let Some(app) = app else {
            return Err(Error::new(Code::NotFound, format!("no app has a tool `{slug}`"))
                .hint("run `naive toolkits list`: a tool's slug begins with its app's")
                .reason("tool_unknown"));
        };
        let known = self.toolkit_of(scope.user()?, &app, (None, None))?;
        let effect = Some(known.tool(slug)?.effect);
        Ok(Named { toolkit: Some(app), tool: Some(slug.clone()), effect })
    }
}

/// Returns a sample of the action of that name, about an app where that decides; `NotFound` says which was perhaps meant.
fn asked(name: &str, app: Option<&Slug>) -> Result<Action> {
    let is_custom = name.strip_prefix("custom.").is_some_and(|rest| !rest.is_empty());
    let known = if is_custom { "approvals.request" } else { name };
    if let Some(mut action) = sample(known)? {
        if let Action::Execute(op) = &mut action {
            op.dry_run = false;
        }
        if let Action::Proxy(op) = &mut action {
            op.dry_run = false;
            op.toolkit = app.unwrap_or(&op.toolkit).clone();
        }
        if let Action::CreateOrder(op) = &mut action {
            op.dry_run = false;
        }
        if let Action::Disconnect(op) = &mut action {
            op.purge = false;
        }
        return Ok(action);
    }
    let near = nearest(name, ROUTES.iter().map(|route| route.action));
    let otherwise = "an action is named as in `connections.connect` or `cards.create`";
    Err(Error::new(Code::NotFound, format!("there is no action `{name}`"))
        .hint(did_you_mean(&near, otherwise))
        .reason("action_unknown"))
}

fn presumed(kind: Presumed) -> Caller {
    let holder = |role: Role| {
        let (id, name) = ("presumed".to_owned(), role.as_str().to_owned());
        Caller::Key(Holder { id, name, role, user: None })
    };
    match kind {
        Presumed::Human => Caller::Human,
        Presumed::Workspace => holder(Role::Workspace),
        Presumed::Agent => holder(Role::Agent),
    }
}

fn called(caller: &Caller, is_presumed: bool) -> String {
    match caller {
        Caller::Human => "the operator".to_owned(),
        Caller::Key(holder) if is_presumed => match holder.role {
            Role::Workspace => "a program with a workspace key".to_owned(),
            Role::Agent => "a program with an agent key".to_owned(),
        },
        Caller::Key(holder) => format!("the {} key `{}`", holder.role.as_str(), holder.name),
        Caller::System => "the program itself".to_owned(),
        Caller::Refused(_) => "a program with a key that is good for nothing here".to_owned(),
    }
}

fn word(rule: Rule) -> Result<String> {
    let word = crate::api::action::written(&rule)?;
    Ok(word.as_str().unwrap_or_default().to_owned())
}

/// Says a verdict's reason in a sentence.
fn why(judgement: &Judgement, asked: &Asked<'_>) -> String {
    let name = asked.action.name();
    let primitive = gate::primitive(asked.action).map(Primitive::as_str).unwrap_or_default();
    let kit = asked.kit.map_or("Default", |kit| kit.name.as_str());
    let app = asked.about.toolkit.map(Slug::as_str).unwrap_or_default();
    let tool = asked.about.tool.map(ToolSlug::as_str).unwrap_or_default();
    if let Verdict::Refuse(error) = &judgement.verdict {
        return sentence(&error.message);
    }
    let said = match judgement.rule {
        Rule::AsksAPerson => {
            "It asks a person, and waits for the answer, whoever calls.".to_owned()
        }
        Rule::NotGated if !tool.is_empty() => {
            format!("Account kit `{kit}` holds neither `{tool}` nor all tools of its effect.")
        }
        Rule::NotGated => format!("`{name}` is not among the actions that are held."),
        Rule::OperatorNotHeld => {
            format!("`{name}` is held for programs with a key; the operator is not held.")
        }
        Rule::DefaultUserNotHeld => {
            "Calls on the workspace's own user are not held, unless its kit says so.".to_owned()
        }
        Rule::KitOptsOut => {
            format!("Account kit `{kit}` lets `{primitive}` happen without asking.")
        }
        Rule::KitHoldsToolkit => format!("Account kit `{kit}` holds every login to `{app}`."),
        Rule::KitHoldsTool => format!("Account kit `{kit}` holds `{tool}`."),
        Rule::KitHolds => format!("Account kit `{kit}` holds `{primitive}`."),
        Rule::HeldByDefault => {
            format!("`{name}` is held where no account kit says otherwise, and none does.")
        }
        Rule::KeyRefused
        | Rule::KeySealed
        | Rule::PolicyProtected
        | Rule::OperatorOnly
        | Rule::AgentsNeverResolve
        | Rule::SeparateResolver
        | Rule::SeparationProtected
        | Rule::NotTheRequester
        | Rule::UserSuspended
        | Rule::ConnectionsOff
        | Rule::PrimitiveDisabled
        | Rule::ToolkitNotAllowed
        | Rule::ToolNotAllowed
        | Rule::CredentialProtected => String::new(),
    };
    let unnamed = matches!(asked.action, Action::Connect(_)) && asked.about.toolkit.is_none();
    if unnamed && asked.kit.is_some_and(tells_apps_apart) {
        return format!("{said} The kit tells apps apart: name one with `--toolkit`.");
    }
    said
}

/// Tells whether an action is one that could undo that resolvers are separate.
fn separates(action: &Action) -> bool {
    matches!(action, Action::UpdateWorkspace(_) | Action::CreateKey(_))
}

/// Tells whether a kit says of some apps what it does not say of others.
fn tells_apps_apart(kit: &Kit) -> bool {
    let config = &kit.policy.connections_config;
    config.mode != Mode::Open || !config.approval_toolkits.is_empty()
}

/// Makes a sentence of an error's message.
fn sentence(message: &str) -> String {
    let mut letters = message.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}
