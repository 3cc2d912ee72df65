//! `naive connections`: its commands, and what their replies look like.

use std::time::Duration;

use clap::Subcommand;

use super::App;
use super::connect::{self, Terminal};
use super::execute::{self, Files};
use super::output::Page;
use super::proxy::{self, Request};
use super::{arguments, cached, device, handover, pending, remote, tools};
use crate::api::accounts::{DefaultAccount, DefaultChosen, RefreshConnection};
use crate::api::connections::{
    Connect, Connected, Connection, Connections, Credentials, Disconnect, Disconnected,
    GetConnection, ListConnections, ListedToolkit, ListedToolkits,
};
use crate::api::error::{Code, Error, Result};
use crate::api::ids::{Slug, connect_command};
use crate::api::logins::{ExportConnection, ImportConnection, Poll};
use crate::api::toolkits::Availability;
use crate::api::tools::{Execute, ListTools, Proxy};

/// Connect apps and run their tools.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the apps a user can connect, and how each stands
    List(ListConnections),
    /// List a user's active and expired connections, from the local mirror
    ///
    /// With the cloud profile the API is asked, and what it says is kept; where it cannot be reached, what was
    /// kept last is shown, and how old it is.
    Connected {
        #[command(flatten)]
        op: Connected,
        /// Show what the API of the cloud profile was last seen to say, and do not ask it
        #[arg(long)]
        cached: bool,
    },
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
    /// Ask the app once whether the code of a device login was entered
    Poll(Poll),
    /// Seal a connection for another machine, which imports it
    ///
    /// The credential stays here. With `--move` the connection is INACTIVE here from then on; a block that
    /// got lost is made again by the same command. Once the other machine has it, `connections disconnect
    /// <toolkit> --account <connection> --purge --keep-upstream` deletes the credential here, and leaves it
    /// valid at the app.
    Export(ExportConnection),
    /// Take over a connection that another machine sealed for this one; the block comes on stdin
    Import(ImportConnection),
    /// Enter the credentials of a connection that waits for them
    Credentials {
        #[command(flatten)]
        op: Credentials,
        /// Credential that is read from stdin, a line each (`api_key=-`); at a terminal it is asked for
        #[arg(value_name = "KEY=-")]
        fields: Vec<String>,
    },
    /// Wait until a login that goes on has ended, here or in another process
    ///
    /// Exits 0 once the connection is active; 9 if it never will be, because the login failed or there is no
    /// such connection; 1 if it is not yet. The login goes on without it; of a login by code, it also asks
    /// the app whether the code was entered.
    Wait {
        #[command(flatten)]
        op: GetConnection,
        /// How long to wait
        #[arg(long, default_value = "5m", value_name = "TIME", value_parser = arguments::time)]
        timeout: Duration,
    },
    /// List an app's tools; with a tool, show its input in full
    Tools(ListTools),
    /// Run one tool of an app for a user
    Execute {
        #[command(flatten)]
        op: Execute,
        #[command(flatten)]
        files: Files,
    },
    /// Send any request to an app, for which it has no tool
    ///
    /// It goes to the app's own address and nowhere else, with the login of the connection. Where the user's account
    /// kit rules which tools of the app may run, or holds some, agents are refused. A GET is tried three times;
    /// anything else is sent once.
    Proxy {
        #[command(flatten)]
        op: Proxy,
        #[command(flatten)]
        request: Request,
    },
    /// Show one connection
    Get(GetConnection),
    /// Ask the app whether it still takes a credential; an OAuth token is renewed first
    Refresh(RefreshConnection),
    /// Choose the account that is meant where several are connected and a call names none
    Default(DefaultAccount),
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
            Self::Connected { .. } => "connections.connected",
            Self::Connect { .. } => "connections.connect",
            Self::Finish { .. } => "connections.finish",
            Self::Poll(_) => "connections.poll",
            Self::Export(_) => "connections.export",
            Self::Import(_) => "connections.import",
            Self::Credentials { .. } => "connections.credentials",
            Self::Wait { .. } => "connections.wait",
            Self::Tools(_) => "connections.tools",
            Self::Execute { .. } => "connections.execute",
            Self::Proxy { .. } => "connections.proxy",
            Self::Get(_) => "connections.get",
            Self::Refresh(_) => "connections.refresh",
            Self::Default(_) => "connections.default",
            Self::Disconnect { .. } => "connections.disconnect",
        }
    }

    /// Tells whether it asks for what was last seen elsewhere.
    pub(crate) fn is_cached(&self) -> bool {
        matches!(self, Self::Connected { cached: true, .. })
    }

    /// Returns the app whose login it begins and leaves to others to end, if it does that.
    pub(crate) fn leaves_a_link(&self) -> Option<&Slug> {
        match self {
            Self::Connect { op, terminal } if terminal.browser.no_wait => Some(&op.toolkit),
            _ => None,
        }
    }
}

