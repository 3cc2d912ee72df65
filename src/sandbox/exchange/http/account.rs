//! `/v2/account`. Fields of the rule on day trading are gone since 2026-07-06 and are not written.

use serde_json::{Value, json};

use super::shapes::{cents, text};
use crate::broker::calendar;
use crate::sandbox::exchange::caller;
use crate::sandbox::exchange::core;
use crate::sandbox::exchange::ledger::Ledger;
use rust_decimal::{Decimal, RoundingStrategy};

/// Options level that the broker has approved.
const APPROVED: u8 = 3;

/// Writes an account as it stands now.
pub(super) fn shape(ledger: &Ledger<'_>) -> Value {
    let Ledger { account, market, now, .. } = ledger;
    let worth = core::worth(account, market, *now);
    let funds = core::funds(account, market, *now);
    let configuration = &account.configuration;
    let suspended = configuration.suspend_trade;
    // Half a cent that is not there must not be shown.
    let down = |power: Option<Decimal>| {
        text(power.unwrap_or_default().round_dp_with_strategy(2, RoundingStrategy::ToZero))
    };
    json!({
        "id": account.id,
        "account_number": caller::number(&account.id),
        "status": "ACTIVE",
        "crypto_status": "ACTIVE",
        "currency": "USD",
        "cash": cents(account.cash),
        "buying_power": down(funds.buying_power),
        "regt_buying_power": down(funds.buying_power),
        "non_marginable_buying_power": down(funds.non_marginable_buying_power),
        "options_buying_power": down(funds.options_buying_power),
        "equity": cents(worth.equity),
        "portfolio_value": cents(worth.equity),
        "last_equity": cents(account.last_close.equity),
        "long_market_value": cents(worth.long_market_value),
        "short_market_value": cents(worth.short_market_value),
        "initial_margin": cents(worth.initial_margin),
        "maintenance_margin": cents(worth.maintenance_margin),
        "last_maintenance_margin": cents(account.last_close.maintenance_margin),
        "multiplier": core::multiplier(account).to_string(),
        "sma": "0",
        "accrued_fees": "0",
        "pending_transfer_in": "0",
        "pending_transfer_out": "0",
        "pending_reg_taf_fees": "0",
        "intraday_adjustments": "0",
        "balance_asof": calendar::date(account.last_close.at).to_string(),
        "created_at": account.created_at,
        "trading_blocked": false,
        "transfers_blocked": false,
        "account_blocked": false,
        "trade_suspended_by_user": suspended,
        "shorting_enabled": funds.shorting_enabled,
        "options_approved_level": APPROVED,
        "options_trading_level": funds.options_level,
    })
}
