//! What Composio tells without being asked: that an account has expired.

use serde_json::Value;

use super::{MESSAGES, account_of};
use crate::api::connections::Status;
use crate::api::error::{Code, Error, Result};
use crate::api::time::Millis;
use crate::engine::Engine;
use crate::engine::mirror::now_after;
use crate::http::{Signed, is_signed};

/// How far a message's time may be from ours, in seconds.
const APART: i64 = 300;
/// The message that an account has expired.
const EXPIRED: &str = "composio.connected_account.expired";

impl Engine {
    /// Takes a message of Composio's: once, and only one that it has signed just now.
    ///
    /// Fails with `NotFound` where no secret was configured, and with `Unauthorized` for what it did not sign.
    pub(crate) fn hear_composio(&self, message: &Signed<'_>) -> Result<()> {
        let secret = match self.check_real() {
            Ok(()) => self.secret_of(MESSAGES, "webhook_secret")?,
            Err(_) => None,
        };
        let secret = secret.ok_or_else(|| {
            Error::new(Code::NotFound, "nobody here waits for messages of Composio's")
                .hint("run `naive toolkits configure composio --webhook-secret -`")
        })?;
        let now = Millis::now();
        let sent = message.timestamp.parse::<i64>().ok();
        let is_fresh =
            sent.is_some_and(|sent| (now.0 / 1000).abs_diff(sent) <= APART.unsigned_abs());
        let named = (1..=200).contains(&message.id.len());
        if !named || !is_fresh || !is_signed(message, &secret) {
            let text = "the message is not one that Composio has signed just now";
            return Err(Error::new(Code::Unauthorized, text).reason("signature_invalid"));
        }
        let said: Value = serde_json::from_slice(message.body).unwrap_or_default();
        if self.store.take_message(message.id, now)? && said["type"] == EXPIRED {
            self.has_expired(&said)?;
        }
        Ok(())
    }

    fn has_expired(&self, said: &Value) -> Result<()> {
        let text = |at: &str| said.pointer(at).and_then(Value::as_str);
        let account = text("/metadata/connected_account_id").or(text("/data/id"));
        let Some(account) = account else { return Ok(()) };
        let user = text("/metadata/user_id").or(text("/data/user_id"));
        let known = user.and_then(|user| self.store.user(&user.parse().ok()?).ok()?);
        for id in self.store.at_composio(known.as_ref().map(|user| user.id.as_str()))? {
            if account_of(&self.opened(&id)?.secrets) != Some(account) {
                continue;
            }
            let connection = self.present(&id)?;
            if connection.status == Status::Active {
                let why = "Composio says that it has expired";
                self.store.expire(&id, why, now_after(&connection))?;
            }
        }
        Ok(())
    }
}
