//! `naive webhooks`.

use std::collections::BTreeMap;

use clap::{Subcommand, ValueEnum as _};

use super::logs::names;
use super::output::Page;
use super::{App, Needs};
use crate::api::action::written;
use crate::api::error::{Code, Error, Result};
use crate::api::time::Millis;
use crate::api::webhooks::{
    CreateWebhook, CreatedWebhook, DeleteWebhook, Delivered, EventType, EventTypes, ListEventTypes,
    ListWebhooks, TestWebhook, TestedWebhook, Webhook, WebhookState, Webhooks,
};

/// The addresses that hear of what happens here.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Create(CreateWebhook),
    /// List the webhooks, with how the last try of each went
    List(ListWebhooks),
    /// Delete a webhook, and what waits to be sent to it
    Delete(DeleteWebhook),
    /// Send an address one `webhook.test` now, and say what it answers
    Test(TestWebhook),
    /// List what a webhook can hear of
    EventTypes(ListEventTypes),
    /// Send what waits, and say how many events were heard
    ///
    /// What was not heard waits for its next try, and with it all else for an address that does not answer: run this
    /// again, from a timer for example.
    Deliver,
}

impl Command {
    /// Returns the action's name.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Create(_) => "webhooks.create",
            Self::List(_) => "webhooks.list",
            Self::Delete(_) => "webhooks.delete",
            Self::Test(_) => "webhooks.test",
            Self::EventTypes(_) => "webhooks.event_types",
            Self::Deliver => "webhooks.deliver",
        }
    }

    /// Tells whether it touches what belongs to the operator alone, and is no action that the gate sees.
    pub(crate) fn is_the_operators(&self) -> bool {
        matches!(self, Self::Deliver)
    }

    /// Tells what it needs before it runs: an address is no app.
    pub(crate) fn needs(&self) -> Needs {
        match self {
            Self::Test(_) | Self::Deliver => Needs::Watch,
            Self::Create(_) | Self::List(_) | Self::Delete(_) | Self::EventTypes(_) => Needs::Store,
        }
    }
}

/// Runs a command.
pub(crate) async fn run(app: &App<'_>, command: Command) -> Result<u8> {
    match command {
        Command::Create(op) => app.show(op, created).await,
        Command::List(op) => {
            let names = names(app).await;
            app.show(op, |reply, page| table(reply, page, &names)).await
        }
        Command::Delete(op) => app.show(op, |reply, page| one(&reply.webhook, page)).await,
        Command::Test(op) => app.show(op, tested).await,
        Command::EventTypes(op) => app.show(op, event_types).await,
        Command::Deliver => deliver(app).await,
    }
}

/// Sends what was due when it began.
async fn deliver(app: &App<'_>) -> Result<u8> {
    let (engine, began) = (app.backend.engine()?, Millis::now());
    let mut all = Delivered::default();
    loop {
        let some = engine.deliver_webhooks().await?;
        all = Delivered {
            delivered: all.delivered + some.delivered,
            again: all.again + some.again,
            failed: all.failed + some.failed,
            next_at: some.next_at,
        };
        if some.next_at.is_none_or(|at| at > began) {
            break;
        }
    }
    app.tell_notes()?;
    let mut page = Page::default();
    page.fields(&[
        ("delivered", Some(all.delivered.to_string())),
        ("tried again later", Some(all.again.to_string())),
        ("given up", Some(all.failed.to_string())),
        ("next due", all.next_at.map(Millis::plain)),
    ]);
    if all.again + all.failed > 0 {
        page.next("naive webhooks list", "see what went wrong");
    }
    app.output.reply("webhooks.deliver", written(&all)?, page)
}

fn created(made: &CreatedWebhook, page: &mut Page) {
    page.text(&made.secret);
    one(&made.webhook, page);
    page.hint("This secret is shown once. It signs what is sent: give it to whoever hears of it.");
    page.hint("What happens waits until `naive serve` or `naive webhooks deliver` sends it.");
    page.next(format!("naive webhooks test {}", made.webhook.id), "see whether it is heard");
}

fn one(webhook: &Webhook, page: &mut Page) {
    page.fields(&[
        ("id", Some(webhook.id.to_string())),
        ("url", Some(webhook.url.to_string())),
        ("hears of", Some(events(webhook))),
        ("user", webhook.tenant_user_id.clone()),
        ("status", Some(status(webhook).to_owned())),
        ("created", Some(webhook.created_at.plain())),
    ]);
}

fn table(reply: &Webhooks, page: &mut Page, names: &BTreeMap<String, String>) {
    if reply.webhooks.is_empty() {
        page.text("There is no webhook.");
        page.next("naive webhooks create --url URL --event approval.resolved", "make one");
        return;
    }
    let user = |webhook: &Webhook| {
        let user = webhook.tenant_user_id.clone().unwrap_or_default();
        names.get(&user).cloned().unwrap_or(user)
    };
    let rows = reply.webhooks.iter().map(|WebhookState { webhook, waiting, last_delivery }| {
        let last = last_delivery.as_ref();
        let answer = last.map(|last| match (&last.error, last.status) {
            (Some(error), _) => error.clone(),
            (None, Some(status)) => status.to_string(),
            (None, None) => String::new(),
        });
        vec![
            webhook.id.to_string(),
            webhook.url.to_string(),
            events(webhook),
            user(webhook),
            status(webhook).to_owned(),
            waiting.to_string(),
            last.map(|last| last.at.minute()).unwrap_or_default(),
            answer.unwrap_or_default(),
        ]
    });
    let columns = ["id", "url", "hears of", "user", "status", "waiting", "last try", "answer"];
    page.table(&columns, rows.collect());
    page.narrowing(&["last try", "hears of", "user", "status"]);
}

fn tested(reply: &TestedWebhook, page: &mut Page) {
    let answer = reply.status.map(|status| status.to_string());
    page.fields(&[
        ("delivery", Some(reply.id.clone())),
        ("answer", answer),
        ("took", Some(format!("{} ms", reply.took_ms))),
    ]);
    if let Some(message) = &reply.error {
        page.failed(Error::new(reply.code.unwrap_or(Code::ProviderError), message));
    }
}

fn event_types(reply: &EventTypes, page: &mut Page) {
    let about = |event: &EventType| {
        let about = event.to_possible_value();
        about.and_then(|about| about.get_help().map(ToString::to_string)).unwrap_or_default()
    };
    let rows = reply.event_types.iter().map(|event| vec![event.as_str().to_owned(), about(event)]);
    page.table(&["event", "what happened"], rows.collect());
}

fn events(webhook: &Webhook) -> String {
    let events: Vec<_> = webhook.event_types.iter().map(|event| event.as_str()).collect();
    events.join(", ")
}

fn status(webhook: &Webhook) -> &'static str {
    if webhook.active { "active" } else { "off" }
}
