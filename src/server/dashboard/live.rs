//! Tells an open inbox that something has changed; what, it fetches itself.

use std::convert::Infallible;
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::unfold;

use super::Desk;
use crate::api::error::Result;
use crate::api::log::QueryLog;

/// How often it is looked whether something has happened.
const GLANCE: Duration = Duration::from_secs(1);
/// How often a stream says that it is still there.
const HEARTBEAT: Duration = Duration::from_secs(25);

/// One open page.
struct Watcher {
    desk: Desk,
    /// Number of the entry of the log that it has been told of last
    seen: Option<i64>,
}

/// Begins a stream of changes, the first of them at once: the page may be older than the stream.
pub(super) async fn stream(desk: Desk) -> Response {
    let alive = KeepAlive::new().interval(HEARTBEAT);
    let watcher = Watcher { desk, seen: None };
    Sse::new(unfold(watcher, Watcher::next)).keep_alive(alive).into_response()
}

impl Watcher {
    /// Returns that something has changed, once it has; the stream ends with the server, and with the session.
    async fn next(mut self) -> Option<(std::result::Result<Event, Infallible>, Self)> {
        let mut closing = self.desk.site.closing.clone();
        loop {
            let now = self.look().await.ok()?;
            if self.seen != Some(now) {
                self.seen = Some(now);
                let event = Event::default().event("changed").data(now.to_string());
                return Some((Ok(event), self));
            }
            tokio::select! {
                _ = closing.wait_for(|closing| *closing) => return None,
                () = tokio::time::sleep(GLANCE) => {}
            }
            if !self.desk.session.goes_on(&self.desk.site).ok()? {
                return None;
            }
        }
    }

    /// Returns the number of the newest entry of the log: whatever becomes of an approval stands there.
    async fn look(&self) -> Result<i64> {
        let newest = QueryLog {
            user: None,
            action: None,
            after: None,
            after_seq: None,
            before_seq: None,
            limit: Some(1),
        };
        let page = self.desk.ask(newest).await?;
        Ok(page.events.first().map_or(0, |event| event.seq))
    }
}
