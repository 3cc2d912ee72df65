//! `connections proxy`: where a request's parts come from.

use clap::Args;

use super::execute::{Sent, awaited, ended_as};
use super::spill::Answer;
use super::{App, arguments};
use crate::api::error::{Error, Result};
use crate::api::tools::{Method, Proxy};

/// What of a request is given at this terminal.
#[derive(Debug, Args)]
pub(crate) struct Request {
    /// Body: JSON, `@file`, or `-` for stdin
    #[arg(long, value_name = "JSON")]
    data: Option<String>,
    /// Header, as `Name: value`; may be repeated
    #[arg(long, value_name = "HEADER")]
    header: Vec<String>,
    #[command(flatten)]
    answer: Answer,
}

/// Sends one request.
pub(super) async fn proxy(app: &App<'_>, mut op: Proxy, request: Request) -> Result<u8> {
    op.body = request.data.as_deref().map(|data| arguments::json("--data", data)).transpose()?;
    for header in &request.header {
        let (name, value) = header.split_once(':').ok_or_else(|| {
            Error::usage(format!("`--header {header}` is none")).hint("write it as `Name: value`")
        })?;
        op.headers.insert(name.trim().to_owned(), value.trim().to_owned());
    }
    let goal = request.answer.goal()?;
    let sent = Sent { what: op.line(), to: op.toolkit.clone(), shown: op.dry_run };
    let changes = op.method != Method::Get;
    let ended = awaited(app, op.into(), sent, async || changes).await?;
    ended_as(app, "connections.proxy", ended, goal)
}
