//! The only place that places an order: judged once more, written down in the same transaction as the halt, the
//! kit and what is used of its limits are read, sent once, and what came of it noted before it is told.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::Trade;
use super::desk::Desk;
use super::halt::stopped;
use super::limits::{self, Wanted};
use super::prepare::Prepared;
use crate::api::action::written;
use crate::api::error::{Code, Error, Result};
use crate::api::time::Millis;
use crate::api::trading::account::Object;
use crate::api::trading::order::IntentStatus;
use crate::api::trading::words::{BrokerEnv, OrderType};
use crate::api::workspace::User;
use crate::broker::{self, text_of};
use crate::engine::Engine;
use crate::engine::outcomes::{Attempt, Event, Lookup};
use crate::http::Response;
use crate::store::{NewIntent, Reserved};

/// On whose behalf an order is placed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Behalf<'a> {
    /// Whose account it is
    pub(super) user: &'a User,
    /// The approval it belongs to
    pub(super) approval: Option<&'a str>,
    /// Whether it only takes away from what is held: neither halt nor limits stop it
    pub(super) closes: bool,
    /// What was asked for, as a digest: the same id never stands for two things
    pub(super) asked: &'a [u8],
}

impl Engine {
    /// Places an order, once.
    ///
    /// An order of the same id that was sent before is looked up, never sent again. Fails only if nothing was
    /// sent; whatever else becomes of it is in the attempt, also where the store does not take it down.
    pub(super) async fn submit(&self, prepared: &Prepared, behalf: Behalf<'_>) -> Result<Attempt> {
        if let Err(error) = prepared.check() {
            return Ok(no(Event::Rejected, None, error));
        }
        match self.reserved(prepared, behalf) {
            Ok(Reserved::Now) => {}
            Ok(Reserved::Halted(halt)) => {
                return Ok(no(Event::Rejected, None, stopped(&halt, behalf.user)));
            }
            // Another process was faster with it.
            Ok(Reserved::Before(same)) => {
                let id = &prepared.ticket.client_order_id;
                return Ok(self.sent_before(&prepared.desk, (behalf.user, id), same).await);
            }
            Err(error) if error.code == Code::Forbidden => {
                return Ok(no(Event::Rejected, None, error));
            }
            Err(error) => return Err(error),
        }
        let request = broker::place(&prepared.desk.account(), &prepared.ticket)?;
        let sent_at = Millis::now();
        let attempt = match self.http.send(&request).await {
            Ok(answer) => self.read_placed(prepared, answer, sent_at).await,
            Err(failure) => failure.into(),
        };
        let id = prepared.ticket.client_order_id.as_str();
        let name = (behalf.user.id.as_str(), prepared.desk.env, id);
        self.note_intent(name, intent_status(attempt.event));
        Ok(attempt)
    }

    /// Judges an order by the kit as it is now, without writing it down.
    pub(super) fn within_limits(&self, prepared: &Prepared, user: &User) -> Result<()> {
        let (env, now) = (prepared.desk.env, Millis::now());
        if let Some(halt) = self.store.halted(&user.id)? {
            return Err(stopped(&halt, user));
        }
        let kit = self.store.kit_of(user)?;
        let spent = self.store.spent((&user.id, env), limits::since(now))?;
        limits::check(kit.policy.trading_config.of(env), &wanted(prepared, now), &spent)
    }

    /// Writes an order down, if the halt and the kit's limits let it pass.
    fn reserved(&self, prepared: &Prepared, behalf: Behalf<'_>) -> Result<Reserved> {
        let (ticket, env, now) = (&prepared.ticket, prepared.desk.env, Millis::now());
        let wanted = wanted(prepared, now);
        let new = NewIntent {
            client_order_id: &ticket.client_order_id,
            user: &behalf.user.id,
            env,
            symbol: &ticket.symbol,
            class: ticket.class,
            side: ticket.side,
            notional: wanted.cost.unwrap_or_default().round_dp(9).normalize().to_string(),
            digest: behalf.asked,
            approval_id: behalf.approval,
            closes: behalf.closes,
        };
        self.store.reserve(&new, (limits::since(now), now), |kit, spent| {
            limits::check(kit.policy.trading_config.of(env), &wanted, spent)
        })
    }

    /// Returns what became of an order of this id that was sent before; nothing where none was, or it was
    /// certainly not placed.
    ///
    /// Asked first of all: whatever else is true by now, the order stands.
    pub(super) async fn known_before(
        &self,
        desk: &Desk,
        (user, id): (&User, &str),
        asked: &[u8],
    ) -> Result<Option<Attempt>> {
        let before = self.store.intent_asked((&user.id, desk.env), id)?;
        let Some((intent, was)) = before else { return Ok(None) };
        let same = was == asked;
        if same && intent.status == IntentStatus::Refused {
            return Ok(None);
        }
        Ok(Some(self.sent_before(desk, (user, id), same).await))
    }

