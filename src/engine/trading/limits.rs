//! The kit's limits of orders: a pure judge, asked when an order is asked for and once more when it is placed.

use rust_decimal::Decimal;

use crate::api::error::{Code, Error, Result};
use crate::api::time::Millis;
use crate::api::trading::amount::Amount;
use crate::api::trading::limits::{EnvConfig, Limits, Usage};
use crate::api::trading::symbol::Symbol;
use crate::api::trading::words::{AssetClass, BrokerEnv};
use crate::broker::calendar;
use crate::broker::ticket::Ticket;
use crate::store::Spent;

/// How long a minute is.
const MINUTE: i64 = 60_000;

/// An order as the limits see it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// The order
    pub(super) ticket: &'a Ticket,
    /// Paper or live
    pub(super) env: BrokerEnv,
    /// What it is reckoned to cost, in dollars
    pub(super) cost: Option<Decimal>,
    /// Whether it sells what is not held
    pub(super) short: bool,
    /// What the account has lost since the last close, in dollars
    pub(super) loss: Option<Decimal>,
    /// The present
    pub(super) now: Millis,
}

/// Tells whether a kit lets orders out in an env.
pub(super) fn orders_on(config: &EnvConfig, env: BrokerEnv) -> bool {
    config.orders.unwrap_or(match env {
        BrokerEnv::Paper => true,
        BrokerEnv::Live => false,
    })
}

/// Fails with `Forbidden` and the reason, if an order is one that the kit lets nobody place.
pub(super) fn check(config: &EnvConfig, wanted: &Wanted<'_>, spent: &[Spent]) -> Result<()> {
    let Wanted { ticket, env, .. } = wanted;
    if !orders_on(config, *env) {
        return over(format!("the account kit lets no orders out in `{env}`"), "orders_off");
    }
    if let Some(classes) = &config.asset_classes
        && !classes.contains(&ticket.class)
    {
        let text = format!("the account kit does not allow `{}`", ticket.class);
        return over(text, "asset_class_not_allowed");
    }
    if wanted.cost.is_none() {
        let text =
            format!("the price of `{}` is not known, so no limit can be checked", ticket.symbol);
        return over(text, "price_unknown");
    }
    if config.max_day_loss.is_some() && wanted.loss.is_none() {
        let text =
            "the broker does not say what the account has lost today, so no limit can be checked";
        return over(text.to_owned(), "day_loss_unknown");
    }
    if let (Some(most), Some(loss)) = (config.max_day_loss, wanted.loss)
        && loss >= most.0
    {
        let text =
            format!("the account has lost {} dollars today; the most is {most}", shown(loss));
        return over(text, "day_loss");
    }
    let all: Vec<_> = spent.iter().collect();
    within(&config.limits, wanted, &all)?;
    if let Some(limits) = config.by_class.get(&ticket.class) {
        let own: Vec<_> = all.into_iter().filter(|one| one.class == ticket.class).collect();
        within(limits, wanted, &own)?;
    }
    Ok(())
}

/// Judges an order by one set of limits, beside what may count against them.
fn within(limits: &Limits, wanted: &Wanted<'_>, spent: &[&Spent]) -> Result<()> {
    kind(limits, wanted)?;
    let cost = wanted.cost.unwrap_or_default();
    if let Some(most) = limits.max_order_notional
        && cost > most.0
    {
        let text = format!("the order is for {} dollars; the most is {most}", shown(cost));
        return over(text, "order_notional");
    }
    let today: Vec<_> = spent.iter().filter(|one| counts_today(one, wanted.now)).collect();
    if let Some(most) = limits.max_day_notional {
        let before: Decimal = today.iter().map(|one| notional(one)).sum();
        if before + cost > most.0 {
            let text = format!(
                "with this order, {} dollars were traded today; the most is {most}",
                shown(before + cost)
            );
            return over(text, "day_notional");
        }
    }
    let minute = spent.iter().filter(|one| counts_now(one, wanted.now)).count();
    for (most, count, what, reason) in [
        (limits.max_orders_per_minute, minute, "in the last minute", "orders_per_minute"),
        (limits.max_orders_per_day, today.len(), "today", "orders_per_day"),
    ] {
        if let Some(most) = most
            && count >= usize::try_from(most).unwrap_or(usize::MAX)
        {
            let placed =
                if count == 1 { "1 order was".to_owned() } else { format!("{count} orders were") };
            return over(format!("{placed} placed {what}; the most is {most}"), reason);
        }
    }
    Ok(())
}

