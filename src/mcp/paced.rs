//! A transport for clients that do not read: while many answers wait for them, nothing more is taken from them.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use rmcp::RoleServer;
use rmcp::model::{ClientNotification, JsonRpcMessage, RequestId};
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many requests of a client are under way at once.
const MOST: usize = 32;

/// A transport that reads on only while few enough requests are unanswered.
pub(crate) struct Paced<T> {
    inner: T,
    open: Arc<Open>,
    /// Taken for the next request, before it is read
    turn: Option<OwnedSemaphorePermit>,
}

/// The requests that are not answered yet.
struct Open {
    requests: Mutex<HashSet<RequestId>>,
    turns: Arc<Semaphore>,
}

impl<T> Paced<T> {
    /// Paces a transport.
    pub(crate) fn new(inner: T) -> Self {
        let turns = Arc::new(Semaphore::new(MOST));
        let open = Arc::new(Open { requests: Mutex::default(), turns });
        Self { inner, open, turn: None }
    }
}

impl Open {
    fn begin(&self, id: RequestId, turn: OwnedSemaphorePermit) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        // One that bears the id of another is answered like it, once for both.
        if requests.insert(id) {
            turn.forget();
        }
    }

    fn end(&self, id: &RequestId) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        if requests.remove(id) {
            self.turns.add_permits(1);
        }
    }
}

impl<T: Transport<RoleServer>> Transport<RoleServer> for Paced<T> {
    type Error = T::Error;

    fn name() -> Cow<'static, str> {
        T::name()
    }

    fn send(
        &mut self,
        item: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        let answers = match &item {
            JsonRpcMessage::Response(answer) => Some(answer.id.clone()),
            JsonRpcMessage::Error(error) => error.id.clone(),
            JsonRpcMessage::Request(_) | JsonRpcMessage::Notification(_) => None,
        };
        let (sent, open) = (self.inner.send(item), Arc::clone(&self.open));
        async move {
            let ended = sent.await;
            if let Some(id) = answers {
                open.end(&id);
            }
            ended
        }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        if self.turn.is_none() {
            self.turn = Arc::clone(&self.open.turns).acquire_owned().await.ok();
        }
        let message = self.inner.receive().await?;
        match &message {
            JsonRpcMessage::Request(request) => {
                if let Some(turn) = self.turn.take() {
                    self.open.begin(request.id.clone(), turn);
                }
            }
            // What is cancelled is not answered.
            JsonRpcMessage::Notification(told) => {
                if let ClientNotification::CancelledNotification(told) = &told.notification
                    && let Some(id) = &told.params.request_id
                {
                    self.open.end(id);
                }
            }
            JsonRpcMessage::Response(_) | JsonRpcMessage::Error(_) => {}
        }
        Some(message)
    }

    fn close(&mut self) -> impl Future<Output = Result<(), Self::Error>> + Send {
        self.inner.close()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::FutureExt as _;
    use serde_json::json;

    use super::*;

    /// A client that asks again and again.
    #[derive(Default)]
    struct Asking {
        asked: i64,
        cancels: Option<i64>,
    }

    impl Transport<RoleServer> for Asking {
        type Error = Infallible;

        fn send(
            &mut self,
            _item: TxJsonRpcMessage<RoleServer>,
        ) -> impl Future<Output = Result<(), Infallible>> + Send + 'static {
            std::future::ready(Ok(()))
        }

        async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
            let message = if let Some(id) = self.cancels.take() {
                let id = json!({"requestId": id});
                json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": id})
            } else {
                self.asked += 1;
                json!({"jsonrpc": "2.0", "id": self.asked, "method": "ping"})
            };
            serde_json::from_value(message).ok()
        }

        async fn close(&mut self) -> Result<(), Infallible> {
            Ok(())
        }
    }

    fn answer(id: i64) -> TxJsonRpcMessage<RoleServer> {
        let answer = json!({"jsonrpc": "2.0", "id": id, "result": {}});
        serde_json::from_value(answer).unwrap()
    }

    #[test]
    fn a_client_that_does_not_read_is_not_listened_to() {
        let mut paced = Paced::new(Asking::default());
        for _ in 0..MOST {
            assert!(paced.receive().now_or_never().flatten().is_some());
        }

        assert!(paced.receive().now_or_never().is_none(), "no more is taken");
        paced.send(answer(3)).now_or_never().unwrap().unwrap();
        assert!(paced.receive().now_or_never().flatten().is_some(), "one was answered");
        paced.send(answer(3)).now_or_never().unwrap().unwrap();
        assert!(paced.receive().now_or_never().is_none(), "once is once");
    }

    #[test]
    fn what_is_cancelled_is_waited_for_no_more() {
        let mut paced = Paced::new(Asking::default());
        for _ in 1..MOST {
            paced.receive().now_or_never().flatten().unwrap();
        }
        paced.inner.cancels = Some(5);
        paced.receive().now_or_never().flatten().unwrap();

        for _ in 0..2 {
            assert!(paced.receive().now_or_never().flatten().is_some());
        }
        assert!(paced.receive().now_or_never().is_none());
    }
}
