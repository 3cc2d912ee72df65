//! Sending webhooks what is to be told: at least once, never twice at the same time, in no certain order.
//!
//! The store has written down what happened in the transaction in which it did. What is sent is put together
//! here, when it is: titles and accounts are kept in no second place, and whoever moves an approval needs no key
//! of the vault for it.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use serde_json::{Value, json};
use url::Url;

use super::Engine;
use super::notify::summary;
use super::posting::Posted;
use crate::api::approvals::ApprovalStatus;
use crate::api::error::{Code, Error, Result};
use crate::api::ids::{ApprovalId, ConnectionId, UserRef};
use crate::api::time::Millis;
use crate::api::webhooks::{Delivered, EventType, WebhookId};
use crate::api::workspace::User;
use crate::http::{Request, Trust};
use crate::store::{ApprovalRow, Delivery, LONGEST_PAUSE, Next, Tried};

/// How long one try may take.
pub(super) const TRY: Duration = Duration::from_secs(10);
/// How long to wait before the second try and each after it; the last one goes for all that follow.
const PAUSES: [Duration; 3] =
    [Duration::from_secs(1), Duration::from_secs(30), Duration::from_mins(5)];
/// How often something is tried at most.
const TRIES: u32 = 5;
/// HTTP status of an address that is gone for good.
const GONE: u16 = 410;

/// What is sent to a webhook.
#[derive(Debug)]
pub(super) struct Letter<'a> {
    /// By what whoever gets it twice knows it
    pub(super) id: &'a str,
    /// To whom
    pub(super) to: (&'a WebhookId, &'a Url),
    /// What happened
    pub(super) event: &'a str,
    /// To what
    pub(super) data: Value,
    /// When
    pub(super) at: Millis,
}

impl Engine {
    /// Sends what is due to webhooks, some of it at a time and all of that at once; call it again while
    /// something is due. It takes as long as one try may, ten seconds.
    ///
    /// Any number of processes may do this: each sends what it has claimed. What a process that ended had
    /// claimed is sent by the next, and may be heard twice.
    pub(crate) async fn deliver_webhooks(&self) -> Result<Delivered> {
        let mut counts = Delivered::default();
        if self.store.next_delivery()?.is_none() {
            return Ok(counts);
        }
        // Nothing can be signed without the key: then nothing is claimed.
        self.cipher()?;
        let claimed = self.store.claim_deliveries(Millis::now())?;
        let sent = together(claimed.iter().map(|one| Box::pin(self.try_delivery(one)))).await;
        for next in sent {
            match next? {
                Next::Delivered => counts.delivered += 1,
                Next::Again(_) | Next::Rest(_) => counts.again += 1,
                Next::Failed | Next::Gone => counts.failed += 1,
            }
        }
        if counts.delivered + counts.failed > 0 {
            self.store.prune_deliveries(Millis::now())?;
        }
        Ok(Delivered { next_at: self.store.next_delivery()?, ..counts })
    }

    /// Tries one delivery, and writes down how that went.
    async fn try_delivery(&self, one: &Delivery) -> Result<Next> {
        let answer = match self.letter(one) {
            Ok(request) => self.posted(&request, TRY).await,
            // It may be mended by then.
            Err(error) => {
                let (error, pause) = (Some(error), None);
                Posted { status: None, error, again: true, unwell: false, pause }
            }
        };
        let now = Millis::now();
        let next = next(&answer, one.tries, now);
        let error = answer.error.map(|error| (error.code, error.message));
        self.store.end_delivery(one, &Tried { http_status: answer.status, error, next }, now)?;
        Ok(next)
    }

    /// Puts together what a delivery tells.
    fn letter(&self, one: &Delivery) -> Result<Request> {
        let data = match one.event {
            EventType::ApprovalRequested | EventType::ApprovalResolved => {
                self.approval_data(one)?
            }
            EventType::ConnectionActive
            | EventType::ConnectionExpired
            | EventType::ConnectionFailed
            | EventType::ConnectionDisconnected => self.connection_data(one)?,
        };
        self.enveloped(Letter {
            id: &one.id,
            to: (&one.webhook, &one.url),
            event: one.event.as_str(),
            data,
            at: one.at,
        })
    }

    /// Signs a letter and addresses it.
    pub(super) fn enveloped(&self, letter: Letter<'_>) -> Result<Request> {
        let Letter { id, to: (webhook, url), event, data, at } = letter;
        let body = json!({ "event": event, "data": data, "ts": at.0 });
        Request::new("POST", url.clone(), Trust::Operator)?
            .body("application/json", body.to_string().into_bytes())?
            .header("x-naive-event", event)?
            .header("x-naive-delivery", id)?
            .signed("x-naive-signature", "", &self.webhook_secret(webhook)?)
    }

