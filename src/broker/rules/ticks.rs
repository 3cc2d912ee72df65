//! The steps in which prices are written.

use rust_decimal::Decimal;

use super::{Facts, Refusal};
use crate::api::trading::words::AssetClass;
use crate::broker::ticket::{Ticket, plain};

/// From this price on, options step wider (source: Cboe, penny interval program, 2026).
const WIDER: Decimal = Decimal::from_parts(3, 0, 0, false, 0);
const TENTH_OF_A_MILL: Decimal = Decimal::from_parts(1, 0, 0, false, 4);
const CENT: Decimal = Decimal::from_parts(1, 0, 0, false, 2);
const NICKEL: Decimal = Decimal::from_parts(5, 0, 0, false, 2);
const DIME: Decimal = Decimal::from_parts(1, 0, 0, false, 1);

/// Refuses prices between two steps. The words were seen for shares; coins and options take them over.
pub(super) fn steps(ticket: &Ticket, facts: &Facts) -> Result<(), Refusal> {
    let prices = [
        ("limit_price", ticket.limit_price),
        ("stop_price", ticket.stop_price),
        ("take_profit.limit_price", ticket.take_profit),
        ("stop_loss.stop_price", ticket.stop_loss),
        ("stop_loss.limit_price", ticket.stop_loss_limit),
    ];
    prices.into_iter().try_for_each(|(field, price)| {
        let rest = price.zip(step(ticket.class, price, facts));
        let rest = rest.and_then(|(price, step)| price.checked_rem(step));
        Refusal::unless(rest.is_none_or(|rest| rest.is_zero()), || {
            let price = price.map(plain).unwrap_or_default();
            Refusal::unfit(format!(
                "invalid {field} {price}. sub-penny increment does not fulfill minimum pricing criteria"
            ))
        })
    })
}

/// Returns the step of prices near one; a cent where nobody says.
pub(crate) fn price_step(ticket: &Ticket, facts: &Facts, price: Decimal) -> Decimal {
    step(ticket.class, Some(price), facts).filter(|step| !step.is_zero()).unwrap_or(CENT)
}

/// Returns the step at a price. Shares: source Alpaca docs, "Sub-penny increments", after SEC rule 612.
fn step(class: AssetClass, price: Option<Decimal>, facts: &Facts) -> Option<Decimal> {
    let price = price?;
    let asset = facts.listed();
    match class {
        AssetClass::UsEquity if price >= Decimal::ONE => Some(CENT),
        AssetClass::UsEquity => Some(TENTH_OF_A_MILL),
        AssetClass::Crypto => asset.and_then(|asset| asset.price_increment),
        AssetClass::UsOption => match asset.and_then(|asset| asset.ppind) {
            Some(true) if price < WIDER => Some(CENT),
            Some(false) if price >= WIDER => Some(DIME),
            Some(_) => Some(NICKEL),
            None => Some(CENT),
        },
    }
}
