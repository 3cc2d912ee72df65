//! Webhooks: addresses that hear of what happens here, and what each has heard.

use std::fmt;
use std::str::FromStr;

use clap::{Args, ValueEnum};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use super::approvals::ApprovalStatus;
use super::connections::Status;
use super::error::Code;
use super::ids::{Malformed, UserRef, checked, fresh};
use super::time::Millis;

/// What an address is told when it is tried; nobody subscribes to it.
pub(crate) const TEST: &str = "webhook.test";

checked! {
    /// A webhook's id: `wh_` and a UUID without dashes.
    WebhookId, |text| match text.strip_prefix("wh_") {
        Some(rest) if rest.len() == 32 && rest.chars().all(|c| c.is_ascii_hexdigit()) => {
            Ok(text.to_ascii_lowercase())
        }
        _ => Err("a webhook id is `wh_` and 32 hexadecimal digits".into()),
    }
}

impl WebhookId {
    /// Returns a new id that nobody has.
    pub(crate) fn fresh() -> Self {
        Self(format!("wh_{}", fresh().simple()))
    }
}

/// What an address can hear of.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, ValueEnum,
)]
pub(crate) enum EventType {
    /// A sensitive action waits for a person
    #[serde(rename = "approval.requested")]
    #[value(name = "approval.requested")]
    ApprovalRequested,
    /// It was decided, or ended: `data.status` says how
    #[serde(rename = "approval.resolved")]
    #[value(name = "approval.resolved")]
    ApprovalResolved,
    /// A login succeeded, or an app takes a credential again
    #[serde(rename = "connection.active")]
    #[value(name = "connection.active")]
    ConnectionActive,
    /// An app no longer takes a credential
    #[serde(rename = "connection.expired")]
    #[value(name = "connection.expired")]
    ConnectionExpired,
    /// A login did not succeed
    #[serde(rename = "connection.failed")]
    #[value(name = "connection.failed")]
    ConnectionFailed,
    /// A connection was switched off, or its credential deleted
    #[serde(rename = "connection.disconnected")]
    #[value(name = "connection.disconnected")]
    ConnectionDisconnected,
}

impl EventType {
    /// Everything there is to hear.
    pub(crate) const ALL: [Self; 6] = [
        Self::ApprovalRequested,
        Self::ApprovalResolved,
        Self::ConnectionActive,
        Self::ConnectionExpired,
        Self::ConnectionFailed,
        Self::ConnectionDisconnected,
    ];

    /// Returns the event's name, as it is sent and kept.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::ApprovalRequested => "approval.requested",
            Self::ApprovalResolved => "approval.resolved",
            Self::ConnectionActive => "connection.active",
            Self::ConnectionExpired => "connection.expired",
            Self::ConnectionFailed => "connection.failed",
            Self::ConnectionDisconnected => "connection.disconnected",
        }
    }

    /// Returns what is told of an approval that has come to stand so; nothing of one that is being sent.
    pub(crate) fn of_approval(status: ApprovalStatus) -> Option<Self> {
        match status {
            ApprovalStatus::Pending => Some(Self::ApprovalRequested),
            ApprovalStatus::Sending => None,
            ApprovalStatus::Approved
            | ApprovalStatus::Unknown
            | ApprovalStatus::Executed
            | ApprovalStatus::Failed
            | ApprovalStatus::Denied
            | ApprovalStatus::Expired
            | ApprovalStatus::Cancelled => Some(Self::ApprovalResolved),
        }
    }

    /// Returns what is told of a connection that has come to stand so; nothing of a login that begins.
    pub(crate) fn of_connection(status: Status) -> Option<Self> {
        match status {
            Status::Initiated => None,
            Status::Active => Some(Self::ConnectionActive),
            Status::Expired => Some(Self::ConnectionExpired),
            Status::Failed => Some(Self::ConnectionFailed),
            Status::Inactive | Status::Revoked => Some(Self::ConnectionDisconnected),
        }
    }
}

/// Tell an address of what happens here; its secret is shown once
///
/// Each event is posted as `{event, data, ts}`, `ts` in Unix milliseconds. `X-Naive-Event` repeats the event,
/// `X-Naive-Signature` is the HMAC-SHA256 of the body in hexadecimal, under the whole secret with its `whsec_`, and
/// `X-Naive-Delivery` names the delivery: it is the same for every try, so that whoever hears of one twice can
/// drop the second. Any 2xx says that it was heard. No answer within 10 seconds, 408, 429 and 5xx are tried again
/// after 1 second, 30 seconds and then every 5 minutes, later if `Retry-After` says so, five times in all; 410
/// switches the webhook off, and anything else is not tried again. The log says `webhook.failed` of what nobody
/// heard. Events are written down together with what they tell of, so none is lost, and wait until somebody runs
/// `naive serve`, or `naive webhooks deliver`; they may come in another order than they happened, which `ts` tells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
#[group(skip)]
pub(crate) struct CreateWebhook {
    /// Address that is posted to: `https`, or `http` on this machine
    #[arg(long)]
    pub(crate) url: Url,
    /// What it hears of; can be repeated
    #[arg(long = "event", value_name = "EVENT", required = true, value_delimiter = ',')]
    #[serde(rename = "eventTypes", alias = "event_types")]
    pub(crate) event_types: Vec<EventType>,
    /// Only of what happens for this tenant user: id, external id or `default`
    #[arg(long)]
    #[serde(default, alias = "user_id", skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<UserRef>,
}

