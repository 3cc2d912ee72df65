//! How an order is taken: judged by the broker's rules, written down with its legs, shown to the market.

use rust_decimal::Decimal;

use super::desk::{Desk, derived};
use super::event::{Answer, Effect};
use super::order::{Order, Role, Status};
use super::{funds, hours};
use crate::api::trading::words::{
    AssetClass, OrderClass, OrderType, PositionIntent, Side, TimeInForce,
};
use crate::broker::rules::{self, Facts, Funds, Listing, Refusal, Resting};
use crate::broker::ticket::{Ticket, plain};

/// How far the market may run away from an order that buys at any price (source: Alpaca docs, "Orders",
/// market order collars, 2026-01).
const COLLAR: Decimal = Decimal::from_parts(104, 0, 0, false, 2);

impl Desk<'_> {
    /// Takes an order, or refuses it and changes nothing.
    pub(super) fn submit(
        &mut self,
        ticket: &Ticket,
        id: String,
        taken: bool,
    ) -> Result<Answer, Refusal> {
        let facts = self.facts(ticket, taken);
        rules::check(ticket, &facts)?;
        self.fits(ticket, &facts)?;
        Ok(self.accept(ticket, id))
    }

    /// Writes an order down that was found good, and shows it to the market.
    pub(super) fn accept(&mut self, ticket: &Ticket, id: String) -> Answer {
        let first = self.account.next_order;
        let orders = self.orders(ticket, id.clone());
        for order in orders {
            self.save(order);
        }
        let shown = self.effects.len();
        let seqs = first..self.account.next_order;
        self.judge_all(seqs);
        let effects =
            if self.account.switches.instant { &self.effects[..] } else { &self.effects[..shown] };
        answer(effects, &id)
    }

    /// Returns everything that an order is judged by. Of the open orders, only those are told that the rules ask
    /// for: one that opens is never in the way of its like.
    pub(super) fn facts(&self, ticket: &Ticket, taken: bool) -> Facts {
        let (account, market, now) = (&*self.account, self.market, self.now);
        let listed = market.listed(&ticket.symbol, now);
        let asset = listed.map_or(Listing::Unlisted, |listed| {
            let mut asset = listed.asset();
            if !account.configuration.fractional_trading && ticket.class == AssetClass::UsEquity {
                asset.fractionable = Some(false);
            }
            Listing::Listed(Box::new(asset))
        });
        let orders = &account.orders;
        let open: Vec<Resting> = match self.intent(ticket) {
            PositionIntent::BuyToOpen | PositionIntent::SellToOpen => {
                orders.side(&ticket.symbol, ticket.side.opposite()).map(resting).collect()
            }
            PositionIntent::BuyToClose | PositionIntent::SellToClose => {
                orders.of(&ticket.symbol).map(resting).collect()
            }
        };
        let known = account.orders.by_client_order_id(&ticket.client_order_id).is_some();
        Facts {
            now: Some(now),
            asset,
            quote: self.quote(&ticket.symbol),
            account: Some(self.funds(ticket)),
            held: Some(funds::held(account, market, &ticket.symbol, now)),
            open: Some(open),
            id_taken: taken || known,
        }
    }

    /// Looks at all holdings only for an order whose judgement depends on them.
    fn funds(&self, ticket: &Ticket) -> Funds {
        if ticket.side == Side::Sell || funds::multiplier(self.account) > 1 {
            return funds::funds(self.account, self.market, self.now);
        }
        funds::in_cash(self.account, self.market, self.now)
    }

    /// Returns whether an order opens or closes, from what is held.
    pub(super) fn intent(&self, ticket: &Ticket) -> PositionIntent {
        let position = self.account.positions.get(&ticket.symbol);
        let held = position.map_or(Decimal::ZERO, |position| position.qty);
        match ticket.side {
            Side::Buy if held < Decimal::ZERO => PositionIntent::BuyToClose,
            Side::Buy => PositionIntent::BuyToOpen,
            Side::Sell if held > Decimal::ZERO => PositionIntent::SellToClose,
            Side::Sell => PositionIntent::SellToOpen,
        }
    }

    /// Refuses what the rules let pass because a price is not known: to close more than is free, for a position
    /// never changes its sign, and to open what nobody can say the cost of.
    pub(super) fn fits(&self, ticket: &Ticket, facts: &Facts) -> Result<(), Refusal> {
        match self.intent(ticket) {
            PositionIntent::BuyToOpen | PositionIntent::SellToOpen => {
                let known = rules::reserve_now(ticket, facts).is_some();
                if known { Ok(()) } else { Err(no_price(ticket, facts)) }
            }
            PositionIntent::BuyToClose | PositionIntent::SellToClose => {
                let free = facts.held.unwrap_or_default().available;
                let wanted = rules::quantity(ticket, facts.quote.as_ref()).unwrap_or_default();
                if wanted > free {
                    return Err(self.not_available(&ticket.symbol, wanted));
                }
                Ok(())
            }
        }
    }

    fn orders(&mut self, ticket: &Ticket, id: String) -> Vec<Order> {
        let main = self.draft(ticket, id);
        match ticket.order_class {
            OrderClass::Simple => vec![main],
            OrderClass::Bracket | OrderClass::Oto => self.with_exits(main, ticket),
            OrderClass::Oco => self.pair(main, ticket),
        }
    }

    /// Returns an entry, its stop-loss and its take-profit: where both are reached at once, the loss is judged
    /// first.
    fn with_exits(&mut self, mut entry: Order, ticket: &Ticket) -> Vec<Order> {
        entry.role = Some(Role::Entry);
        entry.group = Some(entry.id.clone());
        let loss = ticket.stop_loss.map(|stop| self.loss(&entry, stop, ticket.stop_loss_limit));
        let gain = ticket.take_profit.map(|limit| {
            let mut gain = self.leg(&entry, Role::TakeProfit);
            gain.order_type = OrderType::Limit;
            gain.limit_price = Some(limit);
            gain
        });
        entry.legs = gain.iter().chain(&loss).map(|leg| leg.id.clone()).collect();
        [Some(entry), loss, gain].into_iter().flatten().collect()
    }

    /// Returns two exits of which one ends the other. The take-profit is the order itself, the stop-loss its leg.
    fn pair(&mut self, mut gain: Order, ticket: &Ticket) -> Vec<Order> {
        gain.role = Some(Role::TakeProfit);
        gain.group = Some(gain.id.clone());
        gain.limit_price = ticket.take_profit.or(ticket.limit_price);
        let Some(stop) = ticket.stop_loss else {
            return vec![gain];
        };
        let mut loss = self.loss(&gain, stop, ticket.stop_loss_limit);
        loss.side = gain.side;
        loss.intent = gain.intent;
        loss.armed = true;
        (loss.seq, gain.seq) = (gain.seq, loss.seq);
        gain.legs = vec![loss.id.clone()];
        vec![loss, gain]
    }

    fn loss(&mut self, of: &Order, stop: Decimal, limit: Option<Decimal>) -> Order {
        let mut loss = self.leg(of, Role::StopLoss);
        loss.order_type = if limit.is_some() { OrderType::StopLimit } else { OrderType::Stop };
        loss.stop_price = Some(stop);
        loss.limit_price = limit;
        loss
    }

    fn leg(&mut self, of: &Order, role: Role) -> Order {
        let id = derived(&of.id, role.as_str());
        Order {
            client_order_id: derived(&id, "client_order_id"),
            id,
            seq: self.next_number(),
            side: of.side.opposite(),
            intent: closing(of.side.opposite()),
            limit_price: None,
            stop_price: None,
            status: Status::Held,
            legs: Vec::new(),
            parent: Some(of.id.clone()),
            role: Some(role),
            armed: false,
            cap: None,
            reserve_each: Decimal::ZERO,
            reserved: Decimal::ZERO,
            ..of.clone()
        }
    }

    /// Returns an order as a ticket describes it, alone.
    pub(super) fn draft(&mut self, ticket: &Ticket, id: String) -> Order {
        let (symbol, class) = (ticket.symbol.clone(), ticket.class);
        let terms = (ticket.time_in_force, ticket.extended_hours);
        let listed = self.market.listed(&symbol, self.now);
        let mut order = Order {
            id,
            client_order_id: ticket.client_order_id.clone(),
            seq: self.next_number(),
            asset_id: listed.map(|listed| listed.id).unwrap_or_default(),
            class,
            side: ticket.side,
            order_type: ticket.order_type,
            time_in_force: ticket.time_in_force,
            order_class: ticket.order_class,
            extended_hours: ticket.extended_hours,
            intent: self.intent(ticket),
            qty: ticket.qty,
            notional: ticket.notional,
            limit_price: ticket.limit_price,
            stop_price: ticket.stop_price,
            trail_price: ticket.trail_price,
            trail_percent: ticket.trail_percent,
            hwm: None,
            filled_qty: Decimal::ZERO,
            filled_value: Decimal::ZERO,
            status: Status::PendingNew,
            created_at: self.now,
            updated_at: self.now,
            submitted_at: self.now,
            filled_at: None,
            expired_at: None,
            expires_at: hours::end((&symbol, class), terms, self.now),
            canceled_at: None,
            failed_at: None,
            replaced_at: None,
            replaced_by: None,
            replaces: None,
            legs: Vec::new(),
            parent: None,
            group: None,
            role: None,
            armed: true,
            triggered: false,
            cap: None,
            reserve_each: Decimal::ZERO,
            reserved: Decimal::ZERO,
            symbol,
        };
        self.settle(&mut order, ticket);
        order
    }

    /// Sets what an order begins with: its collar, what is laid aside for it, and where it stands.
    pub(super) fn settle(&self, order: &mut Order, ticket: &Ticket) {
        let quote = self.quote(&order.symbol);
        let buys = order.order_type == OrderType::Market && order.side == Side::Buy;
        if buys && order.opens() && order.class == AssetClass::UsEquity {
            let ask = quote.and_then(|quote| quote.ask);
            order.cap = ask.and_then(|ask| ask.checked_mul(COLLAR));
        }
        if order.opens() {
            let facts = Facts { now: Some(self.now), quote, ..Facts::default() };
            let whole = rules::reserve_now(ticket, &facts).unwrap_or_default();
            order.reserved = whole;
            let each = ticket.qty.and_then(|qty| whole.checked_div(qty));
            order.reserve_each = each.unwrap_or_default().normalize();
        }
        let waits = !matches!(order.time_in_force, TimeInForce::Ioc | TimeInForce::Fok);
        if waits && !hours::may_fill(order, self.now) {
            order.status = Status::Accepted;
        }
    }
}

