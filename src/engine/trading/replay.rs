//! Orders that wait for a person: what is frozen with them, and doing them once they are approved.

use std::time::Duration;

use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::Value;

use super::orders::check_id;
use super::prepare::Prepared;
use super::submit::{Behalf, asked, done};
use super::view::drifted;
use super::{Trade, limits, trade};
use crate::api::action::{Action, written};
use crate::api::approvals::Account;
use crate::api::error::{Code, Error, Result};
use crate::api::ids::ApprovalId;
use crate::api::trading::amount::Amount;
use crate::api::trading::order::MarketView;
use crate::api::trading::words::{OrderType, Side};
use crate::api::workspace::User;
use crate::broker::rules;
use crate::engine::outcomes::{Attempt, Event, Lookup};
use crate::engine::{Engine, Scope, World};

/// How long after a send the broker may still take an order in.
const SETTLE: Duration = Duration::from_mins(1);

impl Engine {
    /// Returns the account an action trades through, and how long after a send a lookup there is to be
    /// believed; `None` of any other action.
    ///
    /// Fails as [`Engine::desk`] does.
    pub(in crate::engine) fn traded_through(
        &self,
        user: &User,
        action: &Action,
    ) -> Result<Option<(Account, Duration)>> {
        let Some(trade) = trade(action) else { return Ok(None) };
        let link = self.link_of(user, trade.env())?;
        let settle = match self.world {
            World::Sandbox(_) => Duration::ZERO,
            World::Real => SETTLE,
        };
        let account = Account { connection: link.id, label: link.label, identity: link.account };
        Ok(Some((account, settle)))
    }

    /// Fails with everything that would fail about an action before it is frozen, and returns the market to be
    /// frozen with it, where it is one that trades.
    ///
    /// A market order of which the kit says so becomes a limit order at the bound to which the market may move.
    pub(in crate::engine) async fn rehearse(
        &self,
        scope: &Scope<'_>,
        action: &mut Action,
    ) -> Result<Option<MarketView>> {
        let user = scope.user()?;
        let id = scope.upstream_key();
        if let Action::CreateOrder(op) = action {
            let mut prepared = Box::pin(self.rehearsed(user, op, &id)).await?;
            let max_drift = Some(Amount(self.drift(&prepared, user)?));
            // Whoever approves it sees what it is, and not what it leaves open.
            op.env = Some(prepared.desk.env);
            op.order_type = Some(prepared.ticket.order_type);
            op.time_in_force = Some(prepared.ticket.time_in_force);
            op.order_class = Some(prepared.ticket.order_class);
            let collar = self.collar(&prepared, user)?;
            if let Some(limit) = collar {
                op.order_type = Some(OrderType::Limit);
                op.limit_price = Some(Amount(limit));
                (prepared.ticket.order_type, prepared.ticket.limit_price) =
                    (OrderType::Limit, Some(limit));
                prepared.check()?;
                self.within_limits(&prepared, user)?;
            }
            return Ok(Some(MarketView { max_drift, collar: collar.is_some(), ..prepared.view() }));
        }
        if let Action::ClosePosition(op) = action {
            check_id(&id)?;
            let prepared = self.closing(self.desk(user, op.env)?, op, &id).await?;
            prepared.check()?;
            prepared.check_quoted()?;
            op.env = Some(prepared.desk.env);
            let max_drift = Some(Amount(self.drift(&prepared, user)?));
            return Ok(Some(MarketView { max_drift, ..prepared.view() }));
        }
        if let Action::CancelOrder(op) = action {
            let desk = self.desk(user, op.env)?;
            self.order_named(&desk, &op.order).await?;
            op.env = Some(desk.env);
        }
        Ok(None)
    }

    /// Returns by how many percent the market of an order may move between asking and doing.
    fn drift(&self, prepared: &Prepared, user: &User) -> Result<Decimal> {
        let config = self.store.kit_of(user)?.policy.trading_config;
        Ok(limits::drift(config.of(prepared.desk.env), prepared.ticket.class))
    }