/// Judges what kind of an order it is.
fn kind(limits: &Limits, wanted: &Wanted<'_>) -> Result<()> {
    let ticket = wanted.ticket;
    let symbol = &ticket.symbol;
    let is_meant = |named: &Symbol| means(named, symbol);
    if limits.blocked_symbols.iter().any(is_meant) {
        return over(format!("the account kit blocks `{symbol}`"), "symbol_blocked");
    }
    if limits.symbols.as_ref().is_some_and(|only| !only.iter().any(is_meant)) {
        return over(format!("the account kit does not allow `{symbol}`"), "symbol_not_allowed");
    }
    if limits.types.as_ref().is_some_and(|only| !only.contains(&ticket.order_type)) {
        let text = format!("the account kit does not allow `{}` orders", ticket.order_type);
        return over(text, "type_not_allowed");
    }
    if limits.times_in_force.as_ref().is_some_and(|only| !only.contains(&ticket.time_in_force)) {
        let text = format!("the account kit does not allow `{}` orders", ticket.time_in_force);
        return over(text, "time_in_force_not_allowed");
    }
    if limits.no_shorting && wanted.short {
        return over(
            format!("the account kit sells no `{symbol}` that is not held"),
            "no_shorting",
        );
    }
    Ok(())
}

/// Tells whether a name in a kit means a symbol: either spelling of a coin, and with shares the options on them.
fn means(named: &Symbol, symbol: &Symbol) -> bool {
    let plain = |text: &str| text.replace('/', "");
    let root = symbol.contract().map(|contract| contract.root);
    plain(named.as_str()) == plain(symbol.as_str()) || root.as_deref() == Some(named.as_str())
}

/// Returns since when orders may count: the earlier of the two days that there are, and at midnight the last minute.
pub(super) fn since(now: Millis) -> Millis {
    let days = AssetClass::ALL.iter().map(|class| day_start(*class, now));
    days.fold(Millis(now.0 - MINUTE), Millis::min)
}

/// Returns when the day began that counts on a market: in New York, for coins in UTC.
fn day_start(class: AssetClass, now: Millis) -> Millis {
    match class {
        AssetClass::Crypto => Millis(now.0 - now.0.rem_euclid(24 * 60 * MINUTE)),
        AssetClass::UsEquity | AssetClass::UsOption => calendar::at(calendar::date(now), 0, 0),
    }
}

fn counts_today(one: &Spent, now: Millis) -> bool {
    one.at >= day_start(one.class, now)
}

fn counts_now(one: &Spent, now: Millis) -> bool {
    one.at.0 > now.0 - MINUTE
}

fn notional(one: &Spent) -> Decimal {
    one.notional.parse().unwrap_or_default()
}

/// Returns how much of the limits is used, by class.
pub(super) fn used(spent: &[Spent], now: Millis) -> Vec<Usage> {
    let usage = |class: &AssetClass| {
        let own = spent.iter().filter(|one| one.class == *class);
        let minute = own.clone().filter(|one| counts_now(one, now)).count();
        let today: Vec<_> = own.filter(|one| counts_today(one, now)).collect();
        Usage {
            asset_class: *class,
            orders_last_minute: u32::try_from(minute).unwrap_or(u32::MAX),
            orders_today: u32::try_from(today.len()).unwrap_or(u32::MAX),
            notional_today: Amount(today.iter().map(|one| notional(one)).sum()),
        }
    };
    AssetClass::ALL.iter().map(usage).collect()
}

