//! What a fill changes: the order, the position, the cash, and what hangs together with the order.

use rust_decimal::{Decimal, RoundingStrategy};

use super::desk::{Desk, Draft};
use super::event::{Fill, Kind};
use super::model::{Lot, Position};
use super::order::{Order, Role, Status};
use super::{funds, hours};
use crate::api::trading::symbol::Symbol;
use crate::api::trading::words::{AssetClass, Side};

/// Fee of whoever takes what the market offers, in parts of one (source: Alpaca docs, "Crypto fees", lowest
/// tier, 2026-05).
const TAKER: Decimal = Decimal::from_parts(25, 0, 0, false, 4);
/// Fee of whoever waited at the market.
const MAKER: Decimal = Decimal::from_parts(15, 0, 0, false, 4);

/// How much is filled at what price.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    /// How much
    pub(super) qty: Decimal,
    /// At what price
    pub(super) price: Decimal,
    /// Whether the order had waited for it
    pub(super) maker: bool,
}

impl Desk<'_> {
    /// Fills an order that is open.
    pub(super) fn fill(&mut self, seq: u64, terms: Terms) {
        let Some(mut order) = self.account.orders.take(seq) else {
            return;
        };
        let Terms { qty, price, maker } = terms;
        order.filled_qty = (order.filled_qty + qty).normalize();
        order.filled_value =
            order.filled_value.saturating_add(qty.saturating_mul(price)).normalize();
        let whole = order.notional.is_some() || order.left() <= Decimal::ZERO;
        order.status = if whole { Status::Filled } else { Status::PartiallyFilled };
        order.filled_at = whole.then_some(self.now);
        self.save(order.clone());
        let value = qty.saturating_mul(price).saturating_mul(order.size()).round_dp(9);
        let (signed, cash) = match order.side {
            Side::Buy => (qty, -value),
            Side::Sell => (-qty, value),
        };
        self.account.cash = self.account.cash.saturating_add(cash).normalize();
        self.note(Draft {
            kind: Kind::Fill,
            symbol: Some(order.symbol.clone()),
            qty: Some(qty),
            price: Some(price),
            net_amount: cash,
            fill: Some(Fill {
                order_id: order.id.clone(),
                order_status: order.status,
                side: order.side,
                whole,
                leaves_qty: order.left(),
                cum_qty: order.filled_qty,
            }),
        });
        let fee = self.charge(&order, terms, maker);
        self.add(&order.symbol, (&order.asset_id, order.class), (signed - fee, price));
        self.after_fill(&order, qty);
    }

    /// Takes the fee of a fill from what is received, and returns how much of the coin that is.
    fn charge(&mut self, order: &Order, terms: Terms, maker: bool) -> Decimal {
        match order.class {
            AssetClass::Crypto => {}
            AssetClass::UsEquity | AssetClass::UsOption => return Decimal::ZERO,
        }
        let rate = if maker { MAKER } else { TAKER };
        let up = RoundingStrategy::AwayFromZero;
        let (coins, dollars) = match order.side {
            Side::Buy => ((terms.qty * rate).round_dp_with_strategy(9, up), Decimal::ZERO),
            Side::Sell => {
                let dollars = terms.qty.saturating_mul(terms.price).saturating_mul(rate);
                (Decimal::ZERO, dollars.round_dp_with_strategy(9, up))
            }
        };
        self.account.cash = self.account.cash.saturating_sub(dollars).normalize();
        self.note(Draft {
            kind: Kind::Cfee,
            symbol: Some(order.symbol.clone()),
            qty: Some(-coins),
            price: Some(terms.price),
            net_amount: -dollars,
            fill: None,
        });
        coins
    }

    /// Adds to a position, or takes away from it where the sign is the other one. One of zero is removed; a fee
    /// may leave nothing to add.
    pub(super) fn add(
        &mut self,
        symbol: &Symbol,
        (asset_id, class): (&str, AssetClass),
        (signed, price): (Decimal, Decimal),
    ) {
        if signed.is_zero() {
            return;
        }
        let before = self.account.positions.get(symbol).map_or(Decimal::ZERO, |held| held.qty);
        let after = before.saturating_add(signed);
        if !before.is_zero()
            && !after.is_zero()
            && before.is_sign_negative() != after.is_sign_negative()
        {
            self.add(symbol, (asset_id, class), (-before, price));
            return self.add(symbol, (asset_id, class), (after, price));
        }
        let positions = &mut self.account.positions;
        let position = positions.entry(symbol.clone()).or_insert_with(|| Position {
            asset_id: asset_id.to_owned(),
            class,
            qty: Decimal::ZERO,
            avg_entry_price: Decimal::ZERO,
            lots: Vec::new(),
            today: Lot::empty(),
            closed_today: Decimal::ZERO,
            lastday_price: None,
            lastday_qty: Decimal::ZERO,
        });
        let held = position.qty.abs();
        let grows =
            position.qty.is_zero() || (position.qty > Decimal::ZERO) == (signed > Decimal::ZERO);
        if grows {
            let value = price.saturating_mul(signed.abs());
            let before = position.avg_entry_price.saturating_mul(held);
            let average =
                before.saturating_add(value).checked_div(held.saturating_add(signed.abs()));
            position.avg_entry_price = average.unwrap_or(price).round_dp(12).normalize();
            position.today.qty = position.today.qty.saturating_add(signed.abs());
            position.today.value = position.today.value.saturating_add(value);
        } else {
            position.closed_today = position.closed_today.saturating_add(signed.abs());
        }
        position.qty = position.qty.saturating_add(signed).normalize();
        if position.qty.is_zero() {
            positions.remove(symbol);
        }
    }

    /// Lets the group of an order follow its fill.
    fn after_fill(&mut self, order: &Order, qty: Decimal) {
        let whole = order.status == Status::Filled;
        match order.role {
            Some(Role::Entry) if whole => self.arm(order),
            None | Some(Role::Entry) => {}
            Some(Role::TakeProfit) if whole => self.end_siblings(order, Status::Canceled),
            Some(Role::TakeProfit) => self.shrink_sibling(order, qty),
            Some(Role::StopLoss) => self.end_siblings(order, Status::Canceled),
        }
    }

    /// Lets the group of an order follow its end: an exit without its entry or its sibling has no sense.
    pub(super) fn after_end(&mut self, order: &Order, status: Status) {
        let with = match status {
            Status::Expired => Status::Expired,
            Status::Canceled
            | Status::Rejected
            | Status::PendingNew
            | Status::Accepted
            | Status::New
            | Status::Held
            | Status::PartiallyFilled
            | Status::Filled
            | Status::DoneForDay
            | Status::Replaced
            | Status::PendingCancel
            | Status::PendingReplace
            | Status::Stopped
            | Status::Suspended
            | Status::Calculated
            | Status::AcceptedForBidding => Status::Canceled,
        };
        match order.role {
            None => {}
            Some(Role::Entry) => self.end_siblings(order, Status::Canceled),
            Some(Role::TakeProfit | Role::StopLoss) => self.end_siblings(order, with),
        }
    }

    fn siblings(&self, order: &Order) -> Vec<Order> {
        let group = order.group.as_deref().unwrap_or_default();
        self.account.orders.group(group).filter(|other| other.seq != order.seq).cloned().collect()
    }

    fn end_siblings(&mut self, order: &Order, status: Status) {
        for sibling in self.siblings(order) {
            self.drop_order(sibling.seq, status);
        }
    }

    /// Brings the exits to the market once their entry is filled whole: the take-profit waits there, the
    /// stop-loss watches beside it. They are for what is still there of what the entry brought.
    fn arm(&mut self, entry: &Order) {
        let free = funds::available(self.account, self.market, &entry.symbol, self.now);
        let qty = entry.filled_qty.min(free);
        if qty.is_zero() {
            return self.end_siblings(entry, Status::Canceled);
        }
        let exits = self.siblings(entry);
        let both = exits.len() > 1;
        for mut exit in exits {
            exit.armed = true;
            if exit.expires_at.is_some_and(|end| end <= self.now) {
                let terms = (exit.time_in_force, exit.extended_hours);
                exit.expires_at = hours::end((&exit.symbol, exit.class), terms, self.now);
            }
            exit.status = match exit.role {
                Some(Role::StopLoss) if both => Status::Held,
                Some(Role::StopLoss | Role::TakeProfit | Role::Entry) | None => Status::New,
            };
            exit.qty = Some(qty);
            self.save(exit);
        }
    }

    fn shrink_sibling(&mut self, order: &Order, qty: Decimal) {
        for mut sibling in self.siblings(order) {
            sibling.qty = sibling.qty.map(|whole| (whole - qty).normalize());
            self.save(sibling);
        }
    }
}
