//! `approvals wait`, `watch` and `request --wait`: seeing what becomes of approvals.

use std::collections::BTreeMap;
use std::time::Duration;

use clap::Args;

use super::card::line;
use super::outcome::{ended, show, since, status};
use super::there;
use crate::api::action::{Outcome, written};
use crate::api::approvals::{Approval, ApprovalStatus, GetApproval};
use crate::api::error::Result;
use crate::api::ids::ApprovalId;
use crate::api::requests::RequestApproval;
use crate::cli::App;
use crate::cli::arguments::time;
use crate::cli::output::{Page, note};
use crate::cli::remote::passes;
use crate::cli::signals::Signals;
use crate::engine::Call;

/// How long to wait before looking again what has come.
pub(super) const SOON: Duration = Duration::from_secs(1);

/// Wait until an approval has ended
///
/// Exits 0 once it is executed; 9 if it is denied, expired or cancelled; 1 if it failed, or has not ended in
/// time; 7 if nobody knows whether it was done.
#[derive(Debug, Args)]
pub(crate) struct Wait {
    #[command(flatten)]
    op: GetApproval,
    /// How long to wait
    #[arg(long, default_value = "5m", value_name = "TIME", value_parser = time)]
    timeout: Duration,
}

/// Follow approvals: a line at each change, on stderr for people, as JSON on stdout for programs
///
/// With an id, until that approval has ended, with the exit status of `wait`. Without one, all that come from
/// now on, until Ctrl-C.
#[derive(Debug, Args)]
pub(crate) struct Watch {
    /// Its id
    approval: Option<ApprovalId>,
}

/// Waits for the end of an approval, and shows it.
pub(super) async fn wait(app: &App<'_>, wait: Wait) -> Result<u8> {
    const NAME: &str = "approvals.wait";
    if app.backend.remote().is_some() {
        let one = there::ended(app, &wait.op, Some(wait.timeout), |_| Ok(())).await?;
        return there::show(app, app.output, NAME, one);
    }
    let one = ended(app, &wait.op, Some(wait.timeout), |_| Ok(())).await?;
    show(app, app.output, NAME, &one)
}

/// Freezes a request, and waits for a person to decide if `waits`.
pub(super) async fn request(app: &App<'_>, op: RequestApproval, waits: bool) -> Result<u8> {
    const NAME: &str = "approvals.request";
    let call = Call { waits, ..app.as_caller() };
    let pending = match app.ask(call, op).await? {
        Outcome::Pending(pending) if waits => pending,
        Outcome::Pending(pending) => return app.held(NAME, &pending),
        Outcome::Done(done) => return app.output.reply(NAME, written(&done)?, Page::default()),
    };
    let op = GetApproval { approval: pending.approval_id, user: None };
    if app.backend.remote().is_some() {
        note(&format!("{}: it waits for a decision.", pending.title))?;
        let one = there::ended(app, &op, None, |_| Ok(())).await?;
        return there::show(app, app.output, NAME, one);
    }
    let one = app.done(app.as_caller(), op.clone()).await?;
    if status(&one).is_none() {
        let id = &one.id;
        note(&format!("{}: it waits for `naive approvals approve {id}`.", pending.title))?;
        app.announce().await?;
    }
    let one = ended(app, &op, None, |_| Ok(())).await?;
    show(app, app.output, NAME, &one)
}

/// Follows one approval to its end, or all that come.
///
/// What goes wrong is a line among the others.
pub(super) async fn watch(app: &App<'_>, watch: Watch) -> Result<u8> {
    let watched = watched(app, watch).await;
    Ok(watched.unwrap_or_else(|error| app.output.lines().error("approvals.watch", &error)))
}

async fn watched(app: &App<'_>, watch: Watch) -> Result<u8> {
    if let Some(approval) = watch.approval {
        let op = GetApproval { approval, user: None };
        if app.backend.remote().is_some() {
            return watched_there(app, &op).await;
        }
        let mut known = None;
        let one = ended(app, &op, None, |one| {
            let is_new = known.replace(one.status) != Some(one.status);
            // What JSON says last is the answer itself.
            let is_answer = status(one).is_some() && !app.output.is_for_people();
            if is_new && !is_answer { tell(app, one) } else { Ok(()) }
        });
        let one = one.await?;
        return show(app, &app.output.lines(), "approvals.watch", &one);
    }
    let mut signals = Signals::listen()?;
    tokio::select! {
        ended = follow(app) => ended,
        broken = signals.next() => Err(broken),
    }
}

/// Follows one approval of an API elsewhere to its end.
async fn watched_there(app: &App<'_>, op: &GetApproval) -> Result<u8> {
    const NAME: &str = "approvals.watch";
    let mut known = None;
    let one = there::ended(app, op, None, |one| {
        let now = one["status"].clone();
        let is_new = known.replace(now.clone()) != Some(now);
        let is_answer = there::status(one).is_some() && !app.output.is_for_people();
        match serde_json::from_value::<Approval>(one.clone()) {
            _ if !is_new || is_answer => Ok(()),
            Ok(known) if app.output.is_for_people() => note(&line(&known)),
            Ok(_) | Err(_) => {
                app.output.lines().reply(NAME, one.clone(), Page::default()).map(drop)
            }
        }
    });
    let one = one.await?;
    there::show(app, &app.output.lines(), NAME, one)
}

/// Follows what comes from now on, for ever; an API elsewhere may be away meanwhile.
async fn follow(app: &App<'_>) -> Result<u8> {
    let mut newest = since(app, None, None).await?.first().map_or(0, |one| one.seq);
    let mut open: BTreeMap<ApprovalId, ApprovalStatus> = BTreeMap::new();
    loop {
        match news(app, &mut newest, &mut open).await {
            Err(error) if app.backend.remote().is_some() && passes(&error) => {}
            looked => looked?,
        }
        app.announce().await?;
        tokio::time::sleep(SOON).await;
    }
}

/// Tells what has changed, and what is new.
async fn news(
    app: &App<'_>,
    newest: &mut i64,
    open: &mut BTreeMap<ApprovalId, ApprovalStatus>,
) -> Result<()> {
    for (approval, known) in open.clone() {
        let one = app.done(app.as_caller(), GetApproval { approval, user: None }).await?;
        if one.status != known {
            tell(app, &one)?;
        }
        open.insert(one.id.clone(), one.status);
        if status(&one).is_some() {
            open.remove(&one.id);
        }
    }
    for one in since(app, None, Some(*newest)).await?.into_iter().rev() {
        *newest = one.seq;
        tell(app, &one)?;
        if status(&one).is_none() {
            open.insert(one.id, one.status);
        }
    }
    Ok(())
}

/// Says how one stands now.
fn tell(app: &App<'_>, one: &Approval) -> Result<()> {
    if app.output.is_for_people() {
        return note(&line(one));
    }
    app.output.lines().reply("approvals.watch", written(one)?, Page::default()).map(drop)
}
