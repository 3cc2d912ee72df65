//! Reading the log.

use rusqlite::types::Value;
use rusqlite::{Row, params_from_iter};

use super::{Store, parsed};
use crate::api::approvals::Actor;
use crate::api::error::Result;
use crate::api::log::Event;
use crate::api::time::Millis;

/// Which entries are wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    /// Only those for this user, by UUID
    pub(crate) user: Option<&'a str>,
    /// Only those of this action
    pub(crate) action: Option<&'a str>,
    /// Only those later than this
    pub(crate) after: Option<Millis>,
    /// Only those with a higher number, oldest first
    pub(crate) after_seq: Option<i64>,
    /// Only those with a lower number
    pub(crate) before_seq: Option<i64>,
    /// How many at most
    pub(crate) limit: u32,
}

impl Store {
    /// Returns entries of the log, newest first, or from a number on oldest first.
    pub(crate) fn events(&self, wanted: &Wanted<'_>) -> Result<Vec<Event>> {
        let mut conditions = Vec::new();
        let mut values = Vec::new();
        for (condition, value) in [
            ("user_id = ?", wanted.user.map(|user| Value::from(user.to_owned()))),
            ("action = ?", wanted.action.map(|action| Value::from(action.to_owned()))),
            ("at > ?", wanted.after.map(|at| Value::from(at.0))),
            ("seq > ?", wanted.after_seq.map(Value::from)),
            ("seq < ?", wanted.before_seq.map(Value::from)),
        ] {
            if let Some(value) = value {
                conditions.push(condition);
                values.push(value);
            }
        }
        let filter = match conditions.as_slice() {
            [] => String::new(),
            some => format!("WHERE {}", some.join(" AND ")),
        };
        let order = if wanted.after_seq.is_some() { "ASC" } else { "DESC" };
        let query = format!("SELECT * FROM log {filter} ORDER BY seq {order} LIMIT ?");
        values.push(Value::from(i64::from(wanted.limit)));
        let conn = self.conn();
        let mut select = conn.prepare_cached(&query)?;
        let rows = select.query_map(params_from_iter(values), event)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

fn event(row: &Row<'_>) -> rusqlite::Result<Event> {
    let approval: Option<String> = row.get("approval_id")?;
    Ok(Event {
        id: row.get("id")?,
        seq: row.get("seq")?,
        tenant_user_id: row.get("user_id")?,
        actor: actor(row)?,
        action: row.get("action")?,
        entity_type: row.get("entity_type")?,
        entity_id: row.get("target")?,
        outcome: row.get("outcome")?,
        took_ms: row.get("took_ms")?,
        approval_id: approval.map(|_| parsed(row, "approval_id")).transpose()?,
        created_at: Millis(row.get("at")?),
    })
}

/// Returns who did it; entries of the first form are all the operator's.
fn actor(row: &Row<'_>) -> rusqlite::Result<Actor> {
    let id: Option<String> = row.get("actor_id")?;
    Ok(match id {
        Some(actor_id) => {
            Actor { actor_type: row.get("actor")?, actor_id, name: row.get("actor_name")? }
        }
        None => Actor::operator(),
    })
}
