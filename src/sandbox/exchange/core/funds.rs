//! What an account is worth and what it can pay for.

use rust_decimal::Decimal;

use super::model::{Account, Position};
use super::order::Order;
use crate::api::time::Millis;
use crate::api::trading::symbol::{Right, Symbol};
use crate::api::trading::words::{AssetClass, Side};
use crate::broker::rules::{Funds, Held, SHORT_EQUITY};
use crate::sandbox::exchange::prices::Market;

/// What lies behind shares that were sold short, in parts of their worth: what they brought in, and half of it
/// beside (source: Federal Reserve, Regulation T).
pub(super) const SHORT_COLLATERAL: Decimal = Decimal::from_parts(15, 0, 0, false, 1);
/// Options level of an account that has set none.
const OPTIONS_LEVEL: u8 = 2;

/// What an account is worth at a moment, in dollars.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Worth {
    /// Cash and holdings together
    pub(crate) equity: Decimal,
    /// What is held long
    pub(crate) long_market_value: Decimal,
    /// What was sold short; never more than zero
    pub(crate) short_market_value: Decimal,
    /// What had to be there to open it: half of shares, all of coins and options, half of shorts beside
    /// what they brought in, the strike of puts that were sold
    pub(crate) initial_margin: Decimal,
    /// What has to stay: 30 % of shares, long or short, all of the rest
    pub(crate) maintenance_margin: Decimal,
}

/// Returns what an account is worth at a moment.
pub(crate) fn worth(account: &Account, market: &Market, at: Millis) -> Worth {
    let mut worth = Worth { equity: account.cash, ..Worth::default() };
    for (symbol, position) in &account.positions {
        let value = position.market_value(price(market, symbol, position, at));
        let side = if value >= Decimal::ZERO {
            &mut worth.long_market_value
        } else {
            &mut worth.short_market_value
        };
        *side = side.saturating_add(value);
        worth.equity = worth.equity.saturating_add(value);
        let (initial, maintenance) = margin(symbol, position, value);
        worth.initial_margin = worth.initial_margin.saturating_add(initial);
        worth.maintenance_margin = worth.maintenance_margin.saturating_add(maintenance);
    }
    worth
}

/// Returns the price at which a position is valued: the last one, and where there is none the last close,
/// or what it was bought for.
pub(crate) fn price(market: &Market, symbol: &Symbol, position: &Position, at: Millis) -> Decimal {
    let last = market.last(symbol, at).or(position.lastday_price);
    last.unwrap_or(position.avg_entry_price)
}

fn margin(symbol: &Symbol, position: &Position, value: Decimal) -> (Decimal, Decimal) {
    let (half, third) = (Decimal::new(5, 1), Decimal::new(3, 1));
    match position.class {
        AssetClass::UsEquity => (value.abs() * half, value.abs() * third),
        AssetClass::Crypto => (value, value),
        AssetClass::UsOption if value >= Decimal::ZERO => (value, value),
        AssetClass::UsOption => {
            let secured = collateral(symbol, position.qty);
            let beside = secured.saturating_sub(value.abs());
            (beside, beside)
        }
    }
}

/// Returns the dollars that lie behind puts that were sold: the strike of each.
fn collateral(symbol: &Symbol, qty: Decimal) -> Decimal {
    match symbol.contract() {
        Some(contract) if contract.right == Right::Put && qty < Decimal::ZERO => {
            contract.strike.saturating_mul(Decimal::ONE_HUNDRED).saturating_mul(qty.abs())
        }
        Some(_) | None => Decimal::ZERO,
    }
}

/// Returns how often the own money may be used.
pub(crate) fn multiplier(account: &Account) -> u8 {
    account.multiplier.min(account.configuration.max_margin_multiplier)
}

/// Returns what is left of the cash once everything is laid aside that has to be: for open orders, 150 % of
/// what was sold short, and the strike of puts that were sold. May be less than zero.
pub(super) fn free_cash(account: &Account, market: &Market, at: Millis) -> Decimal {
    let mut free = account.cash.saturating_sub(account.orders.reserved());
    for (symbol, position) in &account.positions {
        if position.qty >= Decimal::ZERO {
            continue;
        }
        match position.class {
            AssetClass::UsEquity | AssetClass::Crypto => {
                let value = position.market_value(price(market, symbol, position, at));
                free = free.saturating_add(value.saturating_mul(SHORT_COLLATERAL));
            }
            AssetClass::UsOption => free = free.saturating_sub(collateral(symbol, position.qty)),
        }
    }
    free
}

