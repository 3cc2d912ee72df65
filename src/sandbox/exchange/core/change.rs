//! How orders are canceled and replaced.

use rust_decimal::Decimal;

use super::desk::{Desk, derived};
use super::event::{Answer, Changes};
use super::funds;
use super::order::{Order, Role, Status};
use super::submit::answer;
use crate::api::trading::words::{OrderClass, OrderType};
use crate::broker::rules::{self, Facts, Refusal};
use crate::broker::ticket::Ticket;

impl Desk<'_> {
    /// Cancels an order and its group.
    pub(super) fn cancel(&mut self, id: &str, ended: Option<Status>) -> Result<Answer, Refusal> {
        let seq = self.open(id, ended)?.seq;
        let before = self.effects.len();
        self.end(seq, Status::Canceled);
        Ok(answer(&self.effects[before..], id))
    }

    /// Cancels all orders in the order of their numbers.
    pub(super) fn cancel_all(&mut self) -> Vec<Order> {
        let seqs: Vec<u64> = self.account.orders.all().map(|order| order.seq).collect();
        let canceled = seqs.into_iter().filter_map(|seq| self.drop_order(seq, Status::Canceled));
        canceled.collect()
    }

    fn open(&self, id: &str, ended: Option<Status>) -> Result<&Order, Refusal> {
        match (self.account.orders.find(id), ended) {
            (Some(order), _) => Ok(order),
            (None, Some(status)) => {
                let status = status.as_str();
                Err(Refusal::unfit(format!("order is already in \"{status}\" state")))
            }
            (None, None) => Err(Refusal::missing(format!("order not found for {id}"))),
        }
    }

    /// Puts another order in the place of one, or refuses it and changes nothing.
    pub(super) fn replace(
        &mut self,
        (id, ended): (&str, Option<Status>),
        new_id: String,
        (changes, taken): (&Changes, bool),
    ) -> Result<Answer, Refusal> {
        let old = self.open(id, ended)?.clone();
        changeable(&old, changes)?;
        let ticket = self.ticket(&old, &new_id, changes);
        self.account.orders.take(old.seq);
        let judged = self.judged(&old, &ticket, taken);
        self.account.orders.put(old.clone());
        judged?;
        Ok(self.swap(old, new_id, &ticket))
    }

    /// Judges a replacement as if the order that it replaces were gone. One that hangs together with others is
    /// free of the rules on opposite orders, as the whole of them was.
    fn judged(&self, old: &Order, ticket: &Ticket, taken: bool) -> Result<(), Refusal> {
        let mut facts = self.facts(ticket, taken);
        if old.role.is_some() {
            facts.open = Some(Vec::new());
        }
        let exit = old.parent.is_some();
        let wanted = ticket.qty.unwrap_or_default();
        match old.role {
            Some(Role::TakeProfit | Role::StopLoss) if !old.armed => {
                return self.beside_entry(old, ticket, &facts);
            }
            Some(Role::TakeProfit | Role::StopLoss) if exit && wanted > old.left() => {
                return Err(self.not_available(&ticket.symbol, wanted));
            }
            Some(Role::TakeProfit | Role::StopLoss) => {
                rules::check_exit(&self.pair_of(old, ticket), &facts)?;
                let group = old.group.as_deref().unwrap_or_default();
                let others = self.account.orders.group(group);
                let beside: Decimal =
                    others.map(|other| funds::claim(other, self.market, self.now)).sum();
                if let Some(held) = &mut facts.held {
                    held.available += beside;
                }
            }
            Some(Role::Entry) | None => {}
        }
        rules::check(ticket, &facts)?;
        self.fits(ticket, &facts)
    }

    /// Judges the change of an exit whose entry is not filled: how many of it there will be to sell follows from
    /// the entry alone, and its prices lie where they could have been placed.
    fn beside_entry(&self, old: &Order, ticket: &Ticket, facts: &Facts) -> Result<(), Refusal> {
        let group = old.group.as_deref().unwrap_or_default();
        let mut others = self.account.orders.group(group);
        let Some(entry) = others.find(|order| order.role == Some(Role::Entry)) else {
            return Err(Refusal::unfit("unable to replace order, order is not open"));
        };
        let (pair, gains) = (self.pair_of(old, ticket), old.role == Some(Role::TakeProfit));
        let unchanged = self.ticket(entry, &entry.id, &Changes::default());
        let whole = Ticket {
            time_in_force: ticket.time_in_force,
            take_profit: pair.take_profit,
            stop_loss: pair.stop_loss,
            client_order_id: ticket.client_order_id.clone(),
            ..unchanged
        };
        rules::check_exit(&whole, facts)?;
        let alone = Ticket {
            take_profit: whole.take_profit.filter(|_| gains),
            stop_loss: whole.stop_loss.filter(|_| !gains),
            stop_loss_limit: ticket.limit_price.filter(|_| !gains),
            ..whole
        };
        rules::check_beyond(&alone, facts)
    }

    /// Returns an exit and the one beside it as one order: as if the two were placed anew.
    fn pair_of(&self, old: &Order, ticket: &Ticket) -> Ticket {
        let group = old.group.as_deref().unwrap_or_default();
        let other = |role| {
            let mut others = self.account.orders.group(group);
            others.find(|order| order.role == Some(role) && order.seq != old.seq)
        };
        let (take_profit, stop_loss) = match old.role {
            Some(Role::StopLoss) => {
                let gain = other(Role::TakeProfit).and_then(|order| order.limit_price);
                (gain, ticket.stop_price)
            }
            Some(Role::TakeProfit | Role::Entry) | None => {
                let loss = other(Role::StopLoss).and_then(|order| order.stop_price);
                (ticket.limit_price, loss)
            }
        };
        let order_class = OrderClass::Oco;
        Ticket { order_class, take_profit, stop_loss, ..ticket.clone() }
    }

    fn swap(&mut self, old: Order, new_id: String, ticket: &Ticket) -> Answer {
        let before = self.effects.len();
        let mut old_now = old.clone();
        old_now.replaced_by = Some(new_id.clone());
        self.account.orders.put(old_now);
        self.drop_order(old.seq, Status::Replaced);
        let mut new = self.draft(ticket, new_id.clone());
        new.order_class = old.order_class;
        new.intent = old.intent;
        new.qty = ticket.qty.map(|qty| qty + old.filled_qty);
        (new.filled_qty, new.filled_value) = (old.filled_qty, old.filled_value);
        (new.hwm, new.triggered, new.armed) = (old.hwm, old.triggered, old.armed);
        (new.role, new.group, new.parent) = (old.role, old.group.clone(), old.parent.clone());
        new.legs.clone_from(&old.legs);
        new.replaces = Some(old.id.clone());
        if old.time_in_force == new.time_in_force {
            new.expires_at = old.expires_at;
        }
        if old.status == Status::Held {
            new.status = Status::Held;
        }
        if !old.opens() {
            (new.reserved, new.reserve_each, new.cap) = (Decimal::ZERO, Decimal::ZERO, None);
        }
        if old.triggered {
            new.cap = old.cap;
        }
        let seq = new.seq;
        let left = new.left();
        self.save(new.clone());
        self.follow_replacement(&old, &new, left);
        let shown = self.effects.len();
        if old.armed {
            self.judge_all([seq]);
        }
        let end = if self.account.switches.instant { self.effects.len() } else { shown };
        answer(&self.effects[before..end], &new_id)
    }

    /// Tells the group of a replaced order who is in its place, and how much there is to exit from.
    fn follow_replacement(&mut self, old: &Order, new: &Order, left: Decimal) {
        let group = old.group.as_deref().unwrap_or_default();
        let others: Vec<Order> = self.account.orders.group(group).cloned().collect();
        for mut other in others.into_iter().filter(|other| other.seq != new.seq) {
            let before = other.clone();
            if other.parent.as_deref() == Some(&old.id) {
                other.parent = Some(new.id.clone());
            }
            if let Some(at) = other.legs.iter().position(|leg| *leg == old.id) {
                other.legs[at].clone_from(&new.id);
            }
            match new.role {
                Some(Role::Entry) => {
                    other.qty = new.qty;
                    (other.time_in_force, other.expires_at) = (new.time_in_force, new.expires_at);
                }
                Some(Role::TakeProfit | Role::StopLoss) if new.armed => {
                    other.qty = Some(other.filled_qty + left);
                }
                Some(Role::TakeProfit | Role::StopLoss) | None => {}
            }
            if other != before {
                self.save(other);
            }
        }
    }

    /// Returns a replacement as the rules judge it: what is filled already is not asked for again.
    fn ticket(&self, old: &Order, new_id: &str, changes: &Changes) -> Ticket {
        let exit = |role| {
            let group = old.group.as_deref().unwrap_or_default();
            self.account.orders.group(group).find(|other| other.role == Some(role))
        };
        let entry = old.role == Some(Role::Entry);
        let loss = exit(Role::StopLoss).filter(|_| entry);
        let client = changes.client_order_id.clone().filter(|id| *id != old.client_order_id);
        Ticket {
            symbol: old.symbol.clone(),
            class: old.class,
            side: old.side,
            qty: changes.qty.or(old.qty).map(|qty| qty - old.filled_qty),
            notional: None,
            order_type: old.order_type,
            time_in_force: changes.time_in_force.unwrap_or(old.time_in_force),
            limit_price: changes.limit_price.or(old.limit_price),
            stop_price: match old.order_type {
                OrderType::TrailingStop => None,
                OrderType::Market | OrderType::Limit | OrderType::Stop | OrderType::StopLimit => {
                    changes.stop_price.or(old.stop_price)
                }
            },
            trail_price: old.trail_price.map(|trail| changes.trail.unwrap_or(trail)),
            trail_percent: old.trail_percent.map(|trail| changes.trail.unwrap_or(trail)),
            order_class: if entry { old.order_class } else { OrderClass::Simple },
            take_profit: exit(Role::TakeProfit).filter(|_| entry).and_then(|o| o.limit_price),
            stop_loss: loss.and_then(|order| order.stop_price),
            stop_loss_limit: loss.and_then(|order| order.limit_price),
            extended_hours: old.extended_hours,
            intent: Some(old.intent),
            client_order_id: client.unwrap_or_else(|| derived(new_id, "client_order_id")),
        }
    }
}

