//! What webhooks are to be told: written in the transaction of what it tells of, claimed by one process at a
//! time, sent at least once.

use std::collections::HashMap;
use std::time::Duration;

use rusqlite::{OptionalExtension as _, Row, params};
use url::Url;

use super::log::append;
use super::presence::is_alive;
use super::{ApprovalRow, Entry, Store, Writing, parsed, word};
use crate::api::approvals::{Actor, ApprovalStatus};
use crate::api::connections::Status;
use crate::api::error::{Code, Result};
use crate::api::ids::{ConnectionId, fresh};
use crate::api::time::Millis;
use crate::api::webhooks::{EventType, WebhookId};

/// How long a process that sends something has it to itself: longer than a try takes.
const LEASE: Duration = Duration::from_secs(15);
/// Longest pause before another try; what is due later was reckoned by a clock that has been set back.
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_hours(1);
/// How many deliveries are claimed for one address, and for all together.
const CLAIMED: (u32, usize) = (8, 64);
/// How long, and how many for each webhook, what has ended is kept.
const KEPT: (Duration, u32) = (Duration::from_hours(7 * 24), 1000);

/// A connection, as those hear of it whom its change concerns.
#[derive(Debug)]
pub(super) struct Changed<'a> {
    /// UUID of its user
    pub(super) user: &'a str,
    /// Which it is
    pub(super) id: &'a ConnectionId,
    /// App
    pub(super) toolkit: &'a str,
    /// What the user calls it
    pub(super) label: Option<&'a str>,
    /// How it stands from then on
    pub(super) status: Status,
    /// When
    pub(super) at: Millis,
}

/// Something that happened.
struct Happened<'a> {
    event: EventType,
    user: &'a str,
    subject: &'a str,
    status: &'a str,
    named: Option<(&'a str, Option<&'a str>)>,
    at: Millis,
}

/// A delivery that this process sends, and nobody else for a while.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    seq: i64,
    /// By what whoever hears of it twice knows it
    pub(crate) id: String,
    /// To which webhook
    pub(crate) webhook: WebhookId,
    /// Where that is
    pub(crate) url: Url,
    /// What happened
    pub(crate) event: EventType,
    /// UUID of the user it happened for
    pub(crate) user: String,
    /// The approval's or the connection's id
    pub(crate) subject: String,
    /// How that stood from then on
    pub(crate) status: String,
    /// Of a connection, its app
    pub(crate) toolkit: Option<String>,
    /// Of a connection, what its user calls it
    pub(crate) label: Option<String>,
    /// When it happened
    pub(crate) at: Millis,
    /// How often it was tried before
    pub(crate) tries: u32,
}

/// What comes of a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Nothing: it was heard
    Delivered,
    /// Another try, from then on
    Again(Millis),
    /// The same, and nothing else is sent to that address before
    Rest(Millis),
    /// Nothing: it is given up
    Failed,
    /// Nothing ever: the address is gone, and the webhook is switched off
    Gone,
}

/// How a try ended.
#[derive(Debug)]
pub(crate) struct Tried {
    /// HTTP status, where there was an answer
    pub(crate) http_status: Option<u16>,
    /// What went wrong: its code, and a sentence that names no more of the address than its host
    pub(crate) error: Option<(Code, String)>,
    /// What comes of it
    pub(crate) next: Next,
}

impl Store {
    /// Returns when the next delivery is due, if any waits.
    pub(crate) fn next_delivery(&self) -> Result<Option<Millis>> {
        let conn = self.conn();
        let mut select =
            conn.prepare_cached("SELECT min(due_at) FROM deliveries WHERE status = 'waiting'")?;
        Ok(select.query_row([], |row| row.get::<_, Option<i64>>(0))?.map(Millis))
    }

    /// Claims deliveries that are due, or were left by a process that ended, for this one to send: a few for
    /// each address, those of the address that has waited longest first.
    pub(crate) fn claim_deliveries(&self, now: Millis) -> Result<Vec<Delivery>> {
        let me = self.presence()?;
        let tx = self.write()?;
        let webhooks = tx
            .prepare_cached(
                "SELECT webhook_id FROM deliveries WHERE status = 'waiting'
                 GROUP BY webhook_id ORDER BY min(due_at), webhook_id",
            )?
            .query_map([], |row| row.get(0))?
            .collect::<rusqlite::Result<Vec<String>>>()?;
        let mut alive = HashMap::new();
        let mut claimed = Vec::new();
        for webhook in webhooks {
            for (seq, owner, free) in candidates(&tx, &webhook, now)? {
                let lives = |name: &String| {
                    *alive.entry(name.clone()).or_insert_with(|| is_alive(&self.dir, name))
                };
                if claimed.len() < CLAIMED.1 && (free || !owner.as_ref().is_some_and(lives)) {
                    claimed.extend(claim(&tx, (seq, owner.as_deref()), me, now)?);
                }
            }
        }
        tx.commit()?;
        Ok(claimed)
    }

