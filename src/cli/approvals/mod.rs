//! `naive approvals`: what was held, and what people decide about it.

mod view;

use clap::{ArgGroup, Args, Subcommand};

use super::loopback::Listener;
use super::{App, Needs, arguments};
use crate::api::action::Outcome;
use crate::api::approvals::{
    Approve, Cancel, Deny, Found, GetApproval, ListApprovals, Reconcile, RequestApproval,
    ResolveApproval,
};
use crate::api::error::Result;
use crate::api::ids::ApprovalId;
use crate::engine::Call;

/// What was held, and what people decide about it.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List approvals, newest first
    List(ListApprovals),
    /// Show an approval: what was asked for, who decided, what became of it
    Get(GetApproval),
    /// Approve an action and have it done, once
    Approve {
        #[command(flatten)]
        op: Approve,
        /// Ask nothing
        #[arg(long)]
        yes: bool,
    },
    /// Deny an action: it is never done
    Deny(Deny),
    /// Take back an action that you asked for yourself
    Cancel(Cancel),
    /// Say what became of an action whose outcome is unknown
    Resolve(Resolve),
    /// Finish what processes that ended have left: ask the upstream, send what never left
    Reconcile(Reconcile),
    /// Ask a person for something of your own; it performs nothing, and the answer is the decision
    Request {
        #[command(flatten)]
        op: RequestApproval,
        /// What the person should see: a JSON object, `@file`, or `-` for stdin
        #[arg(long, value_name = "JSON")]
        payload: Option<String>,
    },
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
    reason: String,
}

impl Command {
    /// Returns the action's name.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::List(_) => "approvals.list",
            Self::Get(_) => "approvals.get",
            Self::Approve { .. } => "approvals.approve",
            Self::Deny(_) => "approvals.deny",
            Self::Cancel(_) => "approvals.cancel",
            Self::Resolve(_) => "approvals.resolve",
            Self::Reconcile(_) => "approvals.reconcile",
            Self::Request { .. } => "approvals.request",
        }
    }

    /// Tells what it needs before it runs.
    pub(crate) fn needs(&self) -> Needs {
        match self {
            Self::Approve { .. } | Self::Reconcile(_) => Needs::Apps,
            Self::List(_)
            | Self::Get(_)
            | Self::Deny(_)
            | Self::Cancel(_)
            | Self::Resolve(_)
            | Self::Request { .. } => Needs::Store,
        }
    }

    /// Returns the approval that it may have done, if that may leave a link behind.
    pub(crate) fn sends(&self) -> Option<&ApprovalId> {
        match self {
            Self::Approve { op, .. } => Some(&op.approval),
            Self::Reconcile(op) => op.approval.as_ref(),
            Self::List(_)
            | Self::Get(_)
            | Self::Deny(_)
            | Self::Cancel(_)
            | Self::Resolve(_)
            | Self::Request { .. } => None,
        }
    }
}

/// Runs a command.
pub(crate) async fn run(app: &App<'_>, command: Command) -> Result<u8> {
    match command {
        Command::List(op) => app.show(op, view::table).await,
        Command::Get(op) => app.show(op, view::one).await,
        Command::Approve { op, .. } => approve(app, op).await,
        Command::Deny(op) => app.show(op, view::one).await,
        Command::Cancel(op) => app.show(op, view::one).await,
        Command::Resolve(op) => app.show(resolution(op), view::one).await,
        Command::Reconcile(op) => app.show(op, view::reconciled).await,
        Command::Request { mut op, payload } => {
            op.payload = arguments::object(payload.as_deref())?;
            app.show(op, |_, _| {}).await
        }
    }
}

/// Approves, with a place for a browser to return to if it is a login that begins now.
async fn approve(app: &App<'_>, op: Approve) -> Result<u8> {
    let listener = Listener::open(&[])?;
    let redirect_uri = Some(listener.redirect_uri().clone());
    drop(listener);
    let call = Call { redirect_uri, browser: true, ..app.as_caller() };
    match app.ask(call, op).await? {
        Outcome::Done(approval) => {
            let mut page = super::output::Page::default();
            view::done(&approval, &mut page);
            let result = crate::api::action::written(&approval)?;
            app.output.reply("approvals.approve", result, page)
        }
        Outcome::Pending(pending) => app.output.held("approvals.approve", &pending),
    }
}

fn resolution(op: Resolve) -> ResolveApproval {
    let found = if op.executed { Found::Executed } else { Found::NotExecuted };
    ResolveApproval { approval: op.approval, found, reason: op.reason }
}
