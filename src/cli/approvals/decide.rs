//! `approvals approve`: the card, the question, and what is left to do once somebody said yes.

use clap::Args;
use tokio::sync::mpsc;

use super::market;
use super::outcome::{card, page};
use super::queue::Answer;
use super::there;
use super::view;
use crate::api::action::{Outcome, written};
use crate::api::approvals::{Approval, ApprovalStatus, Approve, Deny, GetApproval, Reconcile};
use crate::api::connections::{Connect, ConnectState, Status};
use crate::api::error::{Code, Error, Result};
use crate::api::ids::{ApprovalId, Label, UserRef, connect_command};
use crate::api::toolkits::{AuthType, GetToolkit};
use crate::cli::App;
use crate::cli::connect::{Browser, Door, check_patience, joined};
use crate::cli::output::{Page, note};
use crate::cli::signals::Signals;
use crate::cli::wait::read_lines;
use crate::engine::Call;

/// Approve an action and have it done, once
///
/// Shows the card and asks. Of an app to be connected, it then sees to the login, as `connections connect`
/// does; the flags about the browser are for that.
#[derive(Debug, Args)]
pub(crate) struct Approving {
    #[command(flatten)]
    op: Approve,
    /// Approve without asking
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    browser: Browser,
}

impl Approving {
    /// Returns the approval, if others end the login that it may begin.
    pub(super) fn leaves_a_link(&self) -> Option<&ApprovalId> {
        Some(&self.op.approval).filter(|_| self.browser.no_wait)
    }
}

/// Finish what processes that ended have left: ask the upstream, send what never left
///
/// Of an app to be connected, it sees to the login, as `approvals approve` does; the flags about the browser
/// are for that.
#[derive(Debug, Args)]
pub(crate) struct Reconciling {
    #[command(flatten)]
    op: Reconcile,
    #[command(flatten)]
    browser: Browser,
}

impl Reconciling {
    /// Returns the approval, if others end the login that it may begin.
    pub(super) fn leaves_a_link(&self) -> Option<&ApprovalId> {
        self.op.approval.as_ref().filter(|_| self.browser.no_wait)
    }
}

/// Goes on with what others have left, and sees to the login that this may begin.
pub(super) async fn reconcile(app: &App<'_>, told: Reconciling) -> Result<u8> {
    let Some(approval) = told.op.approval.clone() else {
        return app.show(told.op, view::reconciled).await;
    };
    let one = app.done(app.as_caller(), GetApproval { approval, user: None }).await?;
    let waits = one.status == ApprovalStatus::Approved;
    let login = if waits { Login::of(app, &one, &told.browser).await? } else { None };
    let Some(login) = login else { return app.show(told.op, view::reconciled).await };
    let mut reply = done(Box::pin(app.ask(login.call(app), told.op)).await?)?;
    let mut page = Page::default();
    let (user, label) = (login.user.clone(), login.label.clone());
    let state = match reply.approvals.first_mut() {
        Some(one) => Box::pin(login.seen_to(app, one)).await?,
        None => None,
    };
    view::reconciled(&reply, &mut page);
    if let Some(state) = state {
        next(app, &mut page, &state, (user.as_ref(), label.as_ref()));
    }
    app.output.reply("approvals.reconcile", written(&reply)?, page)
}