/// Returns what an account can pay for shares. Formula: Alpaca Trading API 2.0.1, `Account.buying_power`;
/// with 4 the lower of it and of what the present leaves.
pub(super) fn buying_power(account: &Account, market: &Market, at: Millis) -> Decimal {
    let reserved = account.orders.reserved();
    let power = match multiplier(account) {
        0 | 1 => free_cash(account, market, at),
        2 | 3 => {
            let worth = worth(account, market, at);
            let own = worth.equity.saturating_sub(worth.initial_margin);
            own.saturating_mul(Decimal::TWO).saturating_sub(reserved)
        }
        4.. => {
            let (worth, four) = (worth(account, market, at), Decimal::from(4));
            let close = &account.last_close;
            let then = close.equity.saturating_sub(close.maintenance_margin);
            let own = then.min(worth.equity.saturating_sub(worth.maintenance_margin));
            own.saturating_mul(four).saturating_sub(reserved)
        }
    };
    power.max(Decimal::ZERO)
}

/// Returns what an account can pay for, in full.
pub(crate) fn funds(account: &Account, market: &Market, at: Millis) -> Funds {
    let equity = worth(account, market, at).equity.normalize();
    Funds {
        buying_power: Some(buying_power(account, market, at).normalize()),
        equity: Some(equity),
        shorting_enabled: Some(!account.configuration.no_shorting && equity >= SHORT_EQUITY),
        ..in_cash(account, market, at)
    }
}

/// Returns what an account can pay for out of its own cash; what it is worth is left open.
pub(super) fn in_cash(account: &Account, market: &Market, at: Millis) -> Funds {
    let free = Some(free_cash(account, market, at).max(Decimal::ZERO).normalize());
    let configuration = &account.configuration;
    let level = configuration.max_options_trading_level.unwrap_or(OPTIONS_LEVEL);
    Funds {
        buying_power: free,
        non_marginable_buying_power: free,
        options_buying_power: free,
        options_level: Some(i64::from(level)),
        blocked: Some(configuration.suspend_trade),
        ..Funds::default()
    }
}

/// Returns how much of a symbol is held, and how much of it no open order lays claim to.
pub(crate) fn held(account: &Account, market: &Market, symbol: &Symbol, at: Millis) -> Held {
    let qty = account.positions.get(symbol).map_or(Decimal::ZERO, |position| position.qty);
    let underlying = symbol.contract().and_then(|contract| contract.root.parse::<Symbol>().ok());
    let available = |symbol: &Symbol| available(account, market, symbol, at);
    Held {
        qty,
        available: available(symbol),
        underlying_available: underlying.map(|symbol| match account.positions.get(&symbol) {
            Some(position) if position.qty > Decimal::ZERO => available(&symbol),
            Some(_) | None => Decimal::ZERO,
        }),
    }
}

/// Returns how much of a position no open order and no call that was sold lays claim to; never less than zero.
pub(super) fn available(
    account: &Account,
    market: &Market,
    symbol: &Symbol,
    at: Millis,
) -> Decimal {
    let Some(position) = account.positions.get(symbol) else {
        return Decimal::ZERO;
    };
    let out = if position.qty > Decimal::ZERO { Side::Sell } else { Side::Buy };
    let closing = account.orders.side(symbol, out).filter(|order| !order.opens());
    let claimed: Decimal = closing.map(|order| claim(order, market, at)).sum();
    let calls = match position.class {
        AssetClass::UsEquity if position.qty > Decimal::ZERO => lent(account, symbol),
        AssetClass::UsEquity | AssetClass::Crypto | AssetClass::UsOption => Decimal::ZERO,
    };
    (position.qty.abs() - claimed - calls).max(Decimal::ZERO)
}

/// Returns how much an open order claims of what is held. A stop-loss beside its take-profit claims nothing
/// of its own: only one of the two is filled.
pub(super) fn claim(order: &Order, market: &Market, at: Millis) -> Decimal {
    if !order.armed || order.status == super::order::Status::Held {
        return Decimal::ZERO;
    }
    match order.notional {
        None => order.left(),
        Some(dollars) => {
            let last = market.last(&order.symbol, at);
            let qty = last.and_then(|price| dollars.checked_div(price));
            qty.unwrap_or(Decimal::ZERO).round_dp(9)
        }
    }
}

/// Returns the shares that lie behind calls that were sold, or that are about to be.
pub(super) fn lent(account: &Account, root: &Symbol) -> Decimal {
    let call = |symbol: &Symbol| {
        let contract = symbol.contract();
        contract.is_some_and(|c| c.right == Right::Call && c.root == root.as_str())
    };
    let options = account.positions.iter();
    let options = options.filter(|(_, p)| p.class == AssetClass::UsOption);
    let sold = options.filter(|(symbol, p)| p.qty < Decimal::ZERO && call(symbol));
    let sold: Decimal = sold.map(|(_, position)| position.qty.abs()).sum();
    let symbols = account.orders.symbols().filter(|symbol| call(symbol));
    let orders = symbols.flat_map(|symbol| account.orders.side(symbol, Side::Sell));
    let selling: Decimal = orders.filter(|order| order.opens()).map(Order::left).sum();
    (sold + selling).saturating_mul(Decimal::ONE_HUNDRED)
}
