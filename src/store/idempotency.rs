//! Calls that came with a key of their caller's: claimed before they are performed, so that one that
//! comes again gets the first answer and does nothing.

use std::time::Duration;

use rusqlite::{OptionalExtension as _, Row, params};
use sha2::{Digest as _, Sha256};

use super::presence::is_alive;
use super::{Store, Writing, parsed, sealed};
use crate::api::error::Result;
use crate::api::ids::{ApprovalId, hex};
use crate::api::time::Millis;

/// How long a key stands for the call that it came with first.
const LIFE: Duration = Duration::from_hours(24);

/// A call with a key of its caller's.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Keyed<'a> {
    /// The caller's id; keys of different callers have nothing to do with each other
    pub(crate) principal: &'a str,
    /// The key
    pub(crate) key: &'a str,
    /// The action's name
    pub(crate) action: &'a str,
    /// SHA-256 of the action with everything that it asks for
    pub(crate) digest: &'a [u8],
    /// Whether anything of it may leave this machine before there is an answer
    pub(crate) leaves: bool,
}

impl Keyed<'_> {
    /// Returns the owner under which the answer is sealed.
    pub(crate) fn owner(&self) -> String {
        owner(self.principal, self.key)
    }
}

/// How a call with a key stands before it is performed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is new, or surely never left, and this process performs it
    New,
    /// A process that has ended began it and left no answer; it is this one's now
    Abandoned,
    /// A living process performs it
    InFlight,
    /// It was answered, with these sealed bytes
    Answered(Vec<u8>),
    /// It was held
    Held(ApprovalId),
    /// The key came with something else before: this action, or the same with another input
    Other(String),
}

/// What is known of a key.
struct Known {
    action: String,
    digest: Vec<u8>,
    owner: Option<String>,
    leaves: bool,
    approval: Option<ApprovalId>,
    done: bool,
}

impl Store {
    /// Claims a call for this process, unless it is another one's or has an answer. The claim is on disk
    /// when this returns.
    pub(crate) fn claim_key(&self, call: &Keyed<'_>, now: Millis) -> Result<Standing> {
        let me = self.presence()?.to_owned();
        let tx = self.write()?;
        prune(&tx, now)?;
        let Some(known) = known(&tx, call)? else {
            let upstream = upstream(&tx, call)?;
            tx.execute(
                "INSERT INTO idempotency (principal, key, action, digest, upstream, leaves, owner,
                     created_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                params![
                    call.principal,
                    call.key,
                    call.action,
                    call.digest,
                    upstream,
                    call.leaves,
                    me,
                    now.0
                ],
            )?;
            tx.commit()?;
            return Ok(Standing::New);
        };
        if known.digest != call.digest {
            return Ok(Standing::Other(known.action));
        }
        if let Some(approval) = known.approval {
            return Ok(Standing::Held(approval));
        }
        if known.done {
            let kept = tx
                .query_row("SELECT bytes FROM sealed WHERE owner = ?1", [call.owner()], |row| {
                    row.get(0)
                })
                .optional()?;
            if let Some(bytes) = kept {
                return Ok(Standing::Answered(bytes));
            }
        } else if known.owner.is_some_and(|owner| owner == me || is_alive(&self.dir, &owner)) {
            return Ok(Standing::InFlight);
        }
        tx.execute(
            "UPDATE idempotency SET owner = ?3, done = 0, leaves = max(leaves, ?4)
             WHERE principal = ?1 AND key = ?2",
            params![call.principal, call.key, me, call.leaves],
        )?;
        tx.commit()?;
        Ok(if known.leaves { Standing::Abandoned } else { Standing::New })
    }

    /// Returns the key by which the upstream knows a call that this process has claimed.
    pub(crate) fn upstream_key(&self, call: &Keyed<'_>) -> Result<String> {
        let conn = self.conn();
        let mut select = conn
            .prepare_cached("SELECT upstream FROM idempotency WHERE principal = ?1 AND key = ?2")?;
        Ok(select.query_row([call.principal, call.key], |row| row.get(0))?)
    }

