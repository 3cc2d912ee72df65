//! How positions are closed on demand.

use rust_decimal::Decimal;

use super::desk::{Desk, derived};
use super::event::{Answer, Part};
use super::{funds, hours};
use crate::api::trading::symbol::Symbol;
use crate::api::trading::words::{AssetClass, Side};
use crate::broker::rules::{self, Facts, Listing, Refusal};
use crate::broker::ticket::{Ticket, plain};

impl Desk<'_> {
    /// Closes a position or a part of it at the market.
    pub(super) fn close(
        &mut self,
        symbol: &Symbol,
        part: Part,
        id: String,
    ) -> Result<Answer, Refusal> {
        let Some(position) = self.account.positions.get(symbol) else {
            return Err(Refusal::missing("position does not exist"));
        };
        let (held, class) = (position.qty, position.class);
        let qty = match part {
            Part::All => held.abs(),
            Part::Qty(qty) => qty,
            Part::Percent(percent) if percent == Decimal::ONE_HUNDRED => held.abs(),
            Part::Percent(percent) => {
                if percent <= Decimal::ZERO || percent > Decimal::ONE_HUNDRED {
                    return Err(Refusal::unfit("percentage must be > 0 and <= 100"));
                }
                let share = held.abs().saturating_mul(percent) / Decimal::ONE_HUNDRED;
                hours::floor(share, self.places(symbol, class, held))
            }
        };
        if qty <= Decimal::ZERO {
            return Err(Refusal::malformed("qty must be > 0"));
        }
        if qty.normalize().scale() > self.places(symbol, class, held).max(held.scale()) {
            return Err(Refusal::unfit("qty must be integer"));
        }
        if qty > funds::available(self.account, self.market, symbol, self.now) {
            return Err(self.not_available(symbol, qty));
        }
        let ticket = ticket((symbol, class), qty, held, &id);
        let facts = self.facts(&ticket, false);
        rules::check(
            &ticket,
            &match class {
                AssetClass::UsOption => facts,
                AssetClass::UsEquity | AssetClass::Crypto => whatever_it_is_worth(facts),
            },
        )?;
        Ok(self.accept(&ticket, id))
    }

    /// Says that less is free of what is held than was asked for.
    pub(super) fn not_available(&self, symbol: &Symbol, wanted: Decimal) -> Refusal {
        let held = funds::held(self.account, self.market, symbol, self.now);
        let (all, free) = (held.qty.abs(), held.available);
        let side = if held.qty > Decimal::ZERO { Side::Sell } else { Side::Buy };
        let related: Vec<String> =
            self.account.orders.side(symbol, side).map(|order| order.id.clone()).collect();
        Refusal::forbidden(format!(
            "insufficient qty available for order (requested: {}, available: {})",
            plain(wanted),
            plain(free)
        ))
        .with("available", plain(free))
        .with("existing_qty", plain(all))
        .with("held_for_orders", plain(all - free))
        .with("related_orders", related)
        .with("symbol", symbol.as_str())
    }

    /// Closes all positions in the order of their symbols.
    pub(super) fn close_all(&mut self, cancel_orders: bool, id: &str) -> Answer {
        if cancel_orders {
            self.cancel_all();
        }
        let symbols: Vec<Symbol> = self.account.positions.keys().cloned().collect();
        let mut rows = Vec::new();
        for symbol in symbols {
            let own = derived(id, symbol.as_str());
            match self.close(&symbol, Part::All, own) {
                Ok(Answer::Order(order, _)) => rows.push((symbol, Ok(*order))),
                Ok(Answer::Done | Answer::Canceled(_) | Answer::Closed(_)) => {}
                Err(refusal) => rows.push((symbol, Err(refusal))),
            }
        }
        Answer::Closed(rows)
    }

    /// Returns how many digits after the point a quantity may have.
    fn places(&self, symbol: &Symbol, class: AssetClass, held: Decimal) -> u32 {
        let listed = self.market.listed(symbol, self.now);
        let parts = listed.is_some_and(|listed| listed.fractionable);
        match class {
            AssetClass::Crypto => 9,
            AssetClass::UsEquity if parts && held > Decimal::ZERO => 9,
            AssetClass::UsEquity | AssetClass::UsOption => 0,
        }
    }
}

/// Leaves out what would keep a small rest from being closed, and an account that is suspended from closing.
fn whatever_it_is_worth(facts: Facts) -> Facts {
    Facts { quote: None, account: None, asset: Listing::Unasked, ..facts }
}

/// Returns the order that takes so much of a position back.
pub(super) fn ticket(
    (symbol, class): (&Symbol, AssetClass),
    qty: Decimal,
    held: Decimal,
    id: &str,
) -> Ticket {
    let side = if held > Decimal::ZERO { Side::Sell } else { Side::Buy };
    let id = derived(id, "client_order_id");
    Ticket::market((symbol.clone(), class), side, qty.normalize(), id)
}