/// Runs a command.
pub(crate) async fn run(app: &App<'_>, command: Command) -> Result<u8> {
    match command {
        Command::List(op) => {
            let user = app.user_flag(op.user.as_ref());
            app.show(op, |reply, page| list(reply, page, &user)).await
        }
        Command::Connected { op, cached } => {
            if let Some(remote) = app.backend.remote() {
                return cached::connected(app, remote, op, cached).await;
            }
            let user = app.user_flag(op.user.as_ref());
            let all = op.all;
            app.show(op, |reply, page| connected(reply, page, all, &user)).await
        }
        // It waits in many ways at once, which is a lot to hold for the commands that do not.
        Command::Connect { op, terminal } if app.backend.remote().is_some() => {
            Box::pin(remote::connect(app, op, terminal)).await
        }
        Command::Connect { op, terminal } => Box::pin(connect::connect(app, op, terminal)).await,
        Command::Finish { url } => connect::finish(app, &url).await,
        Command::Poll(op) => device::poll(app, op).await,
        Command::Export(op) => handover::export(app, op).await,
        Command::Import(op) => handover::import(app, op).await,
        Command::Credentials { op, fields } => connect::credentials(app, op, &fields).await,
        Command::Wait { op, timeout } if app.backend.remote().is_some() => {
            remote::wait(app, op, timeout).await
        }
        Command::Wait { op, timeout } => pending::wait(app, op, timeout).await,
        Command::Tools(op) => tools::show(app, op).await,
        Command::Execute { op, files } => execute::execute(app, op, files).await,
        Command::Proxy { op, request } => proxy::proxy(app, op, request).await,
        Command::Get(op) => app.show(op, get).await,
        Command::Refresh(op) => app.show(op, get).await,
        Command::Default(op) => app.show(op, chosen).await,
        Command::Disconnect { op, yes } => disconnect(app, op, yes).await,
    }
}

async fn disconnect(app: &App<'_>, op: Disconnect, yes: bool) -> Result<u8> {
    if op.purge && !yes {
        if !app.settings.terminals.person {
            return Err(Error::usage(
                "purging deletes the credential for good and there is no terminal to ask at",
            )
            .hint("add `--yes`"));
        }
        let question = if op.keep_upstream {
            format!("Delete the credential of {} here?", op.toolkit)
        } else {
            format!("Revoke {} and delete its credential here?", op.toolkit)
        };
        let sure = dialoguer::Confirm::new().with_prompt(question).default(false).interact();
        match sure {
            Ok(true) => {}
            Ok(false) => {
                return Err(Error::new(Code::InvalidInput, "you said no, so nothing was changed"));
            }
            Err(_) => return Err(Error::interrupted()),
        }
    }
    let (user, kept) = (app.user_flag(op.user.as_ref()), op.keep_upstream);
    app.show(op, |reply, page| disconnected(reply, page, &user, kept)).await
}

