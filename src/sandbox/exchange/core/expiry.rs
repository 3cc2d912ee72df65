//! The ends of days and of options: what is exercised, sold or worthless, and how the account stood.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::desk::{Desk, Draft, derived};
use super::event::{Effect, Kind};
use super::model::{Close, Lot, Position};
use super::order::Status;
use super::{close, fill, funds, hours};
use crate::api::trading::symbol::{Contract, Right, Symbol};
use crate::api::trading::words::AssetClass;
use crate::broker::calendar;
use crate::broker::rules::Refusal;

/// How far an option is in the money from which it is exercised by itself (source: OCC, "exercise by
/// exception", 0.01 dollars).
const IN_THE_MONEY: Decimal = Decimal::from_parts(1, 0, 0, false, 2);

impl Desk<'_> {
    /// Ends the orders whose time is over.
    pub(super) fn expire_orders(&mut self) {
        for seq in self.account.orders.ended(self.now) {
            self.end(seq, Status::Expired);
        }
    }

    /// Sells options that end today: those worth something that cannot all be exercised. Dollars and shares that
    /// one of them will need are gone for those after it.
    pub(super) fn liquidate_options(&mut self) {
        let mut spent = Spent::default();
        for (symbol, contract, qty) in self.ending() {
            if qty <= Decimal::ZERO || !self.in_the_money(&contract) {
                continue;
            }
            if self.can_exercise(&contract, qty, &spent) {
                spent.note(&contract, qty);
            } else {
                self.liquidate(&symbol, qty);
            }
        }
    }

    fn liquidate(&mut self, symbol: &Symbol, qty: Decimal) {
        let Some(bid) = self.quote(symbol).and_then(|quote| quote.bid) else {
            return;
        };
        let seqs: Vec<u64> = self.account.orders.of(symbol).map(|order| order.seq).collect();
        for seq in seqs {
            self.end(seq, Status::Canceled);
        }
        let id = derived(&self.account.id, &format!("liquidation {symbol}"));
        let ticket = close::ticket((symbol, AssetClass::UsOption), qty, qty, &id);
        let order = self.draft(&ticket, id);
        let seq = order.seq;
        self.save(order);
        self.fill(seq, fill::Terms { qty, price: bid, maker: false });
    }

    /// Ends the options whose last session has closed.
    pub(super) fn expire_options(&mut self) {
        for (symbol, contract, qty) in self.ending() {
            let worth = self.in_the_money(&contract);
            if worth && qty < Decimal::ZERO {
                self.deliver(&symbol, &contract, Kind::Opasn);
            } else if worth && self.can_exercise(&contract, qty, &Spent::default()) {
                self.deliver(&symbol, &contract, Kind::Opexc);
            } else {
                self.drop_option(&symbol, Kind::Opexp);
            }
        }
    }

    /// Exercises an option that is held, all contracts of it.
    pub(super) fn exercise(&mut self, symbol: &Symbol) -> Result<(), Refusal> {
        let position = self.account.positions.get(symbol);
        let position = position.filter(|position| position.qty > Decimal::ZERO);
        let (Some(position), Some(contract)) = (position, symbol.contract()) else {
            return Err(Refusal::missing("position does not exist"));
        };
        let qty = position.qty;
        if funds::available(self.account, self.market, symbol, self.now) < qty {
            return Err(self.not_available(symbol, qty));
        }
        if !self.can_exercise(&contract, qty, &Spent::default()) {
            return Err(match contract.right {
                Right::Call => Refusal::forbidden("insufficient buying power"),
                Right::Put => {
                    Refusal::forbidden("insufficient underlying qty available for exercise")
                }
            });
        }
        self.deliver(symbol, &contract, Kind::Opexc);
        Ok(())
    }

    /// Returns the options that are held and end with today's session or did before.
    fn ending(&self) -> Vec<(Symbol, Contract, Decimal)> {
        let day = calendar::session(calendar::date(self.now)).map(|session| session.close);
        let options = self.account.positions.iter();
        let options = options.filter(|(_, position)| position.class == AssetClass::UsOption);
        let over = options.filter(|(symbol, _)| {
            hours::last_close(symbol).zip(day).is_some_and(|(last, close)| last <= close)
        });
        let parts = over.filter_map(|(symbol, position)| {
            Some((symbol.clone(), symbol.contract()?, position.qty))
        });
        parts.collect()
    }

    fn in_the_money(&self, contract: &Contract) -> bool {
        let last = root(contract).and_then(|root| self.last(&root));
        last.is_some_and(|last| match contract.right {
            Right::Call => last - contract.strike >= IN_THE_MONEY,
            Right::Put => contract.strike - last >= IN_THE_MONEY,
        })
    }

    /// Tells whether there are the dollars, or the shares, to exercise so many contracts beside others.
    fn can_exercise(&self, contract: &Contract, qty: Decimal, spent: &Spent) -> bool {
        let shares = qty.saturating_mul(Decimal::ONE_HUNDRED);
        match (contract.right, root(contract)) {
            (_, None) => false,
            (Right::Call, Some(root)) => {
                let short =
                    self.account.positions.get(&root).is_some_and(|p| p.qty < Decimal::ZERO);
                let free = funds::free_cash(self.account, self.market, self.now);
                let cost = contract.strike.saturating_mul(shares);
                !short && free.saturating_sub(spent.dollars) >= cost
            }
            (Right::Put, Some(root)) => {
                let position = self.account.positions.get(&root);
                let free = funds::available(self.account, self.market, &root, self.now);
                position.is_some_and(|position| position.qty > Decimal::ZERO)
                    && free.saturating_sub(spent.shares(contract)) >= shares
            }
        }
    }

    /// Turns options into shares at their strike.
    fn deliver(&mut self, symbol: &Symbol, contract: &Contract, kind: Kind) {
        let Some(qty) = self.drop_option(symbol, kind) else {
            return;
        };
        let Some(root) = root(contract) else {
            return;
        };
        let calls = if contract.right == Right::Call { qty } else { -qty };
        let shares = calls.saturating_mul(Decimal::ONE_HUNDRED);
        let cash = -shares.saturating_mul(contract.strike);
        self.account.cash = self.account.cash.saturating_add(cash).normalize();
        let listed = self.market.listed(&root, self.now);
        let asset_id = listed.map(|listed| listed.id).unwrap_or_default();
        self.add(&root, (&asset_id, AssetClass::UsEquity), (shares, contract.strike));
        self.note(Draft {
            kind: Kind::Optrd,
            symbol: Some(root),
            qty: Some(shares),
            price: Some(contract.strike),
            net_amount: cash,
            fill: None,
        });
    }

    /// Takes an option out of the account, with the orders on it, and returns how much it was.
    fn drop_option(&mut self, symbol: &Symbol, kind: Kind) -> Option<Decimal> {
        let seqs: Vec<u64> = self.account.orders.of(symbol).map(|order| order.seq).collect();
        for seq in seqs {
            self.end(seq, Status::Canceled);
        }
        let position = self.account.positions.remove(symbol)?;
        self.note(Draft {
            kind,
            symbol: Some(symbol.clone()),
            qty: Some(-position.qty),
            price: None,
            net_amount: Decimal::ZERO,
            fill: None,
        });
        Some(position.qty)
    }

    /// Notes how the account stands at a close, and makes one lot of what the day added to each position.
    pub(super) fn roll_over(&mut self) {
        let (market, now) = (self.market, self.now);
        let worth = funds::worth(self.account, market, now);
        let close = Close {
            at: now,
            equity: worth.equity.normalize(),
            cash: self.account.cash,
            long_market_value: worth.long_market_value.normalize(),
            short_market_value: worth.short_market_value.normalize(),
            maintenance_margin: worth.maintenance_margin.normalize(),
        };
        self.account.last_close = close.clone();
        for (symbol, position) in &mut self.account.positions {
            let price = funds::price(market, symbol, position, now);
            position.lastday_price = Some(price.normalize());
            position.lastday_qty = position.qty;
            compress(position, now);
        }
        self.effects.push(Effect::Close(close));
    }
}