    /// Returns the limit at which a market order goes out, where the kit wants one.
    fn collar(&self, prepared: &Prepared, user: &User) -> Result<Option<Decimal>> {
        let (ticket, env) = (&prepared.ticket, prepared.desk.env);
        let kit = self.store.kit_of(user)?;
        let config = kit.policy.trading_config.of(env);
        let applies = ticket.order_type == OrderType::Market && ticket.qty.is_some();
        let price = prepared.facts.quote.and_then(|quote| quote.far(ticket.side));
        let Some(price) = price.filter(|_| applies && limits::collars(config, ticket.class)) else {
            return Ok(None);
        };
        let bound = price * limits::drift(config, ticket.class) / Decimal::ONE_HUNDRED;
        let step = rules::price_step(ticket, &prepared.facts, price);
        // Never across the market: a step may be wider than the bound.
        Ok(Some(match ticket.side {
            Side::Buy => stepped(price + bound, step, RoundingStrategy::ToZero).max(price),
            Side::Sell => stepped(price - bound, step, RoundingStrategy::AwayFromZero).min(price),
        }))
    }

    /// Does what a person approved; `None` of an action that does not trade.
    ///
    /// Fails only if nothing was sent.
    pub(in crate::engine) async fn attempt_trade(
        &self,
        scope: &Scope<'_>,
        (action, key): (&Action, &str),
        (approval, then): (&ApprovalId, Option<&MarketView>),
    ) -> Result<Option<Attempt>> {
        let user = scope.user()?;
        let Some(trade) = trade(action) else { return Ok(None) };
        let (desk, asked) = (self.desk(user, trade.env())?, asked(trade)?);
        if let Some(attempt) = self.known_before(&desk, (user, key), &asked).await? {
            return Ok(Some(attempt));
        }
        let (prepared, closes) = match trade {
            Trade::Place(op) => (self.judged_by(desk, op, key).await?, false),
            Trade::Close(op) => match self.closing(desk, op, key).await {
                Ok(prepared) => (prepared, true),
                Err(error) => return Ok(Some(said(error))),
            },
            Trade::Cancel(op) => {
                let ended = self.cancelled(&desk, &op.order).await;
                return Ok(Some(match ended {
                    Ok(order) => done(written(&order)?),
                    Err(error) => said(error),
                }));
            }
        };
        // What a person has read bounds it, too.
        let agreed = then.and_then(|then| then.max_drift).map_or(Decimal::MAX, |most| most.0);
        let most = self.drift(&prepared, user)?.min(agreed);
        let bound = (prepared.ticket.side, most, closes);
        if let Some(error) = then.and_then(|then| drifted(then, &prepared.view(), bound)) {
            return Ok(Some(said(error)));
        }
        let approval = Some(approval.as_str());
        let behalf = Behalf { user, approval, closes, asked: &asked };
        Box::pin(self.submit(&prepared, behalf)).await.map(Some)
    }

    /// Asks the broker whether it has what was sent under this key; `None` where the action places no order.
    ///
    /// Fails only if nobody can be asked.
    pub(in crate::engine) async fn lookup_trade(
        &self,
        user: &User,
        (action, key): (&Action, &str),
    ) -> Result<Option<Lookup>> {
        let env = match trade(action) {
            Some(Trade::Place(op)) => op.env,
            Some(Trade::Close(op)) => op.env,
            Some(Trade::Cancel(_)) | None => return Ok(None),
        };
        let desk = self.desk(user, env)?;
        self.look_up(&desk, user, key).await.map(Some)
    }
}

/// Rounds a price to a whole step.
fn stepped(price: Decimal, step: Decimal, rounding: RoundingStrategy) -> Decimal {
    let steps = price.checked_div(step).unwrap_or(price);
    (steps.round_dp_with_strategy(0, rounding) * step).normalize()
}

/// Returns what an error means where nothing was done, or what a repetition does no harm to: what may pass, or a
/// no.
fn said(error: Error) -> Attempt {
    let event = match error.code {
        Code::Unauthorized => Event::Unauthorized,
        Code::RateLimited => Event::TooMany,
        Code::ProviderError | Code::InternalError => Event::NotSent,
        Code::InvalidInput
        | Code::Forbidden
        | Code::NotFound
        | Code::DuplicateRequest
        | Code::DuplicateRecord
        | Code::NotConfigured
        | Code::FeatureNotConfigured
        | Code::OutcomeUnknown => Event::Rejected,
    };
    Attempt { event, status: None, result: Value::Null, trouble: Some(error) }
}
