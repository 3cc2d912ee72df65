//! The broker's rules of orders as one table of functions, in its own words: asked before anything is sent,
//! and by the exchange in the sandbox, so that both say the same.
//!
//! A rule whose facts are not known passes: the broker has the last word. Where no answer of the broker was
//! ever seen, the words are built like their neighbours, and the rule says so.
//!
//! Source: Alpaca Trading API 2.0.1 and its docs, "Orders" and "Options trading", with the answers it was
//! seen to give (2026-11-20); the order of the rules follows its published server code (gobroker, 2019).

mod amounts;
mod cost;
mod exits;
mod facts;
mod fit;
mod form;
mod funds;
mod holdings;
mod hours;
mod names;
mod options;
mod parse;
mod refusal;
mod ticks;
mod wash;

pub(crate) use cost::{cost, quantity, reserve, reserve_now};
pub(crate) use facts::{Asset, Facts, Funds, Held, Listing, Quote, Resting};
pub(crate) use holdings::SHORT_EQUITY;
pub(crate) use parse::parse;
pub(crate) use refusal::Refusal;
pub(crate) use ticks::price_step;

use super::ticket::Ticket;

/// A rule: what it demands, and the function that tells whether an order keeps it.
pub(crate) type Rule = (&'static str, fn(&Ticket, &Facts) -> Result<(), Refusal>);

/// All rules, in the order in which the broker answers: the account's own stop, what the order says by
/// itself, its name, what it is for, the market's hours, and last what the account holds and can pay.
pub(crate) const RULES: &[Rule] = &[
    ("trading is not suspended", names::suspended),
    ("prices are above zero", form::prices_above_zero),
    ("a quantity or an amount is given", form::amount_given),
    ("not both of them", form::amount_once),
    ("the quantity is above zero", form::qty_above_zero),
    ("the type has its prices", form::prices_of_type),
    ("the trail is one", form::trail),
    ("the class has its exits", form::exits_of_class),
    ("coins know the type", fit::crypto_type),
    ("the time in force goes with the type", fit::tif_of_type),
    ("the id is short", names::id_length),
    ("the id is unique", names::id_unique),
    ("the contract is not expired", options::expired),
    ("the asset is listed", names::listed),
    ("the asset is active", names::active),
    ("the asset is tradable", names::tradable),
    ("the market knows the class", fit::class_of_market),
    ("options are bought by number", amounts::option_notional),
    ("options are whole", amounts::option_whole),
    ("options know the type", fit::option_type),
    ("options are for the session", fit::option_extended),
    ("the market knows the time in force", fit::tif_of_market),
    ("extended hours are for limit orders", fit::extended),
    ("an amount has cents", amounts::notional_places),
    ("an amount is a dollar", amounts::notional_floor),
    ("a quantity has nine places", amounts::qty_places),
    ("parts of a share are for the day", amounts::fraction_day),
    ("parts of a share stand alone", amounts::fraction_simple),
    ("parts of a share do not trail", amounts::fraction_type),
    ("the share can be parted", amounts::fractionable),
    ("the quantity is large enough", amounts::crypto_floor),
    ("prices are whole steps", ticks::steps),
    ("exits are in order", exits::order),
    ("a gain is beyond the entry", exits::gain),
    ("a loss is beyond the entry", exits::loss),
    ("a stop is beyond the market", exits::stop),
    ("an opening order comes before the opening", hours::opening),
    ("a closing order comes before the close", hours::close),
    ("options trade in the session", options::market_hours),
    ("the position is what was said", holdings::intent),
    ("an entry enters", holdings::entry),
    ("an exit exits", holdings::exit),
    ("the contract has time left", options::expires_soon),
    ("the account may trade options", options::authorized),
    ("the account may buy options", options::level),
    ("no order meets its own opposite", wash::trade),
    ("no order opens both ways", holdings::both_ways),
    ("what is sold is there", holdings::available),
    ("coins that are sold are there", holdings::balance),
    ("shorts are whole", holdings::short_whole),
    ("the asset can be shorted", holdings::shortable),
    ("the account may short", holdings::may_short),
    ("a call is covered", options::covered),
    ("a put is secured", options::secured),
    ("the order is worth the effort", funds::floor),
    ("the order is not too large", funds::ceiling),
    ("shares can be paid", funds::shares),
    ("coins can be paid", funds::coins),
    ("options can be paid", funds::premium),
];

/// Judges an order as the broker does: the first rule it breaks is the answer.
pub(crate) fn check(ticket: &Ticket, facts: &Facts) -> Result<(), Refusal> {
    RULES.iter().try_for_each(|(_, rule)| rule(ticket, facts))
}

/// Rules of an exit beside its entry or its other exit, which judge the change of one of them.
const EXIT_RULES: &[Rule] = &[
    ("prices are above zero", form::prices_above_zero),
    ("the time in force goes with the type", fit::tif_of_type),
    ("the id is short", names::id_length),
    ("the id is unique", names::id_unique),
    ("exits are in order", exits::order),
];

/// Judges the change of an exit. `group` is the order as if it were placed anew with the exit in it.
pub(crate) fn check_exit(group: &Ticket, facts: &Facts) -> Result<(), Refusal> {
    EXIT_RULES.iter().try_for_each(|(_, rule)| rule(group, facts))
}

/// Judges exits of an entry that is not filled yet: their steps, and on which side of it they lie.
pub(crate) fn check_beyond(entry: &Ticket, facts: &Facts) -> Result<(), Refusal> {
    ticks::steps(entry, facts)?;
    exits::gain(entry, facts)?;
    exits::loss(entry, facts)
}

/// Returns every rule's no to an order, in the order of the rules; a later one may only repeat what an
/// earlier one has said.
pub(crate) fn checks(ticket: &Ticket, facts: &Facts) -> Vec<Refusal> {
    RULES.iter().filter_map(|(_, rule)| rule(ticket, facts).err()).collect()
}

#[cfg(test)]
mod tests;