/// Returns by how many percent the market may move between asking and approving.
pub(super) fn drift(config: &EnvConfig, class: AssetClass) -> Decimal {
    let own = config.by_class.get(&class).and_then(|limits| limits.max_drift_percent);
    let said = own.or(config.limits.max_drift_percent).map(|percent| percent.0);
    said.unwrap_or(match class {
        AssetClass::UsEquity => Decimal::ONE,
        AssetClass::Crypto => Decimal::from(3),
        AssetClass::UsOption => Decimal::TEN,
    })
}

/// Tells whether a held market order goes out as a limit order.
pub(super) fn collars(config: &EnvConfig, class: AssetClass) -> bool {
    config.limits.collar || config.by_class.get(&class).is_some_and(|limits| limits.collar)
}

fn shown(dollars: Decimal) -> String {
    dollars.round_dp(2).normalize().to_string()
}

fn over(text: String, reason: &str) -> Result<()> {
    Err(Error::new(Code::Forbidden, text)
        .hint("run `naive trading limits` to see what is allowed and used; the operator sets it in the account kit")
        .reason(reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A Thursday, half past midnight in UTC: in New York it is still Wednesday.
    const NOW: Millis = Millis(1_795_048_200_000);

    fn spent(class: AssetClass, notional: &str, minutes_ago: i64) -> Spent {
        let at = Millis(NOW.0 - minutes_ago * MINUTE);
        Spent { class, notional: notional.to_owned(), at }
    }

    #[test]
    fn a_day_of_coins_begins_at_midnight_in_utc_and_one_of_shares_in_new_york() {
        assert_eq!(NOW.plain(), "2026-11-19 00:30:00");
        let all = [
            spent(AssetClass::Crypto, "5", 31),
            spent(AssetClass::Crypto, "7.5", 29),
            spent(AssetClass::UsEquity, "100", 31),
            spent(AssetClass::UsEquity, "20", 19 * 60),
            spent(AssetClass::UsEquity, "1", 20 * 60),
        ];

        let used = used(&all, NOW);

        let row = |class: AssetClass| {
            let row = used.iter().find(|row| row.asset_class == class).unwrap();
            (row.orders_today, row.notional_today.to_string())
        };
        assert_eq!(row(AssetClass::Crypto), (1, "7.5".to_owned()));
        assert_eq!(row(AssetClass::UsEquity), (2, "120".to_owned()));
        assert_eq!(row(AssetClass::UsOption), (0, "0".to_owned()));
        assert!(since(NOW) <= all[3].at && since(NOW) > all[4].at);
    }

    #[test]
    fn a_minute_is_the_last_one_and_no_other() {
        let all = [spent(AssetClass::Crypto, "1", 0), spent(AssetClass::Crypto, "1", 1)];

        let used = used(&all, NOW);

        let coins = used.iter().find(|row| row.asset_class == AssetClass::Crypto).unwrap();
        assert_eq!((coins.orders_last_minute, coins.orders_today), (1, 2));
    }

    #[test]
    fn a_minute_goes_on_over_midnight_and_a_day_does_not() {
        let now = Millis(NOW.0 - 30 * MINUTE + 1000);
        let before = Spent { at: Millis(now.0 - 2000), ..spent(AssetClass::Crypto, "1", 0) };
        assert_eq!(before.at.plain(), "2026-11-18 23:59:59");

        let used = used(std::slice::from_ref(&before), now);

        let coins = used.iter().find(|row| row.asset_class == AssetClass::Crypto).unwrap();
        assert_eq!((coins.orders_last_minute, coins.orders_today), (1, 0));
        assert!(since(now) <= before.at);
    }

    #[test]
    fn each_class_may_drift_as_far_as_it_is_told_or_as_usual() {
        let said = r#"{"limits": {"maxDriftPercent": "2"}, "byClass": {"crypto": {"maxDriftPercent": 5}}}"#;
        let said: EnvConfig = serde_json::from_str(said).unwrap();
        let usual = EnvConfig::default();
        let table = [
            (AssetClass::UsEquity, "1", "2"),
            (AssetClass::Crypto, "3", "5"),
            (AssetClass::UsOption, "10", "2"),
        ];
        for (class, first, second) in table {
            assert_eq!(drift(&usual, class).to_string(), first, "{class}");
            assert_eq!(drift(&said, class).to_string(), second, "{class}");
        }
    }
}