    /// Returns what is told of an approval, as it stood when it happened.
    fn approval_data(&self, one: &Delivery) -> Result<Value> {
        let gone = || Error::new(Code::InternalError, "the approval it tells of is gone");
        let id: ApprovalId = one.subject.parse().map_err(|_| gone())?;
        let row = self.store.approval(&id, Millis::now())?.ok_or_else(gone)?;
        let status = serde_json::from_value(one.status.clone().into())
            .map_err(|error| Error::internal("how an approval stood cannot be read", error))?;
        Ok(summary(&self.shown(&as_it_stood(row, status))?))
    }

    /// Returns what is told of a connection: its account as far as it is still known.
    fn connection_data(&self, one: &Delivery) -> Result<Value> {
        let id: Option<ConnectionId> = one.subject.parse().ok();
        let row = id.map(|id| self.store.connection(&id)).transpose()?.flatten();
        let user: Option<UserRef> = one.user.parse().ok();
        let user = user.map(|user| self.store.user(&user)).transpose()?.flatten();
        Ok(json!({
            "id": one.subject,
            "toolkit": one.toolkit,
            "status": one.status,
            "label": one.label,
            "account": row.and_then(|(_, connection)| connection.account),
            "tenant_user_id": one.user,
            "user": user.as_ref().map(User::handle),
        }))
    }
}

/// Returns an approval as it was when it came to stand so: what waits was decided by nobody yet.
fn as_it_stood(row: ApprovalRow, status: ApprovalStatus) -> ApprovalRow {
    if status == ApprovalStatus::Pending {
        return ApprovalRow { status, resolved_by: None, resolved_at: None, reason: None, ..row };
    }
    ApprovalRow { status, ..row }
}

/// Returns what comes of a try that followed on as many others.
fn next(answer: &Posted, tries: u32, now: Millis) -> Next {
    if answer.error.is_none() {
        return Next::Delivered;
    }
    if answer.status == Some(GONE) {
        return Next::Gone;
    }
    if !answer.again || tries + 1 >= TRIES {
        return Next::Failed;
    }
    let at = usize::try_from(tries).unwrap_or(usize::MAX).min(PAUSES.len() - 1);
    let wanted = answer.pause.unwrap_or_default().min(LONGEST_PAUSE);
    let due = now.after(PAUSES[at].max(wanted));
    if answer.unwell { Next::Rest(due) } else { Next::Again(due) }
}

/// Runs all of them at once, and returns what each came to, in their order.
async fn together<F: Future>(all: impl Iterator<Item = Pin<Box<F>>>) -> Vec<F::Output> {
    let mut running: Vec<_> = all.map(|one| (one, None)).collect();
    poll_fn(|context| {
        let mut waits = false;
        for (one, came) in running.iter_mut().filter(|(_, came)| came.is_none()) {
            match one.as_mut().poll(context) {
                Poll::Ready(output) => *came = Some(output),
                Poll::Pending => waits = true,
            }
        }
        if waits { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    running.into_iter().filter_map(|(_, came)| came).collect()
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot::{Receiver, Sender};

    use super::*;

    fn answered(status: Option<u16>, pause: Option<u64>) -> Posted {
        let heard = status.is_some_and(|status| (200..300).contains(&status));
        Posted {
            status,
            error: (!heard).then(|| Error::new(Code::ProviderError, "no")),
            again: status.is_none_or(|status| matches!(status, 408 | 429 | 500..)),
            unwell: status.is_none_or(|status| matches!(status, 429 | 503)),
            pause: pause.map(Duration::from_secs),
        }
    }

    #[test]
    fn what_was_not_heard_is_tried_five_times_further_and_further_apart() {
        let again = |seconds: i64| Next::Again(Millis(seconds * 1000));
        let rest = |seconds: i64| Next::Rest(Millis(seconds * 1000));
        let table = [
            (Some(204), 0, None, Next::Delivered),
            (Some(204), 4, None, Next::Delivered),
            (None, 0, None, rest(1)),
            (Some(500), 1, None, again(30)),
            (Some(429), 2, None, rest(300)),
            (Some(408), 3, None, again(300)),
            (Some(500), 4, None, Next::Failed),
            (Some(503), 0, Some(60), rest(60)),
            (Some(503), 1, Some(2), rest(30)),
            (Some(429), 0, Some(86_400), rest(3600)),
            (Some(404), 0, None, Next::Failed),
            (Some(410), 0, None, Next::Gone),
        ];
        for (status, tries, pause, expected) in table {
            let found = next(&answered(status, pause), tries, Millis(0));

            assert_eq!(found, expected, "{status:?} {tries} {pause:?}");
        }
    }

    #[tokio::test]
    async fn what_runs_together_ends_in_its_own_order() {
        let (says, hears) = tokio::sync::oneshot::channel::<u32>();
        let waits_for_the_other = [(Some(hears), None), (None, Some(says))];
        let run = |(hears, says): (Option<Receiver<u32>>, Option<Sender<u32>>)| async move {
            if let Some(says) = says {
                says.send(1).unwrap();
                return 2;
            }
            hears.unwrap().await.unwrap()
        };

        let came = together(waits_for_the_other.into_iter().map(|one| Box::pin(run(one)))).await;

        assert_eq!(came, [1, 2]);
    }
}
