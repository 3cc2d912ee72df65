//! Placing and cancelling orders that nobody has to be asked about.

use serde_json::Value;

use super::Trade;
use super::desk::Desk;
use super::prepare::Prepared;
use super::submit::{Behalf, asked};
use crate::api::error::{Code, Error, Result};
use crate::api::trading::account::Object;
use crate::api::trading::order::{CancelOrder, CreateOrder};
use crate::api::workspace::User;
use crate::broker::{self, text_of};
use crate::engine::outcomes::{Attempt, Event};
use crate::engine::{Engine, Scope};

/// Longest id of ours that the broker takes (source: Alpaca Trading API, `client_order_id`).
const LONGEST_ID: usize = 128;

impl Engine {
    pub(in crate::engine) async fn create_order(
        &self,
        scope: &Scope<'_>,
        op: &CreateOrder,
    ) -> Result<Object> {
        let (user, id) = (scope.user()?, scope.upstream_key());
        check_id(&id)?;
        let desk = self.desk(user, op.env)?;
        if op.dry_run {
            return self.preview(scope, &self.judged_by(desk, op, &id).await?, op);
        }
        let asked = asked(Trade::Place(op))?;
        if let Some(attempt) = self.known_before(&desk, (user, &id), &asked).await? {
            return self.ended(&desk, (user, &id), attempt).await;
        }
        let prepared = self.judged_by(desk, op, &id).await?;
        let behalf = Behalf { user, approval: None, closes: false, asked: &asked };
        self.placed(&prepared, behalf).await
    }

    /// Places an order, and finds out what became of it if its answer was lost.
    ///
    /// Fails with `OutcomeUnknown` if that does not come out.
    pub(super) async fn placed(&self, prepared: &Prepared, behalf: Behalf<'_>) -> Result<Object> {
        let attempt = Box::pin(self.submit(prepared, behalf)).await?;
        let id = &prepared.ticket.client_order_id;
        self.ended(&prepared.desk, (behalf.user, id), attempt).await
    }

    /// Returns the order that an attempt has led to, once that is known.
    pub(super) async fn ended(
        &self,
        desk: &Desk,
        (user, id): (&User, &str),
        attempt: Attempt,
    ) -> Result<Object> {
        let Attempt { event, result, trouble, .. } = attempt;
        match (event, result, trouble) {
            (Event::Done, Value::Object(order), _) => Ok(order),
            (Event::Lost, _, why) => {
                let why = why.map_or("its answer was lost".to_owned(), |error| error.message);
                self.settled_order(desk, user, (id, &why)).await
            }
            (_, _, Some(error)) => Err(error),
            (_, _, None) => {
                Err(Error::new(Code::ProviderError, "the broker did not say why it refuses"))
            }
        }
    }

    pub(in crate::engine) async fn cancel_order(
        &self,
        scope: &Scope<'_>,
        op: &CancelOrder,
    ) -> Result<Object> {
        let desk = self.desk(scope.user()?, op.env)?;
        self.cancelled(&desk, &op.order).await
    }

    /// Cancels an order and returns how it stands then. To do so twice changes nothing.
    pub(super) async fn cancelled(&self, desk: &Desk, name: &str) -> Result<Object> {
        let order = self.order_named(desk, name).await?;
        let id = text_of(&order, "id").unwrap_or(name).to_owned();
        let request = broker::cancel(&desk.account(), &id)?;
        let asked = self.ask(desk, &request).await;
        match (asked, self.order_named(desk, &id).await) {
            (Ok(_), Ok(now)) => Ok(now),
            // A repeated question finds the order as the first one left it.
            (Err(_), Ok(now)) if is_cancelled(&now) => Ok(now),
            (Err(error), _) => Err(error),
            // The broker has taken it, and does not say how the order stands.
            (Ok(_), Err(_)) => {
                let mut now = order;
                now.insert("status".to_owned(), "pending_cancel".into());
                Ok(now)
            }
        }
    }

    /// Fails with everything that would fail about an order before it is frozen, and returns what it is
    /// judged by.
    pub(super) async fn rehearsed(
        &self,
        user: &User,
        op: &CreateOrder,
        id: &str,
    ) -> Result<Prepared> {
        check_id(id)?;
        let prepared = self.judged_by(self.desk(user, op.env)?, op, id).await?;
        prepared.check()?;
        prepared.check_quoted()?;
        self.within_limits(&prepared, user)?;
        Ok(prepared)
    }
}

/// Fails with `InvalidInput` for an id that is too long for the broker.
pub(super) fn check_id(id: &str) -> Result<()> {
    if id.len() <= LONGEST_ID {
        return Ok(());
    }
    let text = format!("client_order_id must be no more than {LONGEST_ID} characters");
    Err(Error::new(Code::InvalidInput, text)
        .hint("choose a shorter `--idempotency-key`")
        .reason("broker_refused"))
}

/// Tells whether an order is cancelled, or will be in a moment.
fn is_cancelled(order: &Object) -> bool {
    matches!(text_of(order, "status"), Some("canceled" | "pending_cancel"))
}
