//! `naive actions`: the sensitive actions, and who performs each.

use clap::Subcommand;
use serde_json::{Map, Value, json};

use super::output::Page;
use super::{App, Needs, arguments};
use crate::api::action::{Action, Outcome};
use crate::api::error::{Code, Error, Fault, Result};
use crate::api::ids::UserRef;
use crate::api::primitives::{
    ActionDetail, Actions, ConfigureAction, ListActions, PERFORMED, input_schema,
};
use crate::api::routes::ROUTES;
use crate::catalog::input::misfits;
use crate::engine::performed;

/// The sensitive actions.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the sensitive actions, what each takes, and who performs it
    List(ListActions),
    /// Run a sensitive action, or have it wait for approval
    Run {
        /// Action, as in `cards.create`
        action: String,
        /// Tenant user: id, external id or `default`
        #[arg(long)]
        user: Option<UserRef>,
        /// Its input as JSON, `@file`, or `-` for stdin
        #[arg(long, value_name = "JSON")]
        args: Option<String>,
    },
    /// Register the endpoint that performs a sensitive action, in place of the one before
    ///
    /// It is sent the input as JSON, with the call's key in `Idempotency-Key`, the action's name in
    /// `X-Naive-Action`, the user's id in `X-Naive-User` and an external id, percent-encoded, in
    /// `X-Naive-External-User`. What it answers with a status of success is the result: a JSON object, or
    /// nothing. Its own headers go with `--lookup` too.
    Configure {
        #[command(flatten)]
        op: ConfigureAction,
        /// Header of its requests; the value is read from stdin, a line each
        #[arg(long = "header", value_name = "NAME=-", conflicts_with = "remove")]
        headers: Vec<String>,
    },
}

impl Command {
    /// Returns the action's name.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::List(_) => "actions.list",
            Self::Run { action, .. } => {
                PERFORMED.into_iter().find(|known| known == action).unwrap_or("actions.run")
            }
            Self::Configure { .. } => "actions.configure",
        }
    }

    /// Tells what it needs before it runs.
    pub(crate) fn needs(&self) -> Needs {
        match self {
            Self::List(_) | Self::Configure { .. } => Needs::Store,
            // These two answer with a link.
            Self::Run { .. } if matches!(self.name(), "cards.create" | "verification.start") => {
                Needs::AppsLater
            }
            Self::Run { .. } => Needs::Apps,
        }
    }
}

/// Runs a command.
pub(crate) async fn run(app: &App<'_>, command: Command) -> Result<u8> {
    match command {
        Command::List(op) => app.show(op, table).await,
        Command::Configure { mut op, headers } => {
            op.headers = arguments::secrets(&names(&headers)?)?;
            app.show(op, one).await
        }
        Command::Run { action, user, args } => {
            let action = built(&action, user, arguments::object("--args", args.as_deref())?)?;
            let name = action.name();
            match app.call(app.as_caller(), action).await? {
                Outcome::Done(result) => {
                    let page = performance(&result);
                    app.output.reply(name, result, page)
                }
                Outcome::Pending(pending) => app.held(name, &pending),
            }
        }
    }
}

/// Makes an action of its name and its input.
///
/// Fails with everything that is wrong with the input's form.
fn built(name: &str, user: Option<UserRef>, input: Map<String, Value>) -> Result<Action> {
    let name = performed(name).map_err(|error| elsewhere(name, error))?;
    let schema = input_schema(name).unwrap_or_default();
    let wrong = || {
        let takes = takes(&schema).join(" ");
        Error::new(Code::InvalidInput, format!("the input does not fit `{name}`"))
            .hint(format!("it takes {takes}; run `naive actions list --json` to see more"))
    };
    let mut faults = misfits("action", &schema, &input)?;
    if let Some(fault) = faults.iter_mut().find(|fault| fault.pointer == "/user") {
        "is no input: give `--user`".clone_into(&mut fault.message);
    }
    if !faults.is_empty() {
        return Err(wrong().details(faults));
    }
    let mut payload = input;
    if let Some(user) = user {
        payload.insert("user".to_owned(), user.as_str().into());
    }
    let whole = |payload| json!({ "action_type": name, "payload": payload });
    serde_json::from_value(whole(payload.clone())).map_err(|error| {
        // What a schema counts as whole may still be more than is counted here.
        let too_much = |(field, value): (&String, &Value)| {
            let mut alone = payload.clone();
            for (name, other) in &mut alone {
                if name != field && other.is_number() {
                    *other = Value::from(1);
                }
            }
            let fits = serde_json::from_value::<Action>(whole(alone)).is_ok();
            let message = format!("{value} is more than is counted here");
            (value.is_number() && !fits).then(|| Fault { pointer: format!("/{field}"), message })
        };
        let faults = payload.iter().filter_map(too_much).collect();
        wrong().details(faults).because(error)
    })
}

