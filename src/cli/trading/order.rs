//! Placing an order from a terminal or a script, and waiting for what becomes of it.

use std::time::Duration;

use clap::{Args, ValueEnum};
use serde_json::Value;

use super::view;
use super::whose::Whose;
use crate::api::action::{Outcome, written};
use crate::api::error::{Code, Error, Result};
use crate::api::trading::account::Object;
use crate::api::trading::amount::Amount;
use crate::api::trading::order::{CreateOrder, GetOrder};
use crate::cli::App;
use crate::cli::arguments::time;
use crate::cli::output::Page;

/// The action's name.
const NAME: &str = "trading.order.create";
/// How often an order is asked about that somebody waits for.
const GLANCE: Duration = Duration::from_millis(500);
/// Statuses that nothing follows.
const OVER: [&str; 6] = ["filled", "canceled", "expired", "rejected", "replaced", "done_for_day"];

/// An order, and how long its caller waits.
#[derive(Debug, Args)]
pub(crate) struct Place {
    #[command(flatten)]
    op: CreateOrder,
    /// Worst price of the exit that `--stop-loss` wakes up
    #[arg(long, value_name = "PRICE", requires = "stop_loss")]
    stop_loss_limit: Option<Amount>,
    /// Wait until it is filled, or until it has ended
    #[arg(long, value_enum, value_name = "WHAT")]
    wait: Option<Until>,
    /// How long to wait
    #[arg(long, default_value = "1m", value_name = "TIME", value_parser = time, requires = "wait")]
    timeout: Duration,
    /// Place it without asking, also with real money
    #[arg(long, short)]
    yes: bool,
}

/// An order that is only looked at.
#[derive(Debug, Args)]
pub(crate) struct Preview {
    #[command(flatten)]
    op: CreateOrder,
    /// Worst price of the exit that `--stop-loss` wakes up
    #[arg(long, value_name = "PRICE", requires = "stop_loss")]
    stop_loss_limit: Option<Amount>,
}

/// What somebody waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Until {
    /// It is filled; that it ended otherwise is a failure
    Filled,
    /// It has ended, however it did
    Terminal,
}

/// Returns an order with what its flags say together.
fn whole(mut op: CreateOrder, stop_loss_limit: Option<Amount>) -> CreateOrder {
    if let Some(exit) = &mut op.stop_loss {
        exit.limit_price = stop_loss_limit;
    }
    op
}

/// Places an order; waits for it where that was asked for.
pub(super) async fn place(app: &App<'_>, place: Place) -> Result<u8> {
    let Place { op, stop_loss_limit, wait, timeout, yes } = place;
    if op.dry_run {
        return preview(app, Preview { op, stop_loss_limit }).await;
    }
    let op = whole(op, stop_loss_limit);
    let (user, env) = (op.user.clone(), op.env);
    let whose = Whose::of(app, env, user.as_ref()).await?;
    whose.confirm(app, &format!("Place this {} order for {}", op.side, op.symbol), yes)?;
    let op = CreateOrder { env: whose.env, ..op };
    let mut order = match app.ask(app.as_caller(), op).await? {
        Outcome::Done(order) => order,
        Outcome::Pending(pending) => return app.held(NAME, &pending),
    };
    let mut page = Page::default();
    if let Some(until) = wait {
        let id = order.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        let question = GetOrder { order: id, env: whose.env, user };
        let failure = ended(app, &question, (&mut order, until, timeout)).await;
        if let Some(failure) = failure {
            let command = format!("naive trading get-order {}{}", question.order, whose.flags);
            page.failed(failure.hint(format!("run `{command}` to see how it stands")));
        }
    }
    view::order(&order, &mut page, &whose);
    app.output.reply(NAME, written(&order)?, page)
}

/// Shows what would become of an order.
pub(super) async fn preview(app: &App<'_>, preview: Preview) -> Result<u8> {
    let op = whole(preview.op, preview.stop_loss_limit);
    let whose = Whose::of(app, op.env, op.user.as_ref()).await?;
    let op = CreateOrder { dry_run: true, ..op };
    app.show(op, |reply, page| view::preview(reply, page, &whose)).await
}

/// Waits until an order is where it is wanted, and returns why it is not: the reason is `not_filled` if it ended
/// otherwise, and `timed_out` if it has not ended in time. The order is placed in any case.
async fn ended(
    app: &App<'_>,
    question: &GetOrder,
    (order, until, patience): (&mut Object, Until, Duration),
) -> Option<Error> {
    let waited = async {
        loop {
            let status = order.get("status").and_then(Value::as_str).unwrap_or_default().to_owned();
            if status == "filled" || (until == Until::Terminal && OVER.contains(&status.as_str())) {
                return None;
            }
            if OVER.contains(&status.as_str()) {
                let text = format!("the order is placed, and ended as `{status}`");
                return Some(Error::new(Code::ProviderError, text).reason("not_filled"));
            }
            tokio::time::sleep(GLANCE).await;
            // One question that is not answered says nothing of the order.
            if let Ok(now) = app.done(app.as_caller(), question.clone()).await {
                *order = now;
            }
        }
    };
    tokio::time::timeout(patience, waited).await.unwrap_or_else(|_| {
        let text = "the order is placed, and has not ended in time";
        Some(Error::new(Code::ProviderError, text).reason("timed_out"))
    })
}
