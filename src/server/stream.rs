//! The log as it grows, as server-sent events: each reader asks it with the rights of their own key.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::HeaderMap;
use axum::response::sse::{Event as Sent, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use futures_util::stream::unfold;
use serde_json::{Value, json};

use super::naive::performed;
use super::{Site, answer, caller};
use crate::api::action::Outcome;
use crate::api::error::{Code, Error, Result};
use crate::api::ids::UserRef;
use crate::api::keys::Dialect;
use crate::api::log::{Event, LogPage, QueryLog};
use crate::engine::Call;

/// How often the log is asked.
const GLANCE: Duration = Duration::from_millis(250);
/// How often a stream says that it is still there.
const HEARTBEAT: Duration = Duration::from_secs(25);
/// What an entry of the log is called in a stream.
const LOGGED: &str = "activity.logged";

/// How entries are written.
#[derive(Debug, Clone, Copy)]
enum Form {
    /// As the log has them
    Plain,
    /// As events of the workspace: `{id, companyId, type, createdAt, payload}`
    Company,
}

/// One reader of the log.
struct Reader {
    site: Arc<Site>,
    headers: HeaderMap,
    user: Option<UserRef>,
    form: Form,
    /// Number of the last entry that was read
    seen: i64,
    ready: VecDeque<Event>,
}

/// Returns the routes of all streams.
pub(super) fn routes() -> Router<Arc<Site>> {
    let all = |State(site), request| read(site, None, Form::Plain, request);
    let company = |State(site), request| read(site, None, Form::Company, request);
    Router::new()
        .route("/v1/logs/stream", get(all))
        .route("/v1/events", get(company))
        .route("/v1/users/{user}/logs/stream", get(own))
}

/// Begins a stream of what is logged for one user.
async fn own(
    State(site): State<Arc<Site>>,
    user: std::result::Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    match user {
        Ok(Path(user)) => read(site, Some(user), Form::Plain, request).await,
        // What is no text names nobody.
        Err(_) => answer::nothing(request).await,
    }
}

/// Begins a stream with what comes after now, or after the entry that the reader had last.
async fn read(site: Arc<Site>, user: Option<String>, form: Form, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let begun = async {
        let known = caller::known(&site, &parts.headers, Dialect::Naive)?;
        known.allowance.check()?;
        let user = user.map(|user| user.parse::<UserRef>()).transpose().map_err(|error| {
            Error::new(Code::NotFound, format!("nothing is called so: {error}"))
        })?;
        let last = parts.headers.get("last-event-id").and_then(|id| id.to_str().ok());
        let mut reader = Reader {
            site: Arc::clone(&site),
            headers: parts.headers.clone(),
            user,
            form,
            seen: 0,
            ready: VecDeque::new(),
        };
        reader.seen = match last.and_then(|id| id.parse().ok()) {
            Some(seen) => seen,
            None => reader.newest().await?,
        };
        // What is wrong with the question is said before the stream begins.
        reader.look().await?;
        Ok(reader)
    };
    match begun.await {
        Ok(reader) => {
            let alive = KeepAlive::new().interval(HEARTBEAT).text("heartbeat");
            Sse::new(unfold(reader, Reader::next)).keep_alive(alive).into_response()
        }
        Err(error) => answer::failed(&error),
    }
}

impl Reader {
    /// Returns the next entry, once there is one; the stream ends with the server, and with the key.
    async fn next(mut self) -> Option<(std::result::Result<Sent, Infallible>, Self)> {
        let mut closing = self.site.closing.clone();
        loop {
            if let Some(event) = self.ready.pop_front() {
                let sent = self.written(&event);
                return Some((Ok(sent), self));
            }
            tokio::select! {
                _ = closing.wait_for(|closing| *closing) => return None,
                () = tokio::time::sleep(GLANCE) => {}
            }
            self.look().await.ok()?;
        }
    }

    /// Asks the log for what came since the last time.
    async fn look(&mut self) -> Result<()> {
        let page = self.asked(Some(self.seen), None).await?;
        self.seen = page.events.last().map_or(self.seen, |event| event.seq);
        self.ready.extend(page.events);
        Ok(())
    }

    /// Returns the number of the newest entry, 0 if there is none.
    async fn newest(&self) -> Result<i64> {
        let page = self.asked(None, Some(1)).await?;
        Ok(page.events.first().map_or(0, |event| event.seq))
    }

    /// Asks the log as whoever holds the key now: one that was taken back reads no further.
    async fn asked(&self, after_seq: Option<i64>, limit: Option<u32>) -> Result<LogPage> {
        let caller = caller::still(&self.site, &self.headers, Dialect::Naive)?;
        let user = self.user.clone();
        let question =
            QueryLog { user, action: None, after: None, after_seq, before_seq: None, limit };
        let call = Call::by(caller, UserRef::own());
        match performed(&self.site, call, question.into()).await?.valued()?.typed::<QueryLog>()? {
            Outcome::Done(page) => Ok(page),
            Outcome::Pending(_) => Ok(LogPage { events: Vec::new() }),
        }
    }

    /// Returns an entry as it is sent.
    fn written(&self, event: &Event) -> Sent {
        let data = match self.form {
            Form::Plain => json!(event),
            Form::Company => json!({
                "id": event.id,
                "companyId": self.site.engine.store().id().map_or(Value::Null, Value::from),
                "type": LOGGED,
                "createdAt": event.created_at,
                "payload": event,
            }),
        };
        Sent::default().event(LOGGED).id(event.seq.to_string()).data(data.to_string())
    }
}