/// Says by which command an action is asked for that is none of an executor's.
fn elsewhere(name: &str, error: Error) -> Error {
    let command = match name {
        "policy.explain" => "explain".to_owned(),
        "logs.query" => "logs tail".to_owned(),
        _ if ROUTES.iter().any(|route| route.action == name) => {
            name.replace('.', " ").replace('_', "-")
        }
        _ => return error,
    };
    error.hint(format!("run `naive {command}`"))
}

/// Returns the names of headers that are given as `name=-`.
fn names(given: &[String]) -> Result<Vec<&str>> {
    let mut names = Vec::new();
    for one in given {
        let Some(name) = one.strip_suffix("=-").filter(|name| !name.is_empty()) else {
            // What stands there may be the secret itself, so nothing of it is repeated.
            return Err(Error::usage("a header's value is not read from the command line")
                .hint("write `--header NAME=-` and give the value on stdin"));
        };
        names.push(name);
    }
    Ok(names)
}

/// Returns what an action takes: names, in brackets those that can be left out.
fn takes(schema: &Value) -> Vec<String> {
    let needed = |name: &str| {
        schema["required"].as_array().is_some_and(|names| names.iter().any(|one| one == name))
    };
    let names = schema["properties"].as_object().into_iter().flat_map(Map::keys);
    names.map(|name| if needed(name) { name.clone() } else { format!("[{name}]") }).collect()
}

fn table(reply: &Actions, page: &mut Page) {
    let rows = reply.actions.iter().map(|action| {
        vec![
            action.action.clone(),
            action.title.clone(),
            action.performed_by.clone().unwrap_or_else(|| "nobody".to_owned()),
            action.executor.as_ref().map(|own| own.url.to_string()).unwrap_or_default(),
            takes(&action.input_schema).join(" "),
        ]
    });
    page.table(&["action", "what it does", "performed by", "address", "takes"], rows.collect());
    if let Some(free) = reply.actions.iter().find(|action| action.performed_by.is_none()) {
        page.next(
            format!("naive actions configure {} --url URL", free.action),
            "name the endpoint that performs it",
        );
    }
}

fn one(reply: &ActionDetail, page: &mut Page) {
    let Some(executor) = &reply.executor else {
        page.text(format!("Nobody performs {} now.", reply.action));
        return;
    };
    page.fields(&[
        ("action", Some(format!("{} ({})", reply.action, reply.title))),
        ("endpoint", Some(format!("{} {}", executor.method, executor.url))),
        ("headers", Some(executor.headers.join(" "))),
        ("class", Some(executor.replay.as_str().to_owned())),
        ("lookup", executor.lookup.clone()),
    ]);
    page.next(
        format!("naive actions run {} --args JSON", reply.action),
        "run it, or have it wait for approval",
    );
}

fn performance(result: &Value) -> Page {
    let mut page = Page::default();
    let entries = result.as_object().into_iter().flatten();
    let shown = |value: &Value| match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    let fields: Vec<_> = entries.map(|(name, value)| (name.as_str(), shown(value))).collect();
    if fields.is_empty() {
        page.text("It is done; nothing was answered.");
    } else {
        page.fields(&fields);
    }
    page
}