fn list(reply: &ListedToolkits, page: &mut Page, user: &str) {
    let row = |toolkit: &ListedToolkit| {
        let state = match &toolkit.connection {
            Some(link) => link.status.as_str().to_owned(),
            None => "-".to_owned(),
        };
        let label = toolkit.connection.as_ref().and_then(|link| link.label.as_ref());
        let label = label.map(ToString::to_string).unwrap_or_default();
        let many = Some(toolkit.accounts).filter(|many| *many > 1);
        let reason = toolkit.connection.as_ref().and_then(|link| link.reason.clone());
        let why = [
            many.map(|many| format!("{many} accounts")),
            toolkit.availability_reason.clone(),
            reason,
        ];
        let why = why.into_iter().flatten().collect::<Vec<_>>().join("; ");
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

/// Shows connections as a table.
pub(super) fn connected(reply: &Connections, page: &mut Page, all: bool, user: &str) {
    if reply.connections.is_empty() {
        page.text("Nothing is connected.");
        page.next(format!("naive connections list{user}"), "see what can be");
        return;
    }
    let row = |one: &Connection| {
        let id = if all { one.id.to_string() } else { String::new() };
        // Ids are long: where they are shown, the order tells what the times would.
        let since = if all { String::new() } else { one.last_status_at.minute() };
        vec![
            id,
            one.toolkit.to_string(),
            one.status.as_str().to_owned(),
            one.account.clone().unwrap_or_default(),
            one.label.as_ref().map(ToString::to_string).unwrap_or_default(),
            if one.is_default { "yes" } else { "" }.to_owned(),
            since,
            one.reason.clone().unwrap_or_default(),
        ]
    };
    let columns =
        ["connection", "toolkit", "status", "account", "label", "default", "since", "note"];
    page.table(&columns, reply.connections.iter().map(row).collect());
}

/// Shows one connection.
pub(crate) fn get(one: &Connection, page: &mut Page) {
    page.fields(&[
        ("connection", Some(one.id.to_string())),
        ("toolkit", Some(one.toolkit.to_string())),
        ("status", Some(one.status.as_str().to_owned())),
        ("reason", one.reason.clone()),
        ("account", one.account.clone()),
        ("label", one.label.as_ref().map(ToString::to_string)),
        ("default", one.is_default.then(|| "yes".to_owned())),
        ("scopes", Some(one.scopes.join(" "))),
        ("created", Some(one.created_at.plain())),
        ("status since", Some(one.last_status_at.plain())),
        ("last used", one.last_used_at.map(crate::api::time::Millis::plain)),
    ]);
}

fn chosen(reply: &DefaultChosen, page: &mut Page) {
    let toolkit = &reply.toolkit;
    match &reply.connection {
        Some(one) => {
            let label = one.label.as_ref().map(ToString::to_string);
            let name = label.or_else(|| one.account.clone()).unwrap_or_else(|| one.id.to_string());
            page.text(format!("{name} is meant where a call to {toolkit} names no account."));
        }
        None => page.text(format!("No account of {toolkit} is meant unless it is named.")),
    }
}

fn disconnected(reply: &Disconnected, page: &mut Page, user: &str, kept: bool) {
    let toolkit = &reply.toolkit;
    match (reply.purged, reply.revoked_upstream) {
        (false, _) => {
            page.text(format!("{toolkit} is disconnected. Its credential is kept."));
            let command = connect_command(toolkit, user, reply.label.as_ref());
            page.next(command, "connect it again");
        }
        (true, true) => {
            page.text(format!("{toolkit} is disconnected. The app has forgotten the credential, and so has this store."));
        }
        (true, false) => {
            page.text(format!("{toolkit} is disconnected and its credential is deleted here."));
            page.hint(if kept { "The app was not told: whoever took the credential over goes on using it." } else { "The app was not told, or did not confirm: revoke the access in its own settings too." });
        }
    }
}