    /// Keeps the answer to a call that this process has claimed.
    pub(crate) fn keep_answer(&self, call: &Keyed<'_>, bytes: &[u8]) -> Result<()> {
        let tx = self.write()?;
        let kept = tx.execute(
            "UPDATE idempotency SET done = 1, owner = NULL
             WHERE principal = ?1 AND key = ?2 AND digest = ?3 AND done = 0
                 AND approval_id IS NULL",
            params![call.principal, call.key, call.digest],
        )?;
        if kept > 0 {
            sealed::put(&tx, &call.owner(), bytes)?;
        }
        tx.commit()
    }

    /// Forgets a call that came to nothing, so that it may be tried again with the same key.
    pub(crate) fn forget_key(&self, call: &Keyed<'_>) -> Result<()> {
        let tx = self.write()?;
        tx.execute(
            "DELETE FROM idempotency
             WHERE principal = ?1 AND key = ?2 AND digest = ?3 AND done = 0
                 AND approval_id IS NULL",
            params![call.principal, call.key, call.digest],
        )?;
        tx.commit()
    }
}

/// Returns the key by which the upstream is to know a call: the caller's own, unless that is another one's
/// there, or an approval's.
fn upstream(tx: &Writing<'_>, call: &Keyed<'_>) -> Result<String> {
    let store: String = tx.query_row("SELECT id FROM store", [], |row| row.get(0))?;
    let mut taken = tx.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM approvals WHERE idem_key = ?1)
             OR EXISTS (SELECT 1 FROM upstream_keys WHERE key = ?1 AND principal <> ?2)",
    )?;
    let (mut key, mut count) = (call.key.to_owned(), 0_u64);
    while taken.query_row([key.as_str(), call.principal], |row| row.get(0))? {
        count += 1;
        key = derived(&[&store, call.principal, call.key, &count.to_string()]);
    }
    tx.execute(
        "INSERT INTO upstream_keys (key, principal) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        [key.as_str(), call.principal],
    )?;
    Ok(key)
}

/// Returns a key that these parts alone lead to.
fn derived(parts: &[&str]) -> String {
    let mut sum = Sha256::new();
    for part in parts {
        sum.update((part.len() as u64).to_be_bytes());
        sum.update(part);
    }
    let mut key = hex(&sum.finalize());
    key.truncate(32);
    key
}

/// Lets a key stand for an approval from now on, in the transaction that freezes the call.
pub(super) fn hold(
    tx: &Writing<'_>,
    principal: &str,
    key: &str,
    approval: &ApprovalId,
) -> Result<()> {
    tx.prepare_cached(
        "UPDATE idempotency SET approval_id = ?3, owner = NULL
         WHERE principal = ?1 AND key = ?2 AND done = 0",
    )?
    .execute([principal, key, approval.as_str()])?;
    Ok(())
}

fn known(tx: &Writing<'_>, call: &Keyed<'_>) -> Result<Option<Known>> {
    let read = |row: &Row<'_>| {
        let approval: Option<String> = row.get("approval_id")?;
        Ok(Known {
            action: row.get("action")?,
            digest: row.get("digest")?,
            owner: row.get("owner")?,
            leaves: row.get("leaves")?,
            approval: approval.map(|_| parsed(row, "approval_id")).transpose()?,
            done: row.get("done")?,
        })
    };
    let mut select = tx.prepare_cached(
        "SELECT action, digest, owner, leaves, approval_id, done FROM idempotency
         WHERE principal = ?1 AND key = ?2",
    )?;
    Ok(select.query_row([call.principal, call.key], read).optional()?)
}

/// Forgets keys whose time is over, with their answers; not while an approval of theirs is open.
fn prune(tx: &Writing<'_>, now: Millis) -> Result<()> {
    let life = i64::try_from(LIFE.as_millis()).unwrap_or(i64::MAX);
    let old: Vec<(String, String)> = tx
        .prepare_cached(
            "DELETE FROM idempotency WHERE created_at < ?1 AND NOT EXISTS (
                 SELECT 1 FROM approvals WHERE approvals.id = idempotency.approval_id
                     AND status IN ('pending', 'approved', 'sending', 'unknown'))
             RETURNING principal, key",
        )?
        .query_map([now.0.saturating_sub(life)], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (principal, key) in old {
        sealed::delete(tx, &owner(&principal, &key))?;
    }
    Ok(())
}

fn owner(principal: &str, key: &str) -> String {
    format!("reply:{principal}:{key}")
}