/// A webhook that was made. Its secret is never told again.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct CreatedWebhook {
    /// What a list says of it
    #[serde(flatten)]
    pub(crate) webhook: Webhook,
    /// Secret that signs what is sent: `whsec_…`
    pub(crate) secret: String,
}

impl fmt::Debug for CreatedWebhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreatedWebhook").field("webhook", &self.webhook).finish_non_exhaustive()
    }
}

/// An address, and what it hears of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Webhook {
    /// `wh_…`
    pub(crate) id: WebhookId,
    /// Address that is posted to
    pub(crate) url: Url,
    /// What it hears of
    #[serde(rename = "eventTypes")]
    pub(crate) event_types: Vec<EventType>,
    /// Whether it is told of anything; an address that is gone for good (410) is not
    pub(crate) active: bool,
    /// UUID of the user whose events alone it hears
    pub(crate) tenant_user_id: Option<String>,
    /// When it was made
    pub(crate) created_at: Millis,
}

/// List the webhooks, with how the last try of each went
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListWebhooks {
    /// Only those that hear of this tenant user alone: id, external id or `default`
    #[arg(long)]
    #[serde(default, alias = "user_id", skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<UserRef>,
}

/// The webhooks, newest first.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Webhooks {
    /// The webhooks
    pub(crate) webhooks: Vec<WebhookState>,
}

/// A webhook, and how it does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct WebhookState {
    /// The webhook
    #[serde(flatten)]
    pub(crate) webhook: Webhook,
    /// How many events wait to be sent, or sent again
    pub(crate) waiting: u32,
    /// The try that came last
    pub(crate) last_delivery: Option<LastDelivery>,
}

/// How the try went that came last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct LastDelivery {
    /// `X-Naive-Delivery`
    pub(crate) id: String,
    /// What it told
    pub(crate) event: EventType,
    /// When it was tried
    pub(crate) at: Millis,
    /// How often by then
    pub(crate) tries: u32,
    /// HTTP status, where there was an answer
    pub(crate) status: Option<u16>,
    /// What went wrong, where anything did
    pub(crate) error: Option<String>,
}

/// List what a webhook can hear of
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListEventTypes {}

/// What a webhook can hear of.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct EventTypes {
    /// Every event
    pub(crate) event_types: Vec<EventType>,
}

/// Send an address one `webhook.test` now, and say what it answers
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
pub(crate) struct TestWebhook {
    /// Its id, `wh_…`
    pub(crate) webhook: WebhookId,
}

/// What an address has answered to a test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct TestedWebhook {
    /// `X-Naive-Delivery`
    pub(crate) id: String,
    /// `wh_…`
    pub(crate) webhook_id: WebhookId,
    /// Always `webhook.test`
    pub(crate) event: String,
    /// Whether it was heard
    pub(crate) successful: bool,
    /// HTTP status, where there was an answer
    pub(crate) status: Option<u16>,
    /// Code of what went wrong
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<Code>,
    /// What went wrong, in one sentence
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    /// How long it took, in milliseconds
    pub(crate) took_ms: u64,
}

/// Delete a webhook, and what waits to be sent to it
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Args)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeleteWebhook {
    /// Its id, `wh_…`
    pub(crate) webhook: WebhookId,
}

/// A webhook that is there no more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct DeletedWebhook {
    /// The webhook, as it was, and no longer active
    #[serde(flatten)]
    pub(crate) webhook: Webhook,
    /// Always true
    pub(crate) deleted: bool,
}

/// What became of the deliveries that were due.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Delivered {
    /// How many were heard
    pub(crate) delivered: u32,
    /// How many are tried again later
    pub(crate) again: u32,
    /// How many are given up
    pub(crate) failed: u32,
    /// When the next is due, if any waits
    pub(crate) next_at: Option<Millis>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_has_one_name_for_people_for_programs_and_in_the_store() {
        for event in EventType::ALL {
            assert_eq!(serde_json::to_value(event).unwrap(), event.as_str());
            assert_eq!(event.to_possible_value().unwrap().get_name(), event.as_str());
        }
        assert_eq!(EventType::value_variants(), EventType::ALL);
    }

    #[test]
    fn whoever_asks_for_an_event_that_there_is_not_reads_which_there_are() {
        let asked = r#"{"url": "https://example.com/", "eventTypes": ["email.received"]}"#;

        let error = serde_json::from_str::<CreateWebhook>(asked).unwrap_err().to_string();

        for event in EventType::ALL {
            assert!(error.contains(event.as_str()), "{error}");
        }
    }
}
