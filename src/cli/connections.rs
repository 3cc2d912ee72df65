//! `naive connections`: its commands, and what their replies look like.

use clap::Subcommand;
use serde_json::{Map, Value};

use super::connect::{self, Terminal};
use super::example::example;
use super::output::{Page, word};
use super::{App, arguments};
use crate::api::connections::{
    Connect, Connected, Connection, Connections, Credentials, Disconnect, Disconnected,
    GetConnection, ListConnections, ListedToolkit, ListedToolkits,
};
use crate::api::error::{Code, Error, Result};
use crate::api::tools::{Execute, Executed, ListTools, Tools};
use crate::api::workspace::Availability;

/// Connect apps and run their tools.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the apps a user can connect, and how each stands
    List(ListConnections),
    /// List a user's active and expired connections, from the local mirror
    Connected(Connected),
    /// Connect an app: log in in the browser, or enter its key
    Connect {
        #[command(flatten)]
        op: Connect,
        #[command(flatten)]
        terminal: Terminal,
    },
    /// End an OAuth login that another command began
    Finish {
        /// Address the browser ended at, or `-` to read it from stdin
        #[arg(value_name = "REDIRECT-URL")]
        url: String,
    },
    /// Enter the credentials of a connection that waits for them
    Credentials {
        #[command(flatten)]
        op: Credentials,
        /// Credential that is read from stdin, a line each (`api_key=-`)
        #[arg(value_name = "KEY=-")]
        fields: Vec<String>,
    },
    /// List an app's tools; with a tool, show its input in full
    Tools(ListTools),
    /// Run one tool of an app for a user
    Execute {
        #[command(flatten)]
        op: Execute,
        /// Input of the tool: a JSON object, `@file`, or `-` for stdin
        #[arg(long, value_name = "JSON")]
        args: Option<String>,
    },
    /// Show one connection
    Get(GetConnection),
    /// Disconnect an app; the credential is kept unless you purge it
    Disconnect {
        #[command(flatten)]
        op: Disconnect,
        /// Purge without asking
        #[arg(long, short)]
        yes: bool,
    },
}

impl Command {
    /// Returns the action's name.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::List(_) => "connections.list",
            Self::Connected(_) => "connections.connected",
            Self::Connect { .. } => "connections.connect",
            Self::Finish { .. } => "connections.finish",
            Self::Credentials { .. } => "connections.credentials",
            Self::Tools(_) => "connections.tools",
            Self::Execute { .. } => "connections.execute",
            Self::Get(_) => "connections.get",
            Self::Disconnect { .. } => "connections.disconnect",
        }
    }

    /// Tells whether it ends before the login it begins.
    pub(crate) fn leaves_a_link(&self) -> bool {
        matches!(self, Self::Connect { terminal, .. } if terminal.no_wait)
    }
}

/// Runs a command.
pub(crate) async fn run(app: &App<'_>, command: Command) -> Result<u8> {
    match command {
        Command::List(op) => {
            let user = app.user_flag(op.user.as_ref());
            app.show(op, |reply, page| list(reply, page, &user)).await
        }
        Command::Connected(op) => {
            let user = app.user_flag(op.user.as_ref());
            app.show(op, |reply, page| connected(reply, page, &user)).await
        }
        Command::Connect { op, terminal } => connect::connect(app, op, terminal).await,
        Command::Finish { url } => connect::finish(app, &url).await,
        Command::Credentials { op, fields } => connect::credentials(app, op, &fields).await,
        Command::Tools(op) => {
            let user = app.user_flag(op.user.as_ref());
            let one = op.tool.is_some();
            app.show(
                op,
                |reply, page| {
                    if one { tool(reply, page, &user) } else { tools(reply, page, &user) }
                },
            )
            .await
        }
        Command::Execute { op, args } => execute(app, op, args.as_deref()).await,
        Command::Get(op) => app.show(op, get).await,
        Command::Disconnect { op, yes } => disconnect(app, op, yes).await,
    }
}

