//! HTTP with a stream of events beside it, as servers of 2024-11-05 speak.
//!
//! Source: MCP specification 2024-11-05, "HTTP with SSE" (read 2026-11-28): a GET opens the stream, its first
//! event names where messages are posted to, and every answer comes on the stream.

use std::sync::Arc;

use futures_util::StreamExt as _;
use rmcp::RoleClient;
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;

use super::ledger::{Ledger, Noted, Trouble};
use super::message::wanted;
use super::wire::{Wire, heard};
use crate::http::{Events, Span};

/// How many events may come before the one that says where to post.
const PATIENCE: usize = 16;

/// A stream, and where one posts.
pub(super) struct Older {
    events: Events,
    there: Wire,
    ledger: Arc<Ledger>,
}

impl Older {
    /// Opens the stream and waits for the address.
    ///
    /// Fails with the server's own answer if it is none of success, and with `ProviderError` if what it opens is
    /// no such stream, or if it wants messages posted to another origin.
    pub(super) async fn open(wire: &Wire) -> Result<Self, Trouble> {
        let head = wire.listen(&[]).await?;
        if head.status != 200 {
            return Err(head.whole(wire.first_answer()).await?.into());
        }
        if head.kind() != "text/event-stream" {
            return Err(wire.garbled("with something that is no stream of events").into());
        }
        let mut events = head.events(Span::Event);
        for _ in 0..PATIENCE {
            let Some(Ok(event)) = events.next().await else { break };
            if event.event.as_deref() == Some("endpoint") {
                let target = event.data.unwrap_or_default();
                let base = wire.base().beside(target.trim()).map_err(Trouble::unsent)?;
                return Ok(Self {
                    events,
                    there: wire.to(base),
                    ledger: Arc::clone(wire.ledger()),
                });
            }
        }
        Err(wire.garbled("with a stream that does not say where to post").into())
    }
}

impl Transport<RoleClient> for Older {
    type Error = Noted;

    fn send(
        &mut self,
        item: TxJsonRpcMessage<RoleClient>,
    ) -> impl Future<Output = Result<(), Noted>> + Send + 'static {
        let (there, ledger) = (self.there.clone(), Arc::clone(&self.ledger));
        async move {
            let trouble = match there.post(&item, &[]).await {
                Ok(head) if (200..300).contains(&head.status) => return Ok(()),
                Ok(head) => match head.whole(there.first_answer()).await {
                    Ok(answer) => answer.into(),
                    Err(failure) => failure.into(),
                },
                Err(trouble) => trouble,
            };
            ledger.note(wanted(&item).cloned(), trouble);
            Err(Noted)
        }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleClient>> {
        loop {
            let event = self.events.next().await?.ok()?;
            if let Some(message) = heard(&event) {
                return Some(message);
            }
        }
    }

    async fn close(&mut self) -> Result<(), Noted> {
        self.events = futures_util::stream::empty().boxed();
        Ok(())
    }
}
