//! `naive logs`: what was done, held, refused and decided.

use std::collections::BTreeMap;

use clap::{Args, Subcommand};

use super::App;
use super::output::Page;
use super::signals::Signals;
use super::wait::GLANCE;
use crate::api::action::written;
use crate::api::error::{Code, Error, Result};
use crate::api::ids::UserRef;
use crate::api::log::{Event, LogPage, LogVerified, QueryLog, VerifyLog};
use crate::api::workspace::{ListUsers, User};

/// How many entries of all users are shown where nobody says.
const ALL: u32 = 100;

/// What was done, held, refused and decided: never with what was sent, or any secret.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show the log of the active user, the newest entries last
    Tail {
        #[command(flatten)]
        op: QueryLog,
        #[command(flatten)]
        terminal: Terminal,
    },
    /// Show the log of all users, or of one; the newest entries last
    All {
        #[command(flatten)]
        op: QueryLog,
        #[command(flatten)]
        terminal: Terminal,
    },
    /// Check that no entry was changed, removed or moved, and that what was frozen is as it was frozen
    ///
    /// Each entry carries a hash over itself and the one before it, and the store knows the last one, so
    /// whoever changes the table by hand is found out. It takes no secret to make the whole chain anew:
    /// whoever can write the file and knows how can do that unseen. Against them, keep what this prints as
    /// the head somewhere else, or the store out of their reach (`naive doctor`).
    Verify(VerifyLog),
}

/// What concerns only this terminal.
#[derive(Debug, Args)]
pub(crate) struct Terminal {
    /// Print new entries as they come, until Ctrl-C; in a pipe one JSON object a line
    #[arg(long, short)]
    follow: bool,
}

impl Command {
    /// Returns the action's name.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Tail { .. } | Self::All { .. } => "logs.query",
            Self::Verify(_) => "logs.verify",
        }
    }

    /// Tells whether it goes on until it is told to end.
    pub(crate) fn follows(&self) -> bool {
        match self {
            Self::Tail { terminal, .. } | Self::All { terminal, .. } => terminal.follow,
            Self::Verify(_) => false,
        }
    }
}

/// Runs a command.
pub(crate) async fn run(app: &App<'_>, command: Command) -> Result<u8> {
    let (mut op, terminal) = match command {
        Command::Tail { mut op, terminal } => {
            op.user.get_or_insert_with(|| app.user());
            (op, terminal)
        }
        Command::All { mut op, terminal } => {
            op.limit.get_or_insert(ALL);
            (op, terminal)
        }
        Command::Verify(op) => return app.show(op, verified).await,
    };
    if terminal.follow {
        let followed = follow(app, op).await;
        return Ok(followed.unwrap_or_else(|error| app.output.lines().error("logs.query", &error)));
    }
    let names = names(app).await;
    op.after_seq = None;
    let user = op.user.clone();
    app.show(op, |page, out| table(page, &names, user.as_ref(), out)).await
}

/// Prints what there is, then what comes, until a signal or the reader's end.
async fn follow(app: &App<'_>, op: QueryLog) -> Result<u8> {
    let mut signals = Signals::listen()?;
    let names = names(app).await;
    let mut last = app.done(app.as_caller(), op.clone()).await?.events;
    last.reverse();
    let mut seen = 0;
    loop {
        for event in &last {
            seen = event.seq;
            if !app.output.stream(&written(event)?, &line(event, &names))? {
                return Ok(0);
            }
        }
        tokio::select! {
            ended = signals.next() => return Ok(ended.exit()),
            () = tokio::time::sleep(GLANCE) => {}
        }
        let next = QueryLog { after: None, after_seq: Some(seen), limit: None, ..op.clone() };
        last = app.done(app.as_caller(), next).await?.events;
    }
}

/// Returns how people call each user; nobody's name where the caller may not know.
pub(super) async fn names(app: &App<'_>) -> BTreeMap<String, String> {
    if !app.output.is_for_people() {
        return BTreeMap::new();
    }
    let users = app.done(app.as_caller(), ListUsers {}).await.map(|users| users.users);
    let name = |user: User| (user.id.clone(), user.handle().to_owned());
    users.unwrap_or_default().into_iter().map(name).collect()
}

fn table(
    reply: &LogPage,
    names: &BTreeMap<String, String>,
    user: Option<&UserRef>,
    page: &mut Page,
) {
    match user {
        Some(user) if reply.events.is_empty() => {
            page.text(format!("Nothing was logged for {user}."));
            page.next("naive logs all", "see the log of all users");
            return;
        }
        None if reply.events.is_empty() => {
            page.text("Nothing was logged.");
            return;
        }
        Some(_) | None => {}
    }
    let rows = reply.events.iter().rev().map(|event| cells(event, names).to_vec());
    page.table(&["time (UTC)", "who", "user", "action", "what", "outcome"], rows.collect());
}

/// Returns an entry as people read it where no table can be drawn: one by one.
fn line(event: &Event, names: &BTreeMap<String, String>) -> String {
    let cells = cells(event, names);
    cells.iter().filter(|cell| !cell.is_empty()).map(String::as_str).collect::<Vec<_>>().join("  ")
}

fn cells(event: &Event, names: &BTreeMap<String, String>) -> [String; 6] {
    let user = event.tenant_user_id.clone().unwrap_or_default();
    let actor = &event.actor;
    [
        event.created_at.plain(),
        actor.name.clone().unwrap_or_else(|| actor.actor_id.clone()),
        names.get(&user).cloned().unwrap_or(user),
        event.action.clone(),
        event.entity_id.clone().unwrap_or_default(),
        event.outcome.clone(),
    ]
}

fn verified(reply: &LogVerified, page: &mut Page) {
    let found = if reply.intact { "as they were written" } else { "not as they were written" };
    page.fields(&[
        ("entries", Some(format!("{}, {found}", reply.entries))),
        ("head", reply.head.clone()),
    ]);
    if reply.intact {
        return;
    }
    let rows = reply.faults.iter().map(|fault| {
        vec![fault.seq.map(|seq| seq.to_string()).unwrap_or_default(), fault.what.clone()]
    });
    page.table(&["entry", "what is wrong"], rows.collect());
    let error = Error::new(Code::InternalError, "the log is not as it was written");
    page.failed(
        error
            .hint("find out who can write to the store, and compare it with a backup")
            .reason("log_altered"),
    );
}