async fn execute(app: &App<'_>, mut op: Execute, args: Option<&str>) -> Result<u8> {
    op.arguments = arguments::object(args)?;
    if op.arguments.values().any(arguments::names_files) {
        let about = ListTools {
            toolkit: op.toolkit.clone(),
            tool: Some(op.tool.clone()),
            user: op.user.clone(),
            search: None,
            limit: None,
        };
        let about = app.done(app.as_caller(), about).await?;
        if let Some(tool) = about.tools.first() {
            let mut input = Value::Object(std::mem::take(&mut op.arguments));
            arguments::load_files(&mut input, &Value::Object(tool.input_schema.clone()))?;
            op.arguments = match input {
                Value::Object(map) => map,
                _ => Map::new(),
            };
        }
    }
    app.show(op, executed).await
}

async fn disconnect(app: &App<'_>, op: Disconnect, yes: bool) -> Result<u8> {
    if op.purge && !yes {
        if !app.settings.terminals.person {
            return Err(Error::usage(
                "purging deletes the credential for good and there is no terminal to ask at",
            )
            .hint("add `--yes`"));
        }
        let question = format!("Revoke {} and delete its credential here?", op.toolkit);
        let sure = dialoguer::Confirm::new().with_prompt(question).default(false).interact();
        match sure {
            Ok(true) => {}
            Ok(false) => {
                return Err(Error::new(Code::InvalidInput, "you said no, so nothing was changed"));
            }
            Err(_) => return Err(Error::interrupted()),
        }
    }
    let user = app.user_flag(op.user.as_ref());
    app.show(op, |reply, page| disconnected(reply, page, &user)).await
}

fn list(reply: &ListedToolkits, page: &mut Page, user: &str) {
    let row = |toolkit: &ListedToolkit| {
        let state = match &toolkit.connection {
            Some(link) => link.status.as_str().to_owned(),
            None => "-".to_owned(),
        };
        let label = toolkit.connection.as_ref().and_then(|link| link.label.as_ref());
        let label = label.map(ToString::to_string).unwrap_or_default();
        let why = toolkit.availability_reason.clone().unwrap_or_default();
        vec![toolkit.slug.clone(), toolkit.name.clone(), state, label, why]
    };
    if reply.toolkits.is_empty() {
        page.text("No app matches.");
    } else {
        page.table(
            &["slug", "name", "connection", "label", "note"],
            reply.toolkits.iter().map(row).collect(),
        );
    }
    more(page, reply.next_cursor.as_deref());
    let free = reply.toolkits.iter().find(|toolkit| {
        toolkit.connection.is_none() && toolkit.availability == Availability::Available
    });
    if let Some(toolkit) = free {
        page.next(format!("naive connections connect {}{user}", toolkit.slug), "connect one");
    }
}

/// Says that there is more, and how to see it.
pub(crate) fn more(page: &mut Page, cursor: Option<&str>) {
    if let Some(cursor) = cursor {
        page.hint(format!("There is more: repeat the command with `--cursor {cursor}`."));
    }
}

fn connected(reply: &Connections, page: &mut Page, user: &str) {
    if reply.connections.is_empty() {
        page.text("Nothing is connected.");
        page.next(format!("naive connections list{user}"), "see what can be");
        return;
    }
    let row = |one: &Connection| {
        vec![
            one.toolkit.to_string(),
            one.status.as_str().to_owned(),
            one.account.clone().unwrap_or_default(),
            one.label.as_ref().map(ToString::to_string).unwrap_or_default(),
            one.last_status_at.plain(),
            one.reason.clone().unwrap_or_default(),
        ]
    };
    let columns = ["toolkit", "status", "account", "label", "since", "note"];
    page.table(&columns, reply.connections.iter().map(row).collect());
}

fn get(one: &Connection, page: &mut Page) {
    page.fields(&[
        ("connection", Some(one.id.to_string())),
        ("toolkit", Some(one.toolkit.to_string())),
        ("status", Some(one.status.as_str().to_owned())),
        ("reason", one.reason.clone()),
        ("account", one.account.clone()),
        ("label", one.label.as_ref().map(ToString::to_string)),
        ("scopes", Some(one.scopes.join(" "))),
        ("created", Some(one.created_at.plain())),
        ("status since", Some(one.last_status_at.plain())),
        ("last used", one.last_used_at.map(crate::api::time::Millis::plain)),
    ]);
}

