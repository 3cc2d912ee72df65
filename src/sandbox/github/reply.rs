//! How GitHub answers: bodies, pages with their `Link` header, refusals.

use axum::http::{HeaderName, StatusCode, header};
use axum::response::Response;
use serde_json::{Value, json};
use url::Url;

use super::{Desk, Scopes};
use crate::sandbox::http;

/// What is done.
pub(super) struct Reply {
    status: StatusCode,
    body: Body,
    link: Option<String>,
}

enum Body {
    Json(Value),
    Raw(Vec<u8>),
    Empty,
}

impl Reply {
    /// Makes a 200.
    pub(super) fn ok(body: Value) -> Self {
        Self { status: StatusCode::OK, body: Body::Json(body), link: None }
    }

    /// Makes a 201.
    pub(super) fn created(body: Value) -> Self {
        Self { status: StatusCode::CREATED, ..Self::ok(body) }
    }

    /// Makes a 204.
    pub(super) fn empty() -> Self {
        Self { status: StatusCode::NO_CONTENT, body: Body::Empty, link: None }
    }

    /// Makes a 200 with the bytes of a file.
    pub(super) fn raw(bytes: Vec<u8>) -> Self {
        Self { status: StatusCode::OK, body: Body::Raw(bytes), link: None }
    }

    /// Makes the page that is asked for.
    pub(super) fn page(desk: &Desk<'_>, items: &[Value]) -> Self {
        let (items, link) = Page::read(desk).cut(desk, items);
        Self { link, ..Self::ok(items.into()) }
    }

    /// Makes the page that is asked for of what a search has found.
    pub(super) fn found(desk: &Desk<'_>, items: &[Value]) -> Self {
        let (page, link) = Page::read(desk).cut(desk, items);
        let total = items.len();
        let body = json!({ "total_count": total, "incomplete_results": false, "items": page });
        Self { link, ..Self::ok(body) }
    }

    /// Makes the response.
    pub(super) fn response(self) -> Response {
        let mut response = match self.body {
            Body::Json(body) => http::json(self.status, &body),
            Body::Raw(bytes) => {
                http::reply(self.status, "application/vnd.github.raw+json; charset=utf-8", bytes)
            }
            Body::Empty => http::reply(self.status, "application/json; charset=utf-8", ""),
        };
        if let Some(link) = self.link {
            http::set(&mut response, header::LINK, &link);
        }
        response
    }
}

/// Which page is asked for, from 1, and how long it is.
struct Page {
    number: usize,
    length: usize,
}

impl Page {
    /// Reads `page` and `per_page`. GitHub takes the nearest it can do for what it cannot.
    fn read(desk: &Desk<'_>) -> Self {
        let number = |name: &str| desk.call.query.get(name).and_then(|text| text.parse().ok());
        Self {
            number: number("page").unwrap_or(1).max(1),
            length: number("per_page").unwrap_or(30).clamp(1, 100),
        }
    }

    fn cut(&self, desk: &Desk<'_>, items: &[Value]) -> (Vec<Value>, Option<String>) {
        let last = items.len().div_ceil(self.length).max(1);
        let start = (self.number - 1).saturating_mul(self.length);
        let page = items.iter().skip(start).take(self.length).cloned().collect();
        let mut links = Vec::new();
        let mut link = |number: usize, name: &str| {
            links.push(format!("<{}>; rel=\"{name}\"", address(desk, number)));
        };
        if self.number > 1 {
            link(self.number.min(last + 1) - 1, "prev");
        }
        if self.number < last {
            link(self.number + 1, "next");
            link(last, "last");
        }
        if self.number > 1 {
            link(1, "first");
        }
        (page, Some(links.join(", ")).filter(|links| !links.is_empty()))
    }
}

/// Returns the address of another page of the same list.
fn address(desk: &Desk<'_>, page: usize) -> String {
    let Ok(mut url) = Url::parse(desk.base) else { return String::new() };
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.clear().extend(desk.call.path());
    }
    let others = desk.call.query.0.iter().filter(|(name, _)| name != "page");
    url.query_pairs_mut().extend_pairs(others).append_pair("page", &page.to_string());
    url.into()
}

/// What GitHub answers when it does not do what was asked.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    message: String,
    errors: Vec<Value>,
    accepted: Option<Scopes>,
}

impl Refusal {
    /// Makes a refusal.
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), errors: Vec::new(), accepted: None }
    }

    /// Makes the 404 of what is not there, or not to be seen.
    pub(super) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Not Found")
    }

    /// Makes the 403 of a missing scope.
    pub(super) fn scope(accepted: Scopes) -> Self {
        let text = "Your token has not been granted the required scopes to execute this request.";
        Self { accepted: Some(accepted), ..Self::new(StatusCode::FORBIDDEN, text) }
    }

    /// Makes the 403 of somebody else's repository.
    pub(super) fn not_owner() -> Self {
        Self::new(StatusCode::FORBIDDEN, "Must have admin rights to Repository.")
    }

    /// Makes the 422 with one error: `code` is `missing_field`, `invalid` or `already_exists`.
    pub(super) fn field(resource: &str, field: &str, code: &str) -> Self {
        Self::validation(json!({ "resource": resource, "code": code, "field": field }))
    }

    /// Makes the 422 with one error that has words of its own.
    pub(super) fn custom(resource: &str, message: &str) -> Self {
        Self::validation(json!({ "resource": resource, "code": "custom", "message": message }))
    }

    fn validation(error: Value) -> Self {
        let failed = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "Validation Failed");
        Self { errors: vec![error], ..failed }
    }

    /// Makes the 422 of a parameter without which nothing can be validated.
    pub(super) fn unsupplied(name: &str) -> Self {
        let text = format!("Invalid request.\n\n\"{name}\" wasn't supplied.");
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, text)
    }

    /// Makes the response.
    pub(super) fn response(&self) -> Response {
        let mut body = json!({ "message": self.message });
        if !self.errors.is_empty() {
            body["errors"] = self.errors.clone().into();
        }
        body["documentation_url"] = "https://docs.github.com/rest".into();
        body["status"] = self.status.as_str().into();
        let mut response = http::json(self.status, &body);
        if let Some(accepted) = self.accepted {
            let name = HeaderName::from_static("x-accepted-oauth-scopes");
            http::set(&mut response, name, &accepted.join(", "));
        }
        response
    }
}

impl From<rusqlite::Error> for Refusal {
    fn from(_: rusqlite::Error) -> Self {
        let text = "The sandbox's database does not answer.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, text)
    }
}

/// Says that nothing is counted here.
pub(super) fn rate_limit(desk: &Desk<'_>) -> Reply {
    let reset = desk.now.0 / 1000 + 3600;
    let rate =
        |limit: u32| json!({ "limit": limit, "remaining": limit, "reset": reset, "used": 0 });
    Reply::ok(json!({ "resources": { "core": rate(5000), "search": rate(30) } }))
}
