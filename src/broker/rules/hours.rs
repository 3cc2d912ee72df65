//! Until when an order can join an auction.

use super::{Facts, Refusal};
use crate::api::time::Millis;
use crate::api::trading::words::TimeInForce;
use crate::broker::calendar;
use crate::broker::ticket::Ticket;

/// How long before the close the last order for it comes: at 15:50, on a short day at 12:50.
const BEFORE_CLOSE: i64 = 10 * 60_000;

/// Refuses an order for the opening between 9:28 and 19:00, New York time; later ones wait for the next.
pub(super) fn opening(ticket: &Ticket, facts: &Facts) -> Result<(), Refusal> {
    let asked = ticket.time_in_force == TimeInForce::Opg;
    let late = |now| within(now, calendar::at(calendar::date(now), 9, 28));
    Refusal::unless(!asked || !facts.now.is_some_and(late), || {
        Refusal::forbidden("opg orders must be submitted after 7:00pm and before 9:28am")
    })
}

/// Refuses an order for the close between ten minutes before it and 19:00.
pub(super) fn close(ticket: &Ticket, facts: &Facts) -> Result<(), Refusal> {
    let asked = ticket.time_in_force == TimeInForce::Cls;
    let late = |now| {
        let today = calendar::date(now);
        let usual = calendar::at(today, 16, 0);
        let close = calendar::session(today).map_or(usual, |session| session.close);
        within(now, Millis(close.0 - BEFORE_CLOSE))
    };
    Refusal::unless(!asked || !facts.now.is_some_and(late), || {
        Refusal::forbidden("cls orders must be submitted after 7:00pm and before 3:50pm")
    })
}

fn within(now: Millis, from: Millis) -> bool {
    now >= from && now < calendar::at(calendar::date(now), 19, 0)
}
