//! Clients that registered themselves (RFC 7591); others are known to nobody, and may be anybody.

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::{hash, hex};
use crate::api::time::Millis;

/// A client that registered itself.
#[derive(Debug)]
pub(in crate::sandbox) struct Client {
    /// Where a browser may be sent back to.
    pub(in crate::sandbox) redirects: Vec<String>,
    secret: Option<Vec<u8>>,
}

impl Client {
    /// Tells whether the client proves to be itself: a public one has nothing to prove.
    pub(in crate::sandbox) fn is_proven(&self, secret: Option<&str>) -> bool {
        self.secret.as_ref().is_none_or(|own| secret.is_some_and(|secret| hash(secret) == *own))
    }
}

/// Remembers a new client; returns its id, and its secret if it is to have one.
pub(in crate::sandbox) fn register(
    tx: &Transaction<'_>,
    app: &str,
    redirects: &[String],
    confidential: bool,
    now: Millis,
) -> rusqlite::Result<(String, Option<String>)> {
    let id = format!("sbx_client_{}", hex(24));
    let secret = confidential.then(|| format!("sbx_secret_{}", hex(48)));
    let redirects = serde_json::Value::from(redirects).to_string();
    tx.execute(
        "INSERT INTO clients (id, app, secret, redirects, created_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![id, app, secret.as_deref().map(hash), redirects, now.0],
    )?;
    Ok((id, secret))
}

/// Returns the client of that id, if it registered with this app.
pub(in crate::sandbox) fn find(
    connection: &Connection,
    app: &str,
    id: &str,
) -> rusqlite::Result<Option<Client>> {
    connection
        .query_row(
            "SELECT redirects, secret FROM clients WHERE id = ?1 AND app = ?2",
            [id, app],
            |row| {
                let redirects: String = row.get(0)?;
                let redirects = serde_json::from_str(&redirects).unwrap_or_default();
                Ok(Client { redirects, secret: row.get(1)? })
            },
        )
        .optional()
}