/// Shows the card, asks, and does what was answered.
///
/// Fails first where the caller may not decide at all: nobody is told to add `--yes` in vain.
pub(super) async fn approve(app: &App<'_>, told: Approving) -> Result<u8> {
    app.check(told.op.clone())?;
    if !told.yes && !app.settings.terminals.person {
        let text = "approving asks first, and there is no terminal to ask at";
        return Err(
            Error::usage(text).hint("look at it with `naive approvals get`, then add `--yes`")
        );
    }
    if told.yes && app.backend.remote().is_some() {
        return there::approve(app, told.op).await;
    }
    let id = told.op.approval.clone();
    let one = app
        .done(app.as_caller(), GetApproval { approval: id.clone(), user: told.op.user.clone() })
        .await?;
    if told.yes || one.status != ApprovalStatus::Pending {
        // Whoever decides what is decided already is told so by the engine.
        return show(app, &one, told.op, &told.browser).await;
    }
    let market = market::now(app, &one).await;
    note(&format!("\n{}\n", card(app, &one, market.as_ref())))?;
    let mut signals = Signals::listen()?;
    let (lines, mut typed) = mpsc::unbounded_channel();
    read_lines(lines);
    loop {
        note(&format!("{}?", question(&one)))?;
        let line = tokio::select! {
            line = typed.recv() => line,
            broken = signals.next() => return Err(broken),
        };
        // Ctrl-D: nobody has said anything.
        let Some(line) = line else { return Err(undecided()) };
        match Answer::of(&line) {
            Some(Answer::Approve) => return show(app, &one, seen(&one), &told.browser).await,
            Some(Answer::Deny(reason)) => {
                let one =
                    app.done(app.as_caller(), Deny { approval: id, user: None, reason }).await?;
                app.output.reply("approvals.deny", written(&one)?, denied(&one))?;
                return Ok(0);
            }
            Some(Answer::Skip | Answer::Quit) => return Err(undecided()),
            None => note("Type `approve`, `deny` with a reason if you like, or `skip`.")?,
        }
    }
}

fn undecided() -> Error {
    Error::new(Code::InvalidInput, "you decided nothing, so it still waits")
}

/// Says that it was denied.
pub(super) fn denied(one: &Approval) -> Page {
    let mut page = Page::default();
    page.text(super::card::line(one));
    page
}

/// Returns what is asked below a card.
fn question(one: &Approval) -> &'static str {
    if one.restored_at.is_some() {
        "approve although it may have been done since, deny [reason] or skip"
    } else {
        "approve, deny [reason] or skip"
    }
}

/// Approves what a person has seen the card of: it says whether it comes from a copy.
pub(super) fn seen(one: &Approval) -> Approve {
    Approve {
        approval: one.id.clone(),
        user: None,
        acknowledge_restored: one.restored_at.is_some(),
    }
}

/// Approves, and sees to the login of an app; returns what came of it, and what people are told.
pub(super) async fn approved(
    app: &App<'_>,
    one: &Approval,
    op: Approve,
    browser: &Browser,
) -> Result<(Approval, Page)> {
    let pending = one.status == ApprovalStatus::Pending;
    let login = if pending { Login::of(app, one, browser).await? } else { None };
    if let Some(login) = login {
        return Box::pin(login.approved(app, op)).await;
    }
    // What is approved may be any action, which is a lot to hold.
    let one = Box::pin(app.done(app.as_caller(), op)).await?;
    let page = page(app, &one);
    Ok((one, page))
}

async fn show(app: &App<'_>, one: &Approval, op: Approve, browser: &Browser) -> Result<u8> {
    let (one, page) = approved(app, one, op, browser).await?;
    app.output.reply("approvals.approve", written(&one)?, page)
}

/// Tells whether approving begins a login here; at an API elsewhere it ends by that API's own callback.
pub(super) fn begins_login(app: &App<'_>, one: &Approval) -> bool {
    one.action_type == "connections.connect" && app.backend.remote().is_none()
}

/// Denies, for a reason if there is one.
pub(super) async fn denied_for(
    app: &App<'_>,
    one: &Approval,
    reason: Option<String>,
) -> Result<Approval> {
    let op = Deny { approval: one.id.clone(), user: None, reason };
    app.done(app.as_caller(), op).await
}

/// The login that an approval would begin.
struct Login {
    name: String,
    auth: AuthType,
    label: Option<Label>,
    user: Option<UserRef>,
    door: Door,
    no_wait: bool,
}

