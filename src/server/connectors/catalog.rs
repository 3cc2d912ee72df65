//! What can be connected.

use axum::http::StatusCode;
use serde::Serialize;

use super::{Answered, Asked, Stop, invalid, words};
use crate::api::connections::{ListConnections, ListedToolkit};
use crate::api::error::Error;
use crate::api::ids::{Malformed, Slug};
use crate::api::toolkits::{AuthType, Availability, CredentialField, GetToolkit};
use crate::api::tools::ListTools;

/// How many connectors a page has where nobody says: more than there are, as a rule.
const PAGE: u32 = 200;

/// A connector.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    slug: String,
    name: String,
    description: String,
    auth_type: Auth,
    configured: bool,
    availability: Availability,
    #[serde(skip_serializing_if = "Option::is_none")]
    availability_reason: Option<String>,
    tools: Vec<Tool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credential_fields: Option<Vec<Field>>,
}

/// How users log in, in the words of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Auth {
    Oauth,
    ApiKey,
    None,
}

#[derive(Debug, Serialize)]
struct Tool {
    name: String,
    description: String,
}

#[derive(Debug, Serialize)]
struct Field {
    key: String,
    label: String,
    required: bool,
    secret: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    items: Vec<Item>,
    limit: u32,
    next_cursor: Option<String>,
    has_more: bool,
}

impl From<AuthType> for Auth {
    fn from(kind: AuthType) -> Self {
        match kind {
            AuthType::Oauth2 => Self::Oauth,
            AuthType::ApiKey | AuthType::Basic | AuthType::Unknown => Self::ApiKey,
            AuthType::None => Self::None,
        }
    }
}

impl From<CredentialField> for Field {
    fn from(CredentialField { key, label, secret }: CredentialField) -> Self {
        Self { key, label, required: true, secret }
    }
}

/// Answers `GET /api/v1/connectors`: each connector as the user of the key may connect it.
pub(super) async fn list(asked: Asked) -> Answered {
    let limit = match asked.query("limit").map(|text| text.parse()) {
        None => PAGE,
        Some(Ok(limit @ 1..=PAGE)) => limit,
        Some(_) => return Err(invalid("limit", "is a whole number from 1 to 200").into()),
    };
    let page = ListConnections {
        user: None,
        search: None,
        connected: None,
        limit: Some(limit),
        cursor: asked.query("cursor"),
    };
    let page = asked.done(page).await?;
    let mut items = Vec::new();
    for listed in page.toolkits {
        items.push(item(&asked, listed).await?);
    }
    let (next_cursor, has_more) = (page.next_cursor.clone(), page.next_cursor.is_some());
    Ok(words::data(StatusCode::OK, &Page { items, limit, next_cursor, has_more }))
}

/// How many tools are told of a connector at most.
const TOOLS: u32 = 200;

/// Returns what is told of a connector; of its tools those that the user's kit allows.
async fn item(asked: &Asked, listed: ListedToolkit) -> Result<Item, Stop> {
    let toolkit: Slug = listed.slug.parse().map_err(|error: Malformed| {
        Error::internal("a connector has a slug that is none", error)
    })?;
    let detail = asked.done(GetToolkit::of(toolkit.clone())).await?;
    let all = ListTools { brief: true, limit: Some(TOOLS), ..ListTools::of(toolkit, None) };
    let tools = asked.done(all).await?.tools.into_iter().filter(|tool| !tool.withheld);
    let auth_type = listed.auth_type.into();
    let fields = || detail.credential_fields.into_iter().map(Field::from).collect();
    Ok(Item {
        slug: listed.slug,
        name: listed.name,
        description: detail.summary.description,
        auth_type,
        configured: listed.configured,
        availability: listed.availability,
        availability_reason: listed.availability_reason,
        tools: tools.map(|one| Tool { name: one.slug, description: one.description }).collect(),
        credential_fields: (auth_type == Auth::ApiKey).then(fields),
    })
}
