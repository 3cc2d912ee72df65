//! What a server does without being asked: what is due, and what others have left.
//!
//! It takes nothing into its own hands that a command could not: it calls the engine, as nobody in particular.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::MissedTickBehavior;

use super::Site;
use super::naive::performed;
use crate::api::approvals::Reconcile;
use crate::api::error::Result;
use crate::api::ids::UserRef;
use crate::api::time::Millis;
use crate::api::trading::order::ReconcileOrders;
use crate::engine::{Call, Caller};

/// How often the store is looked through for what is due.
const ROUND: Duration = Duration::from_secs(5);
/// Every so many rounds, credentials are looked at that end soon, and orders whose answer was lost.
const RARELY: u32 = 12;

/// How long to wait at most before looking for what is to be told to webhooks.
const NEWS: Duration = Duration::from_secs(1);

/// Tells webhooks what happens, until the server ends.
pub(super) async fn tell(site: Arc<Site>) {
    loop {
        let next = match site.engine.deliver_webhooks().await {
            Ok(told) => told.next_at,
            Err(error) => {
                site.say(format!("In the background, webhooks are not told: {error}."));
                None
            }
        };
        let now = Millis::now();
        let pause = next.map_or(NEWS, |next| now.age(next).min(NEWS));
        tokio::time::sleep(pause).await;
    }
}

/// Goes its rounds until the server ends.
pub(super) async fn run(site: Arc<Site>) {
    let mut rounds = tokio::time::interval(ROUND);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for round in 0_u32.. {
        rounds.tick().await;
        report(&site, "what is due could not be seen to", site.engine.see_to_due());
        report(&site, "approvals could not be reconciled", reconcile(&site).await);
        if round % RARELY == 0 {
            site.engine.refresh_ahead().await;
            report(&site, "orders could not be looked up", look_up(&site).await);
        }
        site.pass_warnings_on();
        announce(&site);
    }
}

/// Asks the broker about orders whose answer was lost.
async fn look_up(site: &Arc<Site>) -> Result<()> {
    for user in site.engine.in_doubt()? {
        let question = ReconcileOrders { env: None, user: Some(user) };
        let call = Call::by(Caller::System, UserRef::own());
        performed(site, call, question.into()).await?;
    }
    Ok(())
}

/// Goes on with the approvals that processes which ended have left.
async fn reconcile(site: &Arc<Site>) -> Result<()> {
    if !site.engine.is_anything_left()? {
        return Ok(());
    }
    let call = Call::by(Caller::System, UserRef::own());
    let all = Reconcile { approval: None, all: true };
    performed(site, call, all.into()).await.map(drop)
}

/// Tells others what has become of approvals here, while the server goes on.
pub(super) fn announce(site: &Arc<Site>) {
    if !site.engine.has_news() {
        return;
    }
    let site = Arc::clone(site);
    tokio::spawn(async move {
        for said in site.engine.announce().await {
            site.say(said);
        }
    });
}

fn report(site: &Site, what: &str, done: Result<()>) {
    if let Err(error) = done {
        site.say(format!("In the background, {what}: {error}."));
    }
}