    /// Returns what became of an order that was sent before, if it is the `same` one.
    async fn sent_before(&self, desk: &Desk, (user, id): (&User, &str), same: bool) -> Attempt {
        if !same {
            return no(Event::Rejected, None, other(id));
        }
        match self.look_up(desk, user, id).await {
            Ok(Lookup::Found(result)) => done(result),
            Ok(Lookup::Missing | Lookup::Unsent) => {
                let text = "it was sent before, and the broker does not know it";
                no(Event::Lost, None, Error::new(Code::ProviderError, text))
            }
            Ok(Lookup::Unclear(error)) | Err(error) => no(Event::Lost, None, error),
        }
    }

    /// Reads what the broker answered to an order.
    async fn read_placed(&self, prepared: &Prepared, answer: Response, sent_at: Millis) -> Attempt {
        let status = Some(answer.status);
        let event = Event::of(answer.status);
        match event {
            Event::Done => match answer.json() {
                Some(Value::Object(order)) if text_of(&order, "id").is_some() => {
                    Attempt { status, ..done(Value::Object(order)) }
                }
                _ => {
                    let text = "the broker took the order, and answered nothing that names it";
                    no(Event::Lost, status, Error::new(Code::ProviderError, text))
                }
            },
            Event::Unauthorized => {
                let error = self.broker_expired(&prepared.desk, sent_at);
                no(event, status, error.unwrap_or_else(|_| broker::refused(&answer)))
            }
            Event::Rejected | Event::InProgress if broker::is_duplicate(&answer) => {
                self.placed_elsewhere(prepared).await
            }
            // The broker has no such answer: what it refuses it has refused.
            Event::InProgress => no(Event::Rejected, status, broker::refused(&answer)),
            Event::NotSent
            | Event::Lost
            | Event::Rejected
            | Event::Duplicate
            | Event::TooMany
            | Event::Redirected => no(event, status, broker::refused(&answer)),
        }
    }

    /// Returns the order that the broker has under this id, if it is the same one.
    async fn placed_elsewhere(&self, prepared: &Prepared) -> Attempt {
        let id = &prepared.ticket.client_order_id;
        match self.order_named(&prepared.desk, id).await {
            Ok(order) if is_same(&order, prepared) => done(Value::Object(order)),
            Ok(_) => no(Event::Rejected, None, other(id)),
            Err(error) => no(Event::Lost, None, error),
        }
    }

    /// Notes what became of an order. What has happened has happened, whether or not it could be taken down.
    pub(in crate::engine) fn note_intent(
        &self,
        name: (&str, BrokerEnv, &str),
        status: IntentStatus,
    ) {
        if let Err(error) = self.store.settle_intent(name, status, Millis::now()) {
            let id = name.2;
            self.warn(format!("What became of the order `{id}` could not be noted: {error}."));
        }
    }
}

/// Returns the digest of what is asked for, whoever asks and in whichever env.
pub(super) fn asked(trade: Trade<'_>) -> Result<Vec<u8>> {
    let mut asked = match trade {
        Trade::Place(op) => written(op)?,
        Trade::Close(op) => written(op)?,
        Trade::Cancel(op) => written(op)?,
    };
    if let Some(fields) = asked.as_object_mut() {
        fields.retain(|name, _| !matches!(name.as_str(), "user" | "env" | "dry_run"));
    }
    Ok(Sha256::digest(asked.to_string()).to_vec())
}

/// Returns what an event says of an order.
fn intent_status(event: Event) -> IntentStatus {
    match event {
        Event::Done => IntentStatus::Placed,
        Event::Lost | Event::InProgress | Event::Duplicate => IntentStatus::Unknown,
        Event::NotSent
        | Event::Rejected
        | Event::Unauthorized
        | Event::TooMany
        | Event::Redirected => IntentStatus::Refused,
    }
}

fn wanted(prepared: &Prepared, now: Millis) -> Wanted<'_> {
    let number = |name| broker::number_of(&prepared.account, name);
    let loss = match (number("last_equity"), number("equity")) {
        (Some(before), Some(equity)) => Some(before - equity),
        (None, _) | (_, None) => None,
    };
    Wanted {
        ticket: &prepared.ticket,
        env: prepared.desk.env,
        cost: prepared.cost(),
        short: prepared.is_short(),
        loss,
        now,
    }
}

/// Tells whether an order at the broker is the one that was to be placed.
fn is_same(order: &Object, prepared: &Prepared) -> bool {
    let ticket = &prepared.ticket;
    let number = |name| broker::number_of(order, name);
    // The broker gives some orders a limit of its own.
    let limited = matches!(ticket.order_type, OrderType::Limit | OrderType::StopLimit);
    text_of(order, "symbol") == Some(ticket.symbol.as_str())
        && text_of(order, "side") == Some(ticket.side.as_str())
        && number("qty") == ticket.qty
        && number("notional") == ticket.notional
        && (!limited || number("limit_price") == ticket.limit_price)
}

fn other(id: &str) -> Error {
    let text = format!("another order was placed as `{id}`");
    Error::new(Code::DuplicateRequest, text)
        .hint("use another `--idempotency-key`, or leave it out")
        .reason("client_order_id_used")
}

/// Returns what came of something that was done.
pub(super) fn done(result: Value) -> Attempt {
    Attempt { event: Event::Done, status: None, result, trouble: None }
}

fn no(event: Event, status: Option<u16>, error: Error) -> Attempt {
    Attempt { event, status, result: Value::Null, trouble: Some(error) }
}
