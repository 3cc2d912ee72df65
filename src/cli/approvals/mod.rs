//! `naive approvals`: what waits for a person, what people decide about it, and what became of it.

mod card;
mod decide;
mod inbox;
mod market;
mod outcome;
mod queue;
mod review;
#[cfg(test)]
mod tests;
mod there;
mod view;
mod wait;

use clap::{ArgGroup, Args, Subcommand};
use serde_json::json;

use super::connect::Browser;
use super::output::{Page, raw};
use super::{App, Needs, arguments, cached};
use crate::api::approvals::{Cancel, Deny, Found, GetApproval, ListApprovals, ResolveApproval};
use crate::api::error::Result;
use crate::api::ids::{ApprovalId, Reason};
use crate::api::requests::RequestApproval;

/// What waits for a person, and what people decide about it.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List approvals, newest first
    List {
        #[command(flatten)]
        op: ListApprovals,
        /// Show those that were seen at the API of the cloud profile, and do not ask it
        #[arg(long)]
        cached: bool,
    },
    /// Show an approval: what was asked for, who decided, what became of it
    Get(GetApproval),
    /// Go through what waits, one card at a time
    ///
    /// Fills the screen of a terminal that allows it; `?` shows the keys there. The plain review shows the oldest
    /// first. What is typed counts with Enter: `a` approves, `d` denies, with whatever follows
    /// it as the reason, `s` leaves it for later, `q` ends.
    Review {
        /// Ask line by line, and leave the screen as it is
        #[arg(long)]
        plain: bool,
        #[command(flatten)]
        browser: Browser,
    },
    Approve(decide::Approving),
    /// Deny an action: it is never done
    Deny(Deny),
    /// Take back an action that you asked for yourself
    Cancel(Cancel),
    Wait(wait::Wait),
    Watch(wait::Watch),
    /// Say what became of an action whose outcome is unknown
    Resolve(Resolve),
    Reconcile(decide::Reconciling),
    Request(Request),
    /// Show the secret that signs notifications, and make it if there is none
    ///
    /// Whoever the config key `approvals.notify_url` names is posted each approval that comes to wait, and what
    /// becomes of it: `{event, data, ts}`, with `approval.requested` or `approval.resolved` as the event, also
    /// in the header `X-Naive-Event`; `X-Naive-Signature` is `sha256=` and the HMAC-SHA256 of the body under
    /// this secret, in hexadecimal. It is tried three times, after the answer is out, by a process of its own
    /// that nobody waits for longer than two seconds; the log says `notify.failed` of what nobody took. The
    /// program that `approvals.notify_command` names gets the same on stdin, runs without a shell, has no
    /// environment but `PATH`, and is killed after ten seconds. Either may hear of the same thing twice:
    /// `data.id` and `data.status` tell.
    NotifySecret {
        /// Make a new one; the one before signs nothing more
        #[arg(long)]
        rotate: bool,
    },
    /// Tell what another process of ours gives on stdin
    #[command(hide = true)]
    Notify,
}

/// What a person found out.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("found").required(true).args(["executed", "not_executed"])))]
pub(crate) struct Resolve {
    /// Its id
    approval: ApprovalId,
    /// It was done
    #[arg(long)]
    executed: bool,
    /// It was not
    #[arg(long)]
    not_executed: bool,
    /// How it was found out
    #[arg(long)]
    reason: Reason,
}

/// Ask a person for something of your own; it performs nothing, and the answer is the decision
#[derive(Debug, Args)]
pub(crate) struct Request {
    #[command(flatten)]
    op: RequestApproval,
    /// What the person should see: a JSON object, `@file`, or `-` for stdin
    #[arg(long, value_name = "JSON")]
    payload: Option<String>,
    /// Wait for the decision: exit 0 if it is approved, 9 if it is denied or expires
    #[arg(long)]
    wait: bool,
}

