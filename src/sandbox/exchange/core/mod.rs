//! The heart of the paper exchange: one account, what happens to it, and what follows. No clock, no chance, no
//! input or output: the same events at the same moments over the same prices leave the same journal, byte for byte.
//!
//! Not here: which accounts there are, where they are kept, and how they are asked.

mod book;
mod change;
mod close;
mod desk;
mod event;
mod expiry;
mod fill;
mod funds;
mod hours;
mod matching;
mod model;
mod order;
mod submit;
mod text;
mod timeline;
mod watch;

pub(crate) use book::Book;
pub(crate) use event::{Activity, Answer, Changes, Effect, Event, Kind, Outcome, Part};
pub(crate) use funds::{funds, held, multiplier, price, worth};
pub(crate) use model::{Account, Configuration, PartialFills, Position, Switches};
pub(crate) use order::{Order, Status, size};
pub(crate) use timeline::catch_up;

use crate::api::time::Millis;
use crate::broker::rules::Refusal;
use crate::sandbox::exchange::prices::Market;
use desk::Desk;

/// Lets time go on to `now`, and then the event happen.
///
/// A refused event changes nothing beside what time did. A `now` before the account's last one counts as that one.
/// An order is answered as it was taken; whatever it is filled at once stands in the journal and in the account.
pub(crate) fn step(account: &mut Account, event: Event, market: &Market, now: Millis) -> Outcome {
    let mut desk = Desk { now: account.last_seen, account, market, effects: Vec::new() };
    desk.catch_up(now);
    let answer = desk.handle(event);
    Outcome { effects: desk.effects, answer }
}

impl Desk<'_> {
    fn handle(&mut self, event: Event) -> Result<Answer, Refusal> {
        match event {
            Event::Submit { ticket, id, taken } => return self.submit(&ticket, id, taken),
            Event::Cancel { id, ended } => return self.cancel(&id, ended),
            Event::CancelAll => return Ok(Answer::Canceled(self.cancel_all())),
            Event::Replace { id, ended, new_id, changes, taken } => {
                return self.replace((&id, ended), new_id, (&changes, taken));
            }
            Event::Close { symbol, part, id } => return self.close(&symbol, part, id),
            Event::CloseAll { cancel_orders, id } => {
                return Ok(self.close_all(cancel_orders, &id));
            }
            Event::Configure(configuration) => self.account.configuration = configuration,
            Event::Switch { switches, multiplier } => {
                self.account.switches = switches;
                self.account.multiplier = multiplier;
            }
            Event::Exercise { symbol } => self.exercise(&symbol)?,
            Event::Evaluate => {
                let symbols: Vec<_> = self.account.orders.symbols().cloned().collect();
                for symbol in symbols {
                    self.judge_all(self.account.orders.in_turn(&symbol));
                }
            }
        }
        Ok(Answer::Done)
    }
}

#[cfg(test)]
mod tests;
