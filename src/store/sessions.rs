//! Sessions of agents: they lie among the keys, and are listed apart from them.

use rusqlite::{OptionalExtension as _, Row, params};

use super::Store;
use crate::api::error::Result;
use crate::api::sessions::{Session, SessionStatus};
use crate::api::time::Millis;

const COLUMNS: &str = "id, created_at, expires_at, revoked_at";

impl Store {
    /// Returns the sessions of a user, by UUID, newest first, as they stand at `now`.
    pub(crate) fn sessions(&self, user: &str, now: Millis) -> Result<Vec<Session>> {
        let conn = self.conn();
        let mut select = conn.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM keys WHERE user_id = ?1 AND id LIKE 'sess\\_%' ESCAPE '\\'
             ORDER BY created_at DESC, rowid DESC"
        ))?;
        let rows = select.query_map([user], |row| session_row(row, now))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Ends a session of a user, and returns it; `None` if the user has none of that id. Once is for ever.
    pub(crate) fn end_session(&self, id: &str, user: &str, now: Millis) -> Result<Option<Session>> {
        let tx = self.write()?;
        let ended = tx.query_row(
            &format!(
                "UPDATE keys SET revoked_at = ifnull(revoked_at, ?3)
                 WHERE id = ?1 AND user_id = ?2 AND id LIKE 'sess\\_%' ESCAPE '\\'
                 RETURNING {COLUMNS}"
            ),
            params![id, user, now.0],
            |row| session_row(row, now),
        );
        let ended = ended.optional()?;
        tx.commit()?;
        Ok(ended)
    }
}

fn session_row(row: &Row<'_>, now: Millis) -> rusqlite::Result<Session> {
    let expires_at = Millis(row.get("expires_at")?);
    let revoked_at = row.get::<_, Option<i64>>("revoked_at")?.map(Millis);
    let status = match revoked_at {
        Some(_) => SessionStatus::Revoked,
        None if expires_at <= now => SessionStatus::Expired,
        None => SessionStatus::Active,
    };
    let created_at = Millis(row.get("created_at")?);
    Ok(Session { id: row.get("id")?, status, created_at, expires_at, revoked_at })
}
