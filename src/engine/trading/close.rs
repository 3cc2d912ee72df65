//! Closing a position: an order like any other, which only takes away from what is held.

use rust_decimal::{Decimal, RoundingStrategy};

use super::Trade;
use super::desk::Desk;
use super::orders::check_id;
use super::prepare::Prepared;
use super::reads::nothing_held;
use super::submit::{Behalf, asked};
use crate::api::error::{Code, Error, Result};
use crate::api::trading::account::Object;
use crate::api::trading::amount::Amount;
use crate::api::trading::order::{ClosePosition, CreateOrder};
use crate::api::trading::words::{AssetClass, PositionIntent, Side};
use crate::broker::rules::Held;
use crate::broker::{self, text_of};
use crate::engine::{Engine, Scope};

/// Most digits of a quantity after the point.
const PLACES: u32 = 9;

impl Engine {
    pub(in crate::engine) async fn close_position(
        &self,
        scope: &Scope<'_>,
        op: &ClosePosition,
    ) -> Result<Object> {
        let (user, id) = (scope.user()?, scope.upstream_key());
        check_id(&id)?;
        let (desk, asked) = (self.desk(user, op.env)?, asked(Trade::Close(op))?);
        if let Some(attempt) = self.known_before(&desk, (user, &id), &asked).await? {
            return self.ended(&desk, (user, &id), attempt).await;
        }
        let prepared = self.closing(desk, op, &id).await?;
        let behalf = Behalf { user, approval: None, closes: true, asked: &asked };
        self.placed(&prepared, behalf).await
    }

    /// Learns what a position is, and makes the order that closes it.
    ///
    /// Fails with `NotFound` if nothing is held, and with the reason `drift` if it changes in between.
    pub(super) async fn closing(
        &self,
        desk: Desk,
        op: &ClosePosition,
        id: &str,
    ) -> Result<Prepared> {
        let Some(position) = self.position(&desk, &op.symbol).await? else {
            return Err(nothing_held(&op.symbol));
        };
        let held = broker::held(&position);
        let class = text_of(&position, "asset_class").and_then(|class| class.parse().ok());
        let order = order(op, &held, class.unwrap_or_else(|| op.symbol.class()))?;
        let prepared = Box::pin(self.judged_by(desk, &order, id)).await?;
        if prepared.facts.held.is_some_and(|now| now.qty == held.qty) {
            return Ok(prepared);
        }
        Err(Error::new(
            Code::Forbidden,
            format!("the position in `{}` has just changed", op.symbol),
        )
        .hint("look at it with `naive trading positions`, then close it again")
        .reason("drift"))
    }
}

/// Returns the order that closes so much of a position.
fn order(op: &ClosePosition, held: &Held, class: AssetClass) -> Result<CreateOrder> {
    let all = held.qty.abs();
    let qty = match (op.qty, op.percentage) {
        (Some(qty), _) => qty.0,
        (None, Some(percentage)) => part(all, percentage.0, class)?,
        (None, None) => all,
    };
    if qty > all || qty <= Decimal::ZERO {
        let text =
            format!("`{}` of `{}` cannot be closed: {all} is held", qty.normalize(), op.symbol);
        return Err(Error::new(Code::InvalidInput, text)
            .hint("leave out `--qty` to close all of it")
            .reason("close_qty"));
    }
    let (side, intent) = if held.qty > Decimal::ZERO {
        (Side::Sell, PositionIntent::SellToClose)
    } else {
        (Side::Buy, PositionIntent::BuyToClose)
    };
    // Coins are never sold short, and their orders say nothing of it.
    let position_intent = Some(intent).filter(|_| class != AssetClass::Crypto);
    // The broker's list of assets knows both spellings of a coin.
    let order = CreateOrder::market(op.symbol.clone(), side, Amount(qty));
    Ok(CreateOrder { position_intent, ..order })
}

/// Returns so many percent of a quantity, in whole steps of what may be traded; all of it for 100.
fn part(all: Decimal, percentage: Decimal, class: AssetClass) -> Result<Decimal> {
    if percentage <= Decimal::ZERO || percentage > Decimal::ONE_HUNDRED {
        return Err(Error::new(Code::InvalidInput, "percentage must be between 0 and 100")
            .hint("100 closes all of it")
            .reason("close_percentage"));
    }
    let places = match class {
        AssetClass::UsOption => 0,
        AssetClass::UsEquity | AssetClass::Crypto => PLACES,
    };
    let part = all * percentage / Decimal::ONE_HUNDRED;
    Ok(part.round_dp_with_strategy(places, RoundingStrategy::ToZero))
}