fn tools(reply: &Tools, page: &mut Page, user: &str) {
    if reply.tools.is_empty() {
        page.text("No tool matches.");
        return;
    }
    let rows = reply
        .tools
        .iter()
        .map(|tool| vec![tool.slug.clone(), word(&tool.effect), tool.description.clone()]);
    page.table(&["tool", "effect", "what it does"], rows.collect());
    let first = &reply.tools[0].slug;
    page.next(
        format!("naive connections tools {} {first}{user}", reply.toolkit),
        "see the input of one",
    );
}

fn tool(reply: &Tools, page: &mut Page, user: &str) {
    let Some(tool) = reply.tools.first() else { return };
    page.text(format!("{}\n{}\n", tool.slug, tool.description));
    page.fields(&[
        ("effect", Some(word(&tool.effect))),
        ("scopes", Some(tool.scopes.join(", or "))),
    ]);
    page.text("");
    page.table(&["input (* required)", "type", "what it is"], inputs(&tool.input_schema, ""));
    let example = example(&tool.input_schema);
    let quoted = example.to_string().replace('\'', "'\\''");
    page.next(
        format!(
            "naive connections execute {} {}{user} --args '{quoted}'",
            reply.toolkit, tool.slug
        ),
        "run it",
    );
}

/// Returns a row for each input of a schema, and for each part of one that is an object.
fn inputs(schema: &Map<String, Value>, prefix: &str) -> Vec<Vec<String>> {
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    let required: Vec<&str> = required.filter_map(Value::as_str).collect();
    let properties = schema.get("properties").and_then(Value::as_object);
    let mut rows = Vec::new();
    for (name, input) in properties.into_iter().flatten() {
        let must = if required.contains(&name.as_str()) { " *" } else { "" };
        let kind = match &input["type"] {
            Value::Array(kinds) => {
                kinds.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or ")
            }
            kind => kind.as_str().unwrap_or("any").to_owned(),
        };
        let mut about = input["description"].as_str().unwrap_or_default().to_owned();
        if let Some(words) = input["enum"].as_array() {
            let words: Vec<_> = words.iter().filter_map(Value::as_str).collect();
            about = format!("{about} ({})", words.join(", "));
        }
        let full = format!("{prefix}{name}");
        rows.push(vec![format!("{full}{must}"), kind, about]);
        let items = input["items"].as_object().map(|items| (items, format!("{full}[].")));
        let held = input.as_object().map(|held| (held, format!("{full}.")));
        for (held, prefix) in items.into_iter().chain(held) {
            rows.extend(inputs(held, &prefix));
        }
    }
    rows
}

fn executed(reply: &Executed, page: &mut Page) {
    if let Some(request) = &reply.request {
        page.text(format!("{} {}", request.method, request.url));
        for (name, value) in &request.headers {
            page.text(format!("{name}: {value}"));
        }
        if let Some(body) = &request.body {
            page.text("");
            page.json(body);
        }
        page.hint(format!("Nothing was sent. The gate says: {}.", request.verdict));
        return;
    }
    if !reply.data.is_null() || reply.successful {
        page.json(&reply.data);
    }
    if let (Some(code), Some(message)) = (reply.code, &reply.error) {
        page.failed(Error::new(code, message));
    }
}

fn disconnected(reply: &Disconnected, page: &mut Page, user: &str) {
    let toolkit = &reply.toolkit;
    match (reply.purged, reply.revoked_upstream) {
        (false, _) => {
            page.text(format!("{toolkit} is disconnected. Its credential is kept."));
            page.next(format!("naive connections connect {toolkit}{user}"), "connect it again");
        }
        (true, true) => {
            page.text(format!("{toolkit} is disconnected. The app has forgotten the credential, and so has this store."));
        }
        (true, false) => {
            page.text(format!("{toolkit} is disconnected and its credential is deleted here."));
            page.hint("The app was not told, or did not confirm: revoke the access in its own settings too.");
        }
    }
}
