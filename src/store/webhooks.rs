//! Webhooks as they are kept. What they are told is in `deliveries`.

use rusqlite::{Connection as Database, OptionalExtension as _, Row, params};

use super::{Store, json, parsed, sealed, word};
use crate::api::error::Result;
use crate::api::time::Millis;
use crate::api::webhooks::{LastDelivery, Webhook, WebhookId, WebhookState};

/// How many webhooks a store holds: each is asked about with everything that happens.
pub(crate) const MOST_WEBHOOKS: u32 = 100;

const WEBHOOK: &str = "SELECT id, url, events, user_id, active, created_at FROM webhooks";

impl Store {
    /// Keeps a webhook with its sealed secret; returns whether there was room for one more.
    pub(crate) fn insert_webhook(&self, new: &Webhook, secret: &[u8]) -> Result<bool> {
        let events: Vec<_> = new.event_types.iter().map(|event| event.as_str()).collect();
        let tx = self.write()?;
        let fits = tx.execute(
            "INSERT INTO webhooks (id, url, events, user_id, active, created_at)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE (SELECT count(*) FROM webhooks) < ?7",
            params![
                new.id.as_str(),
                new.url.as_str(),
                serde_json::Value::from(events).to_string(),
                new.tenant_user_id,
                new.active,
                new.created_at.0,
                MOST_WEBHOOKS,
            ],
        )?;
        if fits == 0 {
            return Ok(false);
        }
        sealed::put(&tx, &webhook_owner(&new.id), secret)?;
        tx.commit()?;
        Ok(true)
    }

    /// Returns the webhook of that id.
    pub(crate) fn webhook(&self, id: &WebhookId) -> Result<Option<Webhook>> {
        let conn = self.conn();
        let mut select = conn.prepare_cached(&format!("{WEBHOOK} WHERE id = ?1"))?;
        Ok(select.query_row([id.as_str()], webhook_row).optional()?)
    }

    /// Returns every webhook, or those of one user alone, newest first, each with how it does.
    pub(crate) fn webhooks(&self, user: Option<&str>) -> Result<Vec<WebhookState>> {
        self.at_once(|db| {
            let mut select = db.prepare_cached(&format!(
                "{WEBHOOK} WHERE ?1 IS NULL OR user_id = ?1 ORDER BY created_at DESC, rowid DESC"
            ))?;
            let all = select.query_map([user], webhook_row)?;
            all.map(|webhook| state(db, webhook?)).collect()
        })
    }

    /// Forgets a webhook with its secret and all that waits for it; returns it as it was, if it was there.
    pub(crate) fn delete_webhook(&self, id: &WebhookId) -> Result<Option<Webhook>> {
        let tx = self.write()?;
        tx.execute("DELETE FROM deliveries WHERE webhook_id = ?1", [id.as_str()])?;
        let gone = tx
            .query_row(
                "DELETE FROM webhooks WHERE id = ?1
                 RETURNING id, url, events, user_id, active, created_at",
                [id.as_str()],
                webhook_row,
            )
            .optional()?;
        sealed::delete(&tx, &webhook_owner(id))?;
        tx.commit()?;
        Ok(gone)
    }
}

/// Returns the owner under which a webhook's secret is sealed.
pub(crate) fn webhook_owner(id: &WebhookId) -> String {
    format!("webhook:{id}")
}

/// Returns a webhook with how it does.
fn state(db: &Database, webhook: Webhook) -> Result<WebhookState> {
    let waiting = db
        .prepare_cached(
            "SELECT count(*) FROM deliveries WHERE webhook_id = ?1 AND status = 'waiting'",
        )?
        .query_row([webhook.id.as_str()], |row| row.get(0))?;
    let last_delivery = db
        .prepare_cached(
            "SELECT id, event, tried_at, tries, http_status, error FROM deliveries
             WHERE webhook_id = ?1 AND tried_at IS NOT NULL
             ORDER BY tried_at DESC, seq DESC LIMIT 1",
        )?
        .query_row([webhook.id.as_str()], |row| {
            Ok(LastDelivery {
                id: row.get("id")?,
                event: word(row, "event")?,
                at: Millis(row.get("tried_at")?),
                tries: row.get("tries")?,
                status: row.get("http_status")?,
                error: row.get("error")?,
            })
        })
        .optional()?;
    Ok(WebhookState { webhook, waiting, last_delivery })
}

fn webhook_row(row: &Row<'_>) -> rusqlite::Result<Webhook> {
    Ok(Webhook {
        id: parsed(row, "id")?,
        url: parsed(row, "url")?,
        event_types: json(row, "events")?,
        active: row.get("active")?,
        tenant_user_id: row.get("user_id")?,
        created_at: Millis(row.get("created_at")?),
    })
}