impl Login {
    /// Returns the login, with a place open for its browser to return to; nothing where none would begin.
    async fn of(app: &App<'_>, one: &Approval, browser: &Browser) -> Result<Option<Self>> {
        if !begins_login(app, one) {
            return Ok(None);
        }
        let op: Connect = serde_json::from_value(one.payload.clone())
            .map_err(|error| Error::internal("the frozen action has another form", error))?;
        check_patience(&op, browser.timeout)?;
        let about = app.done(app.as_caller(), GetToolkit::of(op.toolkit.clone())).await?;
        let auth = about.summary.auth_type;
        let returns = auth == AuthType::Oauth2 && !op.device;
        let door = Door::open(app, browser, returns)?;
        // What is approved runs once: it must not fail for want of a place that nobody can return to.
        let door = if returns && !browser.no_wait { door.check()? } else { door };
        let user = one.user.parse().ok();
        let (name, no_wait) = (about.summary.name, browser.no_wait);
        Ok(Some(Self { name, auth, label: op.label, user, door, no_wait }))
    }

    /// Approves, and waits for the end of the login that this begins.
    async fn approved(self, app: &App<'_>, op: Approve) -> Result<(Approval, Page)> {
        let mut one = done(Box::pin(app.ask(self.call(app), op)).await?)?;
        let (user, label) = (self.user.clone(), self.label.clone());
        let state = self.seen_to(app, &mut one).await?;
        let mut page = page(app, &one);
        if let Some(state) = state {
            next(app, &mut page, &state, (user.as_ref(), label.as_ref()));
        }
        Ok((one, page))
    }

    /// Returns the call that begins it.
    fn call(&self, app: &App<'_>) -> Call {
        self.door.call(app, !self.no_wait && self.auth == AuthType::Oauth2)
    }

    /// Waits for the end of the login, if one has begun, and puts it into the approval; returns how the
    /// login stands then.
    async fn seen_to(self, app: &App<'_>, one: &mut Approval) -> Result<Option<ConnectState>> {
        let Some(started) = started(one) else { return Ok(None) };
        let mine = joined(&started).is_none() && !self.no_wait;
        if !mine || started.status != Status::Initiated {
            return Ok(Some(started));
        }
        app.announce().await?;
        let ended = self.door.ended(app, &self.name, &started, self.user.as_ref()).await;
        let whose = app.user_flag(self.user.as_ref());
        let command = connect_command(&started.toolkit, &whose, self.label.as_ref());
        let ended = ended.map_err(|error| {
            error.hint(format!("it was approved, and nothing is connected: run `{command}`"))
        })?;
        if let Some(ended) = &ended {
            one.result = Some(written(ended)?);
        }
        Ok(Some(ended.unwrap_or(started)))
    }
}

/// Returns what was done; nothing that decides is held itself.
fn done<T>(outcome: Outcome<T>) -> Result<T> {
    match outcome {
        Outcome::Done(reply) => Ok(reply),
        Outcome::Pending(_) => Err(Error::new(Code::InternalError, "an approval was held itself")),
    }
}

/// Returns the login that an approved action has begun.
pub(super) fn started(one: &Approval) -> Option<ConnectState> {
    let result = one.result.as_ref().filter(|_| one.status == ApprovalStatus::Executed)?;
    serde_json::from_value(result.clone()).ok()
}

/// Says what comes after a login that has begun or ended.
pub(super) fn next(
    app: &App<'_>,
    page: &mut Page,
    state: &ConnectState,
    (user, label): (Option<&UserRef>, Option<&Label>),
) {
    let (id, toolkit, user) = (&state.connected_account_id, &state.toolkit, app.user_flag(user));
    match state.status {
        Status::Active => {
            page.next(format!("naive connections tools {toolkit}{user}"), "see what it can do");
        }
        Status::Failed | Status::Expired | Status::Inactive | Status::Revoked => {
            page.next(connect_command(toolkit, &user, label), "connect it again");
        }
        Status::Initiated if !state.credential_fields.is_empty() => {
            let keys = crate::engine::keys(&state.credential_fields);
            let command = format!("naive connections credentials {id}{user}{keys}");
            page.next(command, "enter them, a line of stdin each");
        }
        Status::Initiated => {
            page.next(format!("naive connections wait {id}{user}"), "wait for the login");
        }
    }
}
