//! What a server does without being asked: what is due, and what others have left.
//!
//! It takes nothing into its own hands that a command could not: it calls the engine, as nobody in particular.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::MissedTickBehavior;

use super::Site;
use super::naive::performed_in;
use crate::api::approvals::Reconcile;
use crate::api::error::Result;
use crate::api::ids::UserRef;
use crate::api::time::Millis;
use crate::api::trading::order::ReconcileOrders;
use crate::engine::{Call, Caller, Engine};

/// How often the store is looked through for what is due.
const ROUND: Duration = Duration::from_secs(5);
/// Every so many rounds, credentials are looked at that end soon, and orders whose answer was lost.
const RARELY: u32 = 12;

/// How long to wait at most before looking for what is to be told to webhooks.
const NEWS: Duration = Duration::from_secs(1);

/// Tells webhooks what happens, until the server ends.
pub(super) async fn tell(site: Arc<Site>) {
    loop {
        let mut next = None;
        for (_, engine) in site.workspaces() {
            match engine.deliver_webhooks().await {
                Ok(told) => next = next.into_iter().chain(told.next_at).min(),
                Err(error) => report(&site, "webhooks are not told", Err(error)),
            }
        }
        let now = Millis::now();
        let pause = next.map_or(NEWS, |next| now.age(next).min(NEWS));
        tokio::time::sleep(pause).await;
    }
}

/// Goes its rounds until the server ends. The workspace of an app is seen to while it is open, and when it is opened.
pub(super) async fn run(site: Arc<Site>) {
    let mut rounds = tokio::time::interval(ROUND);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for round in 0_u32.. {
        rounds.tick().await;
        for (back, engine) in site.workspaces() {
            report(&site, "what is due could not be seen to", engine.see_to_due());
            let asked = engine.see_to_links(None).await;
            report(&site, "logins at Composio could not be asked about", asked);
            let reconciled = reconcile(&site, &engine, &back).await;
            report(&site, "approvals could not be reconciled", reconciled);
            if round % RARELY == 0 {
                engine.refresh_ahead().await;
                report(&site, "orders could not be looked up", look_up(&site, &engine).await);
            }
            site.pass_warnings_on(&engine);
            announce(&site, &engine);
        }
    }
}

/// Asks the broker about orders whose answer was lost.
async fn look_up(site: &Arc<Site>, engine: &Arc<Engine>) -> Result<()> {
    for user in engine.in_doubt()? {
        let question = ReconcileOrders { env: None, user: Some(user) };
        let call = Call::by(Caller::System, UserRef::own());
        performed_in(site, engine, call, question.into()).await?;
    }
    Ok(())
}

/// Goes on with the approvals that processes which ended have left; whom that sends to a login comes `back`.
async fn reconcile(site: &Arc<Site>, engine: &Arc<Engine>, back: &str) -> Result<()> {
    if !engine.is_anything_left()? {
        return Ok(());
    }
    let redirect_uri = Some(site.at(back)?);
    let call = Call { redirect_uri, ..Call::by(Caller::System, UserRef::own()) };
    let all = Reconcile { approval: None, all: true };
    performed_in(site, engine, call, all.into()).await.map(drop)
}

/// Tells others what has become of approvals here, while the server goes on.
pub(super) fn announce(site: &Arc<Site>, engine: &Arc<Engine>) {
    if !engine.has_news() {
        return;
    }
    let (site, engine) = (Arc::clone(site), Arc::clone(engine));
    tokio::spawn(async move {
        for said in engine.announce().await {
            site.say(said);
        }
    });
}

fn report(site: &Site, what: &str, done: Result<()>) {
    if let Err(error) = done {
        site.say(format!("In the background, {what}: {error}."));
    }
}
