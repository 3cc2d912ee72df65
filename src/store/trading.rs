//! Orders as they were written down before they were sent, the halt, and the broker's OAuth app.

use rusqlite::{Connection as Database, OptionalExtension as _, Row, params};

use super::{Store, kits, mirror, parsed, sealed, word};
use crate::api::error::Result;
use crate::api::ids::ConnectionId;
use crate::api::kits::Kit;
use crate::api::time::Millis;
use crate::api::trading::order::{Intent, IntentStatus};
use crate::api::trading::symbol::Symbol;
use crate::api::trading::words::{AssetClass, BrokerEnv, Side};

/// What the operator decided about the brokerage; what is `None` is as usual.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct BrokerRow {
    /// OAuth app
    pub(crate) client_id: Option<String>,
    /// Where its users return to
    pub(crate) redirect_uri: Option<String>,
    /// What users are told before they link an account
    pub(crate) disclosure: Option<String>,
    /// Another address of the broker
    pub(crate) base_url: Option<String>,
}

/// An order that is about to be sent.
#[derive(Debug)]
pub(crate) struct NewIntent<'a> {
    /// Its name at the broker
    pub(crate) client_order_id: &'a str,
    /// UUID of the user
    pub(crate) user: &'a str,
    /// Paper or live
    pub(crate) env: BrokerEnv,
    /// What is traded
    pub(crate) symbol: &'a Symbol,
    /// On which market
    pub(crate) class: AssetClass,
    /// Buy or sell
    pub(crate) side: Side,
    /// What it is reckoned to cost, in dollars
    pub(crate) notional: String,
    /// SHA-256 of what is asked of the broker
    pub(crate) digest: &'a [u8],
    /// The approval it belongs to
    pub(crate) approval_id: Option<&'a str>,
    /// Whether it only takes away from what is held: no halt stops it
    pub(crate) closes: bool,
}

/// An order that counts against the limits.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Spent {
    /// On which market
    pub(crate) class: AssetClass,
    /// What it was reckoned to cost, in dollars
    pub(crate) notional: String,
    /// When
    pub(crate) at: Millis,
}

/// What became of writing an order down.
#[derive(Debug)]
pub(crate) enum Reserved {
    /// It is written down, and may be sent once
    Now,
    /// It was before; whether it is the same order
    Before(bool),
    /// Orders are stopped
    Halted(HaltRow),
}

/// A halt that is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HaltRow {
    /// UUID of the user who is stopped; none where all are
    pub(crate) user: Option<String>,
    /// Since when
    pub(crate) since: Millis,
    /// Who did it
    pub(crate) by: String,
    /// Why
    pub(crate) reason: Option<String>,
}

const INTENT: &str = "SELECT client_order_id, user_id, env, symbol, side, notional, status,
    created_at, approval_id, digest FROM intents";

impl Store {
    /// Returns what was decided about the brokerage.
    pub(crate) fn broker(&self) -> Result<BrokerRow> {
        let conn = self.conn();
        let mut select = conn
            .prepare_cached("SELECT client_id, redirect_uri, disclosure, base_url FROM broker")?;
        let row = select.query_row([], |row| {
            Ok(BrokerRow {
                client_id: row.get(0)?,
                redirect_uri: row.get(1)?,
                disclosure: row.get(2)?,
                base_url: row.get(3)?,
            })
        });
        Ok(row.optional()?.unwrap_or_default())
    }

    /// Stores what was decided about the brokerage, with the sealed secret of its app where it is a new one.
    pub(crate) fn put_broker(&self, row: &BrokerRow, secret: Option<(&str, &[u8])>) -> Result<()> {
        let tx = self.write()?;
        tx.execute(
            "INSERT OR REPLACE INTO broker (one, client_id, redirect_uri, disclosure, base_url)
             VALUES (1, ?1, ?2, ?3, ?4)",
            params![row.client_id, row.redirect_uri, row.disclosure, row.base_url],
        )?;
        if let Some((owner, bytes)) = secret {
            sealed::put(&tx, owner, bytes)?;
        }
        tx.commit()
    }

