//! Programs that are MCP servers and go on running between two calls, where this process serves others.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::deliver::Link;
use crate::api::ids::{ConnectionId, Slug};
use crate::provider::mcp::Session;

/// For whom a program runs: a toolkit, and the connection whose credential it was started with.
type Whose = (Slug, Option<ConnectionId>);

/// The programs that run.
#[derive(Default)]
pub(super) struct Programs(Mutex<HashMap<Whose, Arc<Session>>>);

impl fmt::Debug for Programs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Programs").finish_non_exhaustive()
    }
}

impl Programs {
    /// Returns the program that runs for a call, if one does.
    pub(super) fn running(&self, link: &Link<'_>) -> Option<Arc<Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&whose(link)).cloned()
    }

    /// Lets a program run on. Of two that were started at once, the later one; the other ends with its call.
    pub(super) fn keep(&self, link: &Link<'_>, session: &Arc<Session>) {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        running.insert(whose(link), Arc::clone(session));
    }

    /// Lets a program end with the calls that go through it now.
    pub(super) fn end(&self, link: &Link<'_>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&whose(link));
    }

    /// Lets every program of a toolkit end, since it is another one now.
    pub(super) fn end_all(&self, toolkit: &Slug) {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        running.retain(|(slug, _), _| slug != toolkit);
    }
}

fn whose(link: &Link<'_>) -> Whose {
    let connection = link.connection.map(|connection| connection.id.clone());
    (link.known.slug().clone(), connection)
}