    /// Writes how a try ended. That it was heard counts in any case; all else only for whoever still has it
    /// to themselves.
    pub(crate) fn end_delivery(&self, one: &Delivery, tried: &Tried, now: Millis) -> Result<()> {
        let me = self.presence()?;
        let (status, due) = match tried.next {
            Next::Delivered => ("delivered", 0),
            Next::Again(at) | Next::Rest(at) => ("waiting", at.0),
            Next::Failed | Next::Gone => ("failed", 0),
        };
        let error = tried.error.as_ref().map(|(_, text)| text);
        let tx = self.write()?;
        let ended = tx
            .prepare_cached(
                "UPDATE deliveries SET status = ?4, due_at = ?5, owner = NULL, tries = tries + 1,
                     tried_at = ?6, http_status = ?7, error = ?8
                 WHERE seq = ?1 AND status = 'waiting'
                     AND (?4 = 'delivered' OR owner = ?2 AND tries = ?3)",
            )?
            .execute(params![
                one.seq,
                me,
                one.tries,
                status,
                due,
                now.0,
                tried.http_status,
                error
            ])?;
        if ended == 1 && status == "failed" {
            let code = tried.error.as_ref().map_or(Code::ProviderError, |(code, _)| *code);
            append(&tx, &failure(one, code, now))?;
        }
        match tried.next {
            Next::Rest(until) if ended == 1 => rest(&tx, &one.webhook, until)?,
            Next::Gone if ended == 1 => switch_off(&tx, &one.webhook)?,
            Next::Delivered | Next::Again(_) | Next::Rest(_) | Next::Failed | Next::Gone => {}
        }
        tx.commit()
    }

    /// Forgets what has ended long ago, or was followed by many others.
    pub(crate) fn prune_deliveries(&self, now: Millis) -> Result<()> {
        let (long, many) = KEPT;
        let long = i64::try_from(long.as_millis()).unwrap_or(i64::MAX);
        let tx = self.write()?;
        let webhooks = tx
            .prepare_cached("SELECT id FROM webhooks")?
            .query_map([], |row| row.get(0))?
            .collect::<rusqlite::Result<Vec<String>>>()?;
        for webhook in webhooks {
            let followed: Option<i64> = tx
                .prepare_cached(
                    "SELECT tried_at FROM deliveries
                     WHERE webhook_id = ?1 AND status <> 'waiting' AND tried_at IS NOT NULL
                     ORDER BY tried_at DESC LIMIT 1 OFFSET ?2",
                )?
                .query_row(params![webhook, many], |row| row.get(0))
                .optional()?;
            let until = now.0.saturating_sub(long).max(followed.unwrap_or(i64::MIN));
            tx.prepare_cached(
                "DELETE FROM deliveries
                 WHERE webhook_id = ?1 AND status <> 'waiting' AND tried_at <= ?2",
            )?
            .execute(params![webhook, until])?;
        }
        tx.commit()
    }
}

/// Writes down that an approval has come to stand so, for whoever is to hear of it.
///
/// One that goes back to be sent, since it never left, is allowed as it was before.
pub(super) fn of_approval(
    tx: &Writing<'_>,
    before: Option<ApprovalStatus>,
    row: &ApprovalRow,
) -> Result<()> {
    let returns = before == Some(ApprovalStatus::Sending) && row.status == ApprovalStatus::Approved;
    if before == Some(row.status) || returns {
        return Ok(());
    }
    let Some(event) = EventType::of_approval(row.status) else { return Ok(()) };
    put(
        tx,
        &Happened {
            event,
            user: &row.user_id,
            subject: row.id.as_str(),
            status: row.status.as_str(),
            named: None,
            at: row.updated_at,
        },
    )
}

/// Writes down that nobody knows what became of an approval of that id, for the user of that UUID, likewise.
pub(super) fn of_given_up(tx: &Writing<'_>, (id, user): (&str, &str), at: Millis) -> Result<()> {
    let (event, status) = (EventType::ApprovalResolved, ApprovalStatus::Unknown.as_str());
    put(tx, &Happened { event, user, subject: id, status, named: None, at })
}

/// Writes down that a connection has come to stand so, likewise.
pub(super) fn of_connection(tx: &Writing<'_>, now: &Changed<'_>) -> Result<()> {
    let Some(event) = EventType::of_connection(now.status) else { return Ok(()) };
    put(
        tx,
        &Happened {
            event,
            user: now.user,
            subject: now.id.as_str(),
            status: now.status.as_str(),
            named: Some((now.toolkit, now.label)),
            at: now.at,
        },
    )
}

