//! `naive api`: a request to the API for which there is no command.

use clap::Args;

use super::login::remote;
use super::{App, arguments};
use crate::api::error::{Error, Result};
use crate::api::tools::Method;

/// Send any other request to the Naive API of the cloud profile, with the key, and print what it answers
///
/// It goes to the API alone, whatever the path. A GET is tried three times; anything else is sent once, with
/// an `Idempotency-Key`.
#[derive(Debug, Args)]
pub(crate) struct Api {
    /// Method
    #[arg(value_enum, ignore_case = true)]
    method: Method,
    /// Path with its query, as in `/v1/users?limit=5`
    path: String,
    /// Body: JSON, `@file`, or `-` for stdin
    #[arg(long, value_name = "JSON")]
    data: Option<String>,
}

/// Sends the request, and shows the answer as it came.
pub(super) async fn run(app: &App<'_>, op: Api) -> Result<u8> {
    let remote = remote(app)?;
    if !op.path.starts_with('/') {
        return Err(Error::usage(format!("`{}` is no path of the API", op.path))
            .hint("begin it with `/`, as in `/v1/users`: the address before it is the API's own"));
    }
    if op.method == Method::Get && op.data.is_some() {
        return Err(Error::usage("a GET has no body")
            .hint("put what it asks for into the path, as in `/v1/users?limit=5`"));
    }
    let key = app.key.take();
    if op.method == Method::Get && key.is_some() {
        return Err(Error::usage("a GET takes no `--idempotency-key`")
            .hint("leave it out: a key is for what changes something"));
    }
    let body = op.data.as_deref().map(|data| arguments::json("--data", data)).transpose()?;
    let request = (op.method.as_str(), op.path.as_str());
    let answer = remote.send(request, body.as_ref(), key.as_ref()).await?;
    app.tell_notes()?;
    app.plain("api", answer)
}
