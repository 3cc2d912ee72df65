//! Connections as the Connectors API tells them: never a token, and ids that are UUIDs.

use serde::Serialize;
use uuid::Uuid;

use crate::api::connections::{Connection, Status};
use crate::api::ids::{ConnectionId, Label, Slug};
use crate::api::time::Millis;

/// A connection.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Record<'a> {
    id: String,
    connector_slug: &'a Slug,
    label: Option<&'a Label>,
    status: Standing,
    account: Option<&'a str>,
    created_at: Millis,
    updated_at: Millis,
    deleted_at: Option<Millis>,
}

/// How a connection stands, in the words of the API.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
enum Standing {
    Pending,
    Connected,
    Expired,
    Failed,
    Revoked,
}

impl From<Status> for Standing {
    fn from(status: Status) -> Self {
        match status {
            Status::Initiated => Self::Pending,
            Status::Active => Self::Connected,
            Status::Expired => Self::Expired,
            Status::Failed => Self::Failed,
            // One that is switched off keeps its credential and is still listed; a deleted one is gone.
            Status::Inactive | Status::Revoked => Self::Revoked,
        }
    }
}

impl<'a> From<&'a Connection> for Record<'a> {
    fn from(one: &'a Connection) -> Self {
        Self {
            id: public(&one.id),
            connector_slug: &one.toolkit,
            label: one.label.as_ref(),
            status: one.status.into(),
            account: one.account.as_deref(),
            created_at: one.created_at,
            updated_at: one.last_status_at,
            deleted_at: (one.status == Status::Revoked).then_some(one.last_status_at),
        }
    }
}

/// Returns the id of a connection as the API has it: the same digits, as a UUID.
pub(super) fn public(id: &ConnectionId) -> String {
    let digits = id.as_str().trim_start_matches("ca_");
    Uuid::try_parse(digits).map_or_else(|_| digits.to_owned(), |id| id.to_string())
}

/// Reads an id; `None` if it is no UUID with dashes.
pub(super) fn read(text: &str) -> Option<ConnectionId> {
    let id = Uuid::try_parse(text).ok().filter(|_| text.len() == 36)?;
    format!("ca_{}", id.simple()).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_the_same_digits_both_ways() {
        let own: ConnectionId = "ca_0123456789abcdef0123456789abcdef".parse().unwrap();

        let told = public(&own);

        assert_eq!(told, "01234567-89ab-cdef-0123-456789abcdef");
        assert_eq!(read(&told), Some(own.clone()));
        assert_eq!(read(&told.to_uppercase()), Some(own));
        for bad in
            ["", "5", "ca_0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef"]
        {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