/// What is set apart for options that will be exercised.
#[derive(Default)]
struct Spent {
    dollars: Decimal,
    shares: BTreeMap<String, Decimal>,
}

impl Spent {
    fn note(&mut self, contract: &Contract, qty: Decimal) {
        let shares = qty.saturating_mul(Decimal::ONE_HUNDRED);
        match contract.right {
            Right::Call => {
                let cost = contract.strike.saturating_mul(shares);
                self.dollars = self.dollars.saturating_add(cost);
            }
            Right::Put => {
                let sum = self.shares(contract).saturating_add(shares);
                self.shares.insert(contract.root.clone(), sum);
            }
        }
    }

    fn shares(&self, contract: &Contract) -> Decimal {
        self.shares.get(&contract.root).copied().unwrap_or_default()
    }
}

/// Makes one lot of what a day has added, and takes what it has closed from the oldest ones.
fn compress(position: &mut Position, at: crate::api::time::Millis) {
    let today = std::mem::replace(&mut position.today, Lot::empty());
    if today.qty > Decimal::ZERO {
        position.lots.push(Lot { day: Some(calendar::date(at)), ..today });
    }
    let mut closed = std::mem::take(&mut position.closed_today);
    if closed.is_zero() {
        return;
    }
    for lot in &mut position.lots {
        let taken = lot.qty.min(closed);
        let value = lot.value.checked_div(lot.qty).unwrap_or_default() * taken;
        lot.value = (lot.value - value).round_dp(12).normalize();
        lot.qty = (lot.qty - taken).normalize();
        closed -= taken;
    }
    position.lots.retain(|lot| lot.qty > Decimal::ZERO);
    let value: Decimal = position.lots.iter().map(|lot| lot.value).sum();
    let average = value.checked_div(position.qty.abs()).unwrap_or(position.avg_entry_price);
    position.avg_entry_price = average.round_dp(12).normalize();
}

fn root(contract: &Contract) -> Option<Symbol> {
    contract.root.parse().ok()
}