    /// Forgets a connection with its logins and the credential of `owner`.
    pub(crate) fn forget_connection(
        &self,
        id: &ConnectionId,
        owner: &str,
        now: Millis,
    ) -> Result<()> {
        let tx = self.write()?;
        tx.execute("DELETE FROM flows WHERE connection_id = ?1", [id.as_str()])?;
        mirror::forgotten(&tx, id, now)?;
        tx.execute("DELETE FROM connections WHERE id = ?1", [id.as_str()])?;
        sealed::delete(&tx, owner)?;
        tx.commit()
    }

    /// Writes an order down before it is sent, if `judge` allows it under the user's kit, beside those that count
    /// since `since`.
    ///
    /// One transaction: of two orders that fit a limit only alone, one fits. An order that only closes is
    /// neither stopped nor judged. Fails as `judge` does, and then nothing is written.
    pub(crate) fn reserve(
        &self,
        new: &NewIntent<'_>,
        (since, now): (Millis, Millis),
        judge: impl FnOnce(&Kit, &[Spent]) -> Result<()>,
    ) -> Result<Reserved> {
        let tx = self.write()?;
        if let Some((intent, digest)) = written(&tx, (new.user, new.env, new.client_order_id))?
            && (intent.status != IntentStatus::Refused || digest != new.digest)
        {
            return Ok(Reserved::Before(digest == new.digest));
        }
        if !new.closes {
            if let Some(halt) = halt(&tx, new.user)? {
                return Ok(Reserved::Halted(halt));
            }
            judge(&kits::of_user(&tx, new.user)?, &spent(&tx, (new.user, new.env), since)?)?;
        }
        tx.execute(
            "INSERT OR REPLACE INTO intents (client_order_id, user_id, env, symbol, asset_class, side, notional,
                 status, digest, approval_id, created_at, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'sending', ?8, ?9, ?10, ?10)",
            params![
                new.client_order_id,
                new.user,
                new.env.as_str(),
                new.symbol.as_str(),
                new.class.as_str(),
                new.side.as_str(),
                new.notional,
                new.digest,
                new.approval_id,
                now.0,
            ],
        )?;
        tx.commit()?;
        Ok(Reserved::Now)
    }

    /// Notes what became of an order; what is known for certain is not unlearnt.
    pub(crate) fn settle_intent(
        &self,
        (user, env, id): (&str, BrokerEnv, &str),
        status: IntentStatus,
        now: Millis,
    ) -> Result<()> {
        let word = status_word(status);
        let tx = self.write()?;
        tx.execute(
            "UPDATE intents SET status = ?4, updated_at = ?5
             WHERE user_id = ?1 AND env = ?2 AND client_order_id = ?3
                 AND status IN ('sending', 'unknown', 'missing')",
            params![user, env.as_str(), id, word, now.0],
        )?;
        tx.commit()
    }

    /// Returns an order that was written down.
    pub(crate) fn intent(&self, of: (&str, BrokerEnv), id: &str) -> Result<Option<Intent>> {
        Ok(self.intent_asked(of, id)?.map(|(intent, _)| intent))
    }

    /// Returns the same with the digest of what was asked then.
    pub(crate) fn intent_asked(
        &self,
        (user, env): (&str, BrokerEnv),
        id: &str,
    ) -> Result<Option<(Intent, Vec<u8>)>> {
        Ok(written(&self.conn(), (user, env, id))?)
    }

    /// Returns a user's orders of which nobody knows what became, oldest first.
    pub(crate) fn open_intents(&self, user: &str) -> Result<Vec<Intent>> {
        let conn = self.conn();
        let mut select = conn.prepare_cached(&format!(
            "{INTENT} WHERE user_id = ?1 AND status IN ('sending', 'unknown')
             ORDER BY created_at, client_order_id"
        ))?;
        let rows = select.query_map([user], intent_row)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns the users, by UUID, with orders from before a time of which nobody knows what became, and which
    /// no approval tells of.
    pub(crate) fn users_in_doubt(&self, before: Millis) -> Result<Vec<String>> {
        let conn = self.conn();
        let mut select = conn.prepare_cached(
            "SELECT DISTINCT user_id FROM intents
             WHERE status IN ('sending', 'unknown') AND approval_id IS NULL AND created_at < ?1
             ORDER BY user_id",
        )?;
        let rows = select.query_map([before.0], |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns the orders of a user in one env that count against limits since a time, oldest first.
    pub(crate) fn spent(&self, of: (&str, BrokerEnv), since: Millis) -> Result<Vec<Spent>> {
        spent(&self.conn(), of, since)
    }

    /// Stops the orders of a user, or of all; one that is in force stays as it is.
    pub(crate) fn halt(&self, halt: &HaltRow) -> Result<()> {
        let tx = self.write()?;
        tx.execute(
            "INSERT INTO halts (user_id, since, halted_by, reason) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (user_id) DO NOTHING",
            params![halt.user.as_deref().unwrap_or(""), halt.since.0, halt.by, halt.reason],
        )?;
        tx.commit()
    }

    /// Lets the orders of a user, or of all, go out again; returns whether they were stopped.
    pub(crate) fn resume(&self, user: Option<&str>) -> Result<bool> {
        let tx = self.write()?;
        let gone = tx.execute("DELETE FROM halts WHERE user_id = ?1", [user.unwrap_or("")])?;
        tx.commit()?;
        Ok(gone == 1)
    }

    /// Returns the halt that stops a user's orders, the workspace's own first.
    pub(crate) fn halted(&self, user: &str) -> Result<Option<HaltRow>> {
        Ok(halt(&self.conn(), user)?)
    }

    /// Returns all halts that are in force, the workspace's own first.
    pub(crate) fn halts(&self) -> Result<Vec<HaltRow>> {
        let conn = self.conn();
        let mut select = conn.prepare_cached(
            "SELECT user_id, since, halted_by, reason FROM halts ORDER BY user_id",
        )?;
        let rows = select.query_map([], halt_row)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

/// Returns an order of the same name, and the digest of what was asked then.
fn written(
    db: &Database,
    (user, env, id): (&str, BrokerEnv, &str),
) -> rusqlite::Result<Option<(Intent, Vec<u8>)>> {
    let mut select = db.prepare_cached(&format!(
        "{INTENT} WHERE user_id = ?1 AND env = ?2 AND client_order_id = ?3"
    ))?;
    let found = select.query_row(params![user, env.as_str(), id], |row| {
        Ok((intent_row(row)?, row.get("digest")?))
    });
    found.optional()
}

fn spent(db: &Database, (user, env): (&str, BrokerEnv), since: Millis) -> Result<Vec<Spent>> {
    let mut select = db.prepare_cached(
        "SELECT asset_class, notional, created_at FROM intents
         WHERE user_id = ?1 AND env = ?2 AND created_at >= ?3 AND status NOT IN ('refused', 'missing')
         ORDER BY created_at",
    )?;
    let rows = select.query_map(params![user, env.as_str(), since.0], |row| {
        Ok(Spent {
            class: parsed(row, "asset_class")?,
            notional: row.get("notional")?,
            at: Millis(row.get("created_at")?),
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn halt(db: &Database, user: &str) -> rusqlite::Result<Option<HaltRow>> {
    let mut select = db.prepare_cached(
        "SELECT user_id, since, halted_by, reason FROM halts WHERE user_id IN ('', ?1) ORDER BY user_id",
    )?;
    select.query_row([user], halt_row).optional()
}

fn halt_row(row: &Row<'_>) -> rusqlite::Result<HaltRow> {
    let user: String = row.get("user_id")?;
    Ok(HaltRow {
        user: Some(user).filter(|user| !user.is_empty()),
        since: Millis(row.get("since")?),
        by: row.get("halted_by")?,
        reason: row.get("reason")?,
    })
}

fn intent_row(row: &Row<'_>) -> rusqlite::Result<Intent> {
    Ok(Intent {
        client_order_id: row.get("client_order_id")?,
        env: parsed(row, "env")?,
        symbol: parsed(row, "symbol")?,
        side: parsed(row, "side")?,
        notional: parsed(row, "notional")?,
        status: word(row, "status")?,
        created_at: Millis(row.get("created_at")?),
        approval_id: row.get("approval_id")?,
    })
}

fn status_word(status: IntentStatus) -> &'static str {
    match status {
        IntentStatus::Sending => "sending",
        IntentStatus::Placed => "placed",
        IntentStatus::Refused => "refused",
        IntentStatus::Unknown => "unknown",
        IntentStatus::Missing => "missing",
    }
}