/// Writes down what happened once for each webhook that is to hear of it; mostly there is none.
fn put(tx: &Writing<'_>, happened: &Happened<'_>) -> Result<()> {
    let webhooks = tx
        .prepare_cached(
            "SELECT id FROM webhooks WHERE active = 1 AND (user_id IS NULL OR user_id = ?1)
                 AND EXISTS (SELECT 1 FROM json_each(events) WHERE value = ?2)",
        )?
        .query_map([happened.user, happened.event.as_str()], |row| row.get(0))?
        .collect::<rusqlite::Result<Vec<String>>>()?;
    let (toolkit, label) = happened.named.unzip();
    for webhook in webhooks {
        tx.prepare_cached(
            "INSERT INTO deliveries (id, webhook_id, event, user_id, subject_id, subject_status,
                 toolkit, label, happened_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            fresh().to_string(),
            webhook,
            happened.event.as_str(),
            happened.user,
            happened.subject,
            happened.status,
            toolkit,
            label.flatten(),
            happened.at.0,
        ])?;
    }
    Ok(())
}

/// Returns what may be claimed for a webhook, by its number, with who sends it, and whether it is due.
fn candidates(
    tx: &Writing<'_>,
    webhook: &str,
    now: Millis,
) -> Result<Vec<(i64, Option<String>, bool)>> {
    // A lease that was begun by another clock may end a little later than any pause of ours.
    let longest = now.after(LONGEST_PAUSE).after(LEASE);
    let mut select = tx.prepare_cached(
        "SELECT seq, owner, due_at <= ?2 OR due_at > ?3 FROM deliveries
         WHERE webhook_id = ?1 AND status = 'waiting'
             AND (due_at <= ?2 OR due_at > ?3 OR owner IS NOT NULL)
         ORDER BY due_at, seq LIMIT ?4",
    )?;
    let rows = select.query_map(params![webhook, now.0, longest.0, CLAIMED.0], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Claims one delivery for the process `me`, if it still is whose it was.
fn claim(
    tx: &Writing<'_>,
    (seq, owner): (i64, Option<&str>),
    me: &str,
    now: Millis,
) -> Result<Option<Delivery>> {
    let taken = tx
        .prepare_cached(
            "UPDATE deliveries SET owner = ?3, due_at = ?4
             WHERE seq = ?1 AND status = 'waiting' AND owner IS ?2",
        )?
        .execute(params![seq, owner, me, now.after(LEASE).0])?;
    if taken == 0 {
        return Ok(None);
    }
    let mut select = tx.prepare_cached(
        "SELECT deliveries.*, url FROM deliveries JOIN webhooks ON webhooks.id = webhook_id
         WHERE seq = ?1",
    )?;
    Ok(Some(select.query_row([seq], delivery)?))
}

/// Leaves an address alone for a while: what waits for it waits until then at least.
fn rest(tx: &Writing<'_>, id: &WebhookId, until: Millis) -> Result<()> {
    tx.execute(
        "UPDATE deliveries SET due_at = max(due_at, ?2)
         WHERE webhook_id = ?1 AND status = 'waiting' AND owner IS NULL",
        params![id.as_str(), until.0],
    )?;
    Ok(())
}

/// Switches off the webhook of an address that is gone, and forgets what waits for it.
fn switch_off(tx: &Writing<'_>, id: &WebhookId) -> Result<()> {
    tx.execute("UPDATE webhooks SET active = 0 WHERE id = ?1", [id.as_str()])?;
    tx.execute(
        "DELETE FROM deliveries WHERE webhook_id = ?1 AND status = 'waiting'",
        [id.as_str()],
    )?;
    Ok(())
}

/// Returns what the log says of a delivery that nobody took.
fn failure(one: &Delivery, code: Code, now: Millis) -> Entry {
    Entry {
        id: fresh().to_string(),
        at: now,
        actor: Actor::system(),
        user: Some(one.user.clone()),
        action: "webhook.failed",
        entity_type: Some("webhook"),
        target: Some(one.webhook.to_string()),
        outcome: code.to_string(),
        took: 0,
        approval_id: None,
        used: None,
    }
}

fn delivery(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    Ok(Delivery {
        seq: row.get("seq")?,
        id: row.get("id")?,
        webhook: parsed(row, "webhook_id")?,
        url: parsed(row, "url")?,
        event: word(row, "event")?,
        user: row.get("user_id")?,
        subject: row.get("subject_id")?,
        status: row.get("subject_status")?,
        toolkit: row.get("toolkit")?,
        label: row.get("label")?,
        at: Millis(row.get("happened_at")?),
        tries: row.get("tries")?,
    })
}
