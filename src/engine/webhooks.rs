//! Webhooks: made, listed, tried and deleted. What they are told, and when, is in `outbox`.

use secrecy::SecretString;
use serde_json::json;

use super::Engine;
use super::outbox::{Letter, TRY};
use crate::api::error::{Code, Error, Result};
use crate::api::ids::fresh;
use crate::api::secrets::Secrets;
use crate::api::time::Millis;
use crate::api::webhooks::{
    CreateWebhook, CreatedWebhook, DeleteWebhook, DeletedWebhook, EventType, ListWebhooks, TEST,
    TestWebhook, TestedWebhook, Webhook, WebhookId, Webhooks,
};
use crate::http::{Trust, check};
use crate::store::{MOST_WEBHOOKS, webhook_owner};
use crate::vault::access;

/// Under which name the secret of a webhook is sealed.
const SECRET: &str = "secret";
/// How long an address may be, in bytes.
const LONGEST: usize = 2000;

impl Engine {
    /// Makes a webhook; its secret is told here and nowhere else.
    ///
    /// Fails with `InvalidInput` for an address that may not be called, and where it would hear of nothing.
    pub(super) fn create_webhook(&self, op: &CreateWebhook) -> Result<CreatedWebhook> {
        check(&op.url, Trust::Operator)?;
        if op.url.as_str().len() > LONGEST {
            let text = format!("the address is longer than {LONGEST} bytes");
            return Err(Error::new(Code::InvalidInput, text).hint("give the webhook a shorter one"));
        }
        let heard = |event: &EventType| op.event_types.contains(event);
        let event_types: Vec<_> = EventType::ALL.into_iter().filter(heard).collect();
        if event_types.is_empty() {
            let known = EventType::ALL.map(EventType::as_str).join(", ");
            return Err(Error::new(Code::InvalidInput, "a webhook hears of one event at least")
                .hint(format!("name some of {known}")));
        }
        let user = op.user.as_ref().map(|user| self.user(user)).transpose()?;
        let webhook = Webhook {
            id: WebhookId::fresh(),
            url: op.url.clone(),
            event_types,
            active: true,
            tenant_user_id: user.map(|user| user.id),
            created_at: Millis::now(),
        };
        let secret = access::mint_signing();
        let sealed = Secrets([(SECRET.to_owned(), secret.clone())].into());
        let fits = self.sealing(&webhook_owner(&webhook.id), &sealed, |sealed| {
            self.store.insert_webhook(&webhook, sealed)
        })?;
        if !fits {
            let text = format!("there are {MOST_WEBHOOKS} webhooks already");
            return Err(Error::new(Code::InvalidInput, text)
                .hint("delete one with `naive webhooks delete`")
                .reason("too_many_webhooks"));
        }
        Ok(CreatedWebhook { webhook, secret: access::told_once(&secret) })
    }

    pub(super) fn list_webhooks(&self, op: &ListWebhooks) -> Result<Webhooks> {
        let user = op.user.as_ref().map(|user| self.user(user)).transpose()?;
        Ok(Webhooks { webhooks: self.store.webhooks(user.as_ref().map(|user| user.id.as_str()))? })
    }

    /// Sends one `webhook.test`, also to a webhook that is switched off; what it answers changes nothing.
    pub(super) async fn test_webhook(&self, op: &TestWebhook) -> Result<TestedWebhook> {
        let webhook = self.store.webhook(&op.webhook)?.ok_or_else(|| unknown(&op.webhook))?;
        let (began, id) = (Millis::now(), fresh().to_string());
        let data = json!({ "webhook": webhook.id, "tenant_user_id": webhook.tenant_user_id });
        let letter =
            Letter { id: &id, to: (&webhook.id, &webhook.url), event: TEST, data, at: began };
        let request = self.enveloped(letter)?;
        let answer = self.posted(&request, TRY).await;
        let took = began.age(Millis::now()).as_millis();
        Ok(TestedWebhook {
            id,
            webhook_id: webhook.id,
            event: TEST.to_owned(),
            successful: answer.error.is_none(),
            status: answer.status,
            code: answer.error.as_ref().map(|error| error.code),
            error: answer.error.map(|error| error.message),
            took_ms: u64::try_from(took).unwrap_or(u64::MAX),
        })
    }

    pub(super) fn delete_webhook(&self, op: &DeleteWebhook) -> Result<DeletedWebhook> {
        let gone = self.store.delete_webhook(&op.webhook)?.ok_or_else(|| unknown(&op.webhook))?;
        Ok(DeletedWebhook { webhook: Webhook { active: false, ..gone }, deleted: true })
    }

    /// Returns the secret that signs what a webhook is sent.
    pub(super) fn webhook_secret(&self, id: &WebhookId) -> Result<SecretString> {
        let owner = webhook_owner(id);
        let sealed = self.store.sealed(&owner)?.unwrap_or_default();
        let secret = self.opening(&owner, &sealed)?.0.remove(SECRET);
        secret.ok_or_else(|| Error::new(Code::InternalError, "the secret of a webhook is gone"))
    }
}

fn unknown(id: &WebhookId) -> Error {
    Error::new(Code::NotFound, format!("there is no webhook `{id}`"))
        .hint("run `naive webhooks list` to see which there are")
}