/// Returns an order and its legs as the journal shows them last.
pub(super) fn answer(effects: &[Effect], id: &str) -> Answer {
    let latest = |id: &str| {
        effects.iter().rev().find_map(|effect| match effect {
            Effect::Order(order) if order.id == id => Some((**order).clone()),
            Effect::Order(_) | Effect::Activity(_) | Effect::Close(_) => None,
        })
    };
    match latest(id) {
        None => Answer::Done,
        Some(order) => {
            let legs = order.legs.iter().filter_map(|leg| latest(leg)).collect();
            Answer::Order(Box::new(order), legs)
        }
    }
}

/// Returns the no to an order that would open something at a price that nobody quotes. The words are those of
/// an order that cannot be paid.
fn no_price(ticket: &Ticket, facts: &Facts) -> Refusal {
    let funds = facts.account.clone().unwrap_or_default();
    let text = |power: Option<Decimal>| power.map(plain).unwrap_or_default();
    match (ticket.class, ticket.side) {
        (AssetClass::UsEquity, _) => Refusal::forbidden("insufficient buying power")
            .with("buying_power", text(funds.buying_power)),
        (AssetClass::Crypto, _) => {
            let money = ticket.symbol.as_str().split('/').nth(1).unwrap_or("USD");
            let there = text(funds.non_marginable_buying_power);
            Refusal::forbidden(format!("insufficient balance for {money}"))
                .with("available", there.clone())
                .with("balance", there)
                .with("symbol", money)
        }
        (AssetClass::UsOption, Side::Buy) => {
            Refusal::forbidden("insufficient options buying power")
                .with("options_buying_power", text(funds.options_buying_power))
        }
        (AssetClass::UsOption, Side::Sell) => {
            Refusal::forbidden("insufficient options buying power for cash-secured put")
                .with("buying_power", text(funds.options_buying_power))
        }
    }
}

/// Returns what an order of this side means that closes something.
fn closing(side: Side) -> PositionIntent {
    match side {
        Side::Buy => PositionIntent::BuyToClose,
        Side::Sell => PositionIntent::SellToClose,
    }
}

/// Returns an open order as the rules see it.
pub(crate) fn resting(order: &Order) -> Resting {
    Resting {
        id: order.id.clone(),
        class: order.class,
        side: order.side,
        order_type: order.order_type,
        order_class: order.order_class,
        left: order.qty.map(|_| order.left()),
        limit_price: order.limit_price,
        opens: order.opens(),
    }
}
