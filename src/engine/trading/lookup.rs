//! Finding out what became of orders whose answer was lost: asked of the broker under our own id, never sent
//! again.

use std::time::Duration;

use serde_json::Value;

use super::desk::Desk;
use super::reads::found;
use crate::api::error::{Code, Error, Result};
use crate::api::ids::quoted;
use crate::api::time::Millis;
use crate::api::trading::account::Object;
use crate::api::trading::order::{IntentStatus, ListOrders, ReconcileOrders, ReconciledOrders};
use crate::api::trading::words::BrokerEnv;
use crate::api::workspace::User;
use crate::broker::{by_client_order_id, text_of};
use crate::engine::outcomes::Lookup;
use crate::engine::{Engine, Scope};

/// How long somebody at a command waits until the broker knows an order whose answer was lost.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long after it was sent an order may still arrive, by far: no request is under way that long.
const ARRIVES_WITHIN: Duration = Duration::from_mins(10);
/// How long the first pause between two questions is.
const PAUSE: Duration = Duration::from_millis(250);

impl Engine {
    /// Asks the broker whether it has an order under our id, and notes it if so.
    ///
    /// `Unsent` where it was never written down: then no byte of it has left. `Missing` is no proof that it
    /// will not arrive. Fails only if nobody can be asked.
    pub(super) async fn look_up(&self, desk: &Desk, user: &User, id: &str) -> Result<Lookup> {
        let name = (user.id.as_str(), desk.env);
        if self.store.intent(name, id)?.is_none() {
            return Ok(Lookup::Unsent);
        }
        let request = by_client_order_id(&desk.account(), id)?;
        Ok(match found(self.object(desk, request).await) {
            Ok(Some(order)) => {
                let name = (user.id.as_str(), desk.env, id);
                self.note_intent(name, IntentStatus::Placed);
                Lookup::Found(Value::Object(order))
            }
            Ok(None) => Lookup::Missing,
            Err(error) => Lookup::Unclear(error),
        })
    }

    /// Waits until the broker knows an order whose answer was lost.
    ///
    /// Fails with `OutcomeUnknown` if it does not come to know it.
    pub(super) async fn settled_order(
        &self,
        desk: &Desk,
        user: &User,
        (id, why): (&str, &str),
    ) -> Result<Object> {
        let began = Millis::now();
        let mut pause = PAUSE;
        loop {
            // Whatever keeps it from being looked up, the order may stand.
            if let Ok(Lookup::Found(Value::Object(order))) = self.look_up(desk, user, id).await {
                return Ok(order);
            }
            if began.age(Millis::now()) + pause > PATIENCE {
                break;
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        let text = format!("the order `{id}` may or may not have been placed: {why}");
        let flags = &desk.flags;
        Err(Error::new(Code::OutcomeUnknown, text)
            .hint(format!(
                "run `naive trading reconcile{flags}` in a minute, or look for it with `naive trading get-order {}{flags}`; do not place it again before",
                quoted(id)
            ))
            .reason("order_in_doubt"))
    }

    pub(in crate::engine) async fn reconcile_orders(
        &self,
        scope: &Scope<'_>,
        op: &ReconcileOrders,
    ) -> Result<ReconciledOrders> {
        let user = scope.user()?;
        let links = self.brokers(user)?;
        let envs: Vec<_> = match op.env {
            Some(env) => vec![env],
            None => links.into_iter().map(|(env, _)| env).collect(),
        };
        let mut all = ReconciledOrders { intents: Vec::new(), foreign: Vec::new() };
        for env in envs {
            let desk = match self.desk(user, Some(env)) {
                Err(error) if op.env.is_none() => {
                    self.warn(format!("The {env} account was not asked: {error}."));
                    continue;
                }
                desk => desk?,
            };
            self.reconcile_desk(&desk, user, &mut all).await?;
        }
        Ok(all)
    }

    async fn reconcile_desk(
        &self,
        desk: &Desk,
        user: &User,
        all: &mut ReconciledOrders,
    ) -> Result<()> {
        let open = self.store.open_intents(&user.id)?;
        for intent in open.into_iter().filter(|intent| intent.env == desk.env) {
            let id = &intent.client_order_id;
            match self.look_up(desk, user, id).await? {
                Lookup::Found(_) | Lookup::Unsent => {}
                Lookup::Unclear(error) => {
                    self.warn(format!("The order `{id}` stays as it is: {error}."));
                }
                // Of an approval, a person says what became of it.
                Lookup::Missing => {
                    let name = (user.id.as_str(), desk.env, id.as_str());
                    let gone = intent.created_at.age(Millis::now()) > ARRIVES_WITHIN;
                    if gone && intent.approval_id.is_none() {
                        self.store.settle_intent(name, IntentStatus::Missing, Millis::now())?;
                    }
                }
            }
            all.intents.extend(self.store.intent((&user.id, desk.env), id)?);
        }
        let orders = self.open_at(desk).await?;
        for order in orders {
            let id = text_of(&order, "client_order_id").unwrap_or_default();
            if self.store.intent((&user.id, desk.env), id)?.is_none() {
                all.foreign.push(order);
            }
        }
        Ok(())
    }

    /// Returns every order that is open in an account.
    async fn open_at(&self, desk: &Desk) -> Result<Vec<Object>> {
        let op = ListOrders::all_open(desk.env);
        self.all_orders(desk, &op).await
    }
}

impl ListOrders {
    /// Asks for every open order of an env.
    fn all_open(env: BrokerEnv) -> Self {
        Self {
            status: None,
            limit: None,
            symbols: Vec::new(),
            side: None,
            after: None,
            until: None,
            all: true,
            env: Some(env),
            user: None,
        }
    }
}