impl Command {
    /// Returns the action's name.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::List { .. } => "approvals.list",
            Self::Get(_) => "approvals.get",
            Self::Review { .. } => "approvals.review",
            Self::Approve(_) => "approvals.approve",
            Self::Deny(_) => "approvals.deny",
            Self::Cancel(_) => "approvals.cancel",
            Self::Wait(_) => "approvals.wait",
            Self::Watch(_) => "approvals.watch",
            Self::Resolve(_) => "approvals.resolve",
            Self::Reconcile(_) => "approvals.reconcile",
            Self::Request(_) => "approvals.request",
            Self::NotifySecret { .. } => "approvals.notify_secret",
            Self::Notify => "approvals.notify",
        }
    }

    /// Tells whether it asks for what was last seen elsewhere.
    pub(crate) fn is_cached(&self) -> bool {
        matches!(self, Self::List { cached: true, .. })
    }

    /// Tells whether it touches what belongs to the operator alone, and is no action that the gate sees.
    pub(crate) fn is_the_operators(&self) -> bool {
        matches!(self, Self::NotifySecret { .. } | Self::Notify)
    }

    /// Tells what it needs before it runs.
    pub(crate) fn needs(&self) -> Needs {
        match self {
            Self::Approve(_) | Self::Review { .. } | Self::Reconcile(_) => Needs::Apps,
            Self::Wait(_) | Self::Watch(_) => Needs::Watch,
            Self::Request(told) if told.wait => Needs::Watch,
            Self::List { .. }
            | Self::Get(_)
            | Self::Deny(_)
            | Self::Cancel(_)
            | Self::Resolve(_)
            | Self::Request(_)
            | Self::NotifySecret { .. }
            | Self::Notify => Needs::Store,
        }
    }

    /// Returns the approval that it may have done, if that may leave a link behind.
    pub(crate) fn sends(&self) -> Option<&ApprovalId> {
        match self {
            Self::Approve(told) => told.leaves_a_link(),
            Self::Reconcile(told) => told.leaves_a_link(),
            Self::List { .. }
            | Self::Get(_)
            | Self::Review { .. }
            | Self::Deny(_)
            | Self::Cancel(_)
            | Self::Wait(_)
            | Self::Watch(_)
            | Self::Resolve(_)
            | Self::Request(_)
            | Self::NotifySecret { .. }
            | Self::Notify => None,
        }
    }
}

/// Runs a command.
pub(crate) async fn run(app: &App<'_>, command: Command) -> Result<u8> {
    match command {
        Command::List { op, cached } => {
            if let Some(remote) = app.backend.remote().filter(|_| cached) {
                return cached::approvals(app, remote, &op);
            }
            let asked = op.clone();
            app.show(op, |reply, page| view::table(reply, page, &asked)).await
        }
        Command::Get(op) => app.show(op, |one, page| view::one(app, one, page)).await,
        // It may wait for a login, which is a lot to hold for the commands that do not.
        Command::Approve(told) => Box::pin(decide::approve(app, told)).await,
        Command::Review { plain, browser } => Box::pin(review::review(app, &browser, plain)).await,
        Command::Deny(op) => app.show(op, |one, page| view::one(app, one, page)).await,
        Command::Cancel(op) => app.show(op, |one, page| view::one(app, one, page)).await,
        Command::Wait(told) => wait::wait(app, told).await,
        Command::Watch(told) => wait::watch(app, told).await,
        Command::Resolve(op) => {
            app.show(resolution(op), |one, page| view::one(app, one, page)).await
        }
        Command::Reconcile(told) => Box::pin(decide::reconcile(app, told)).await,
        Command::Request(Request { mut op, payload, wait }) => {
            op.payload = arguments::object("--payload", payload.as_deref())?;
            wait::request(app, op, wait).await
        }
        Command::NotifySecret { rotate } => notify_secret(app, rotate),
        Command::Notify => {
            let said = app.backend.engine()?.tell(&arguments::stdin()?).await?;
            said.iter().try_for_each(|text| raw(&format!("{text}\n")))?;
            Ok(0)
        }
    }
}

fn resolution(op: Resolve) -> ResolveApproval {
    let found = if op.executed { Found::Executed } else { Found::NotExecuted };
    ResolveApproval { approval: op.approval, user: None, found, reason: op.reason }
}

/// Shows the secret that signs notifications.
fn notify_secret(app: &App<'_>, rotate: bool) -> Result<u8> {
    let secret = app.backend.engine()?.notify_secret(rotate)?;
    let secret = crate::vault::shown(&secret);
    app.tell_notes()?;
    let mut page = Page::default();
    page.text(secret.as_str());
    page.hint("Whoever has it can make notifications that look like ours.");
    app.output.reply("approvals.notify_secret", json!({ "secret": secret }), page)
}