/// Refuses to replace an order that cannot be, and changes that change nothing.
///
/// What is said of orders in dollars, of parts of shares, of a trail and of an exit's quantity is not recorded;
/// the words follow their neighbours'.
fn changeable(old: &Order, changes: &Changes) -> Result<(), Refusal> {
    match old.status {
        Status::New | Status::PartiallyFilled | Status::Held => {}
        Status::PendingNew
        | Status::Accepted
        | Status::Filled
        | Status::DoneForDay
        | Status::Canceled
        | Status::Expired
        | Status::Replaced
        | Status::PendingCancel
        | Status::PendingReplace
        | Status::Rejected
        | Status::Stopped
        | Status::Suspended
        | Status::Calculated
        | Status::AcceptedForBidding => {
            return Err(Refusal::unfit("unable to replace order, order is not open"));
        }
    }
    let whole = |qty: Option<Decimal>| qty.is_none_or(|qty| qty.fract().is_zero());
    if old.notional.is_some() || !whole(old.qty) {
        return Err(Refusal::unfit("notional and fractional orders cannot be replaced"));
    }
    if !whole(changes.qty) {
        return Err(Refusal::unfit("qty must be integer"));
    }
    if changes.qty.is_some() && !old.armed {
        return Err(Refusal::unfit("qty cannot be changed before the entry order is filled"));
    }
    if changes.qty.is_some_and(|qty| qty <= old.filled_qty) {
        return Err(Refusal::unfit("qty must be > filled_qty"));
    }
    let trail = old.trail_price.or(old.trail_percent);
    if changes.trail.is_some() && (trail.is_none() || old.triggered) {
        return Err(Refusal::unfit(
            "trail can only be changed before a trailing stop is triggered",
        ));
    }
    let differs = |new: Option<Decimal>, old: Option<Decimal>| new.is_some() && new != old;
    let different = differs(changes.qty, old.qty)
        || differs(changes.limit_price, old.limit_price)
        || differs(changes.stop_price, old.stop_price)
        || differs(changes.trail, trail)
        || changes.time_in_force.is_some_and(|new| new != old.time_in_force)
        || changes.client_order_id.as_ref().is_some_and(|new| *new != old.client_order_id);
    if !different {
        return Err(Refusal::unfit("order parameters are not changed"));
    }
    fitting(old, changes)
}

/// Refuses a price that the type of an order does not have.
fn fitting(old: &Order, changes: &Changes) -> Result<(), Refusal> {
    let limit = matches!(old.order_type, OrderType::Limit | OrderType::StopLimit);
    let stop = matches!(old.order_type, OrderType::Stop | OrderType::StopLimit);
    if changes.limit_price.is_some() && !limit {
        return Err(Refusal::malformed(format!(
            "{} orders require no limit price",
            old.order_type
        )));
    }
    if changes.stop_price.is_some() && !stop {
        return Err(Refusal::malformed(format!("{} orders require no stop price", old.order_type)));
    }
    if old.triggered && changes.stop_price.is_some() {
        return Err(Refusal::unfit("stop price cannot be changed once it was reached"));
    }
    let positive = |price: Option<Decimal>| price.is_none_or(|price| price > Decimal::ZERO);
    let priced = [changes.limit_price, changes.stop_price, changes.trail].into_iter().all(positive);
    if priced { Ok(()) } else { Err(Refusal::malformed("limit price must be > 0")) }
}
