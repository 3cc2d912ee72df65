//! `connections execute`: where a call's input comes from, and where its answer goes.

use std::convert::Infallible;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use serde_json::{Map, Value};
use tempfile::NamedTempFile;

use super::output::Page;
use super::signals::Signals;
use super::wait::spinner;
use super::{App, arguments};
use crate::api::action::Outcome;
use crate::api::error::{Error, Result};
use crate::api::tools::{Execute, Executed, FileAnswer, ListTools};
use crate::api::workspace::Effect;

/// How long a call takes before a terminal shows that it is waited for.
const QUIET: Duration = Duration::from_secs(1);

/// What of a call concerns only this terminal. None of it is part of the action.
#[derive(Debug, Args)]
pub(crate) struct Files {
    /// Input of the tool: a JSON object, `@file`, or `-` for stdin
    #[arg(long, value_name = "JSON")]
    args: Option<String>,
    /// Save the answer: a file as it is, anything else as JSON
    #[arg(long, value_name = "PATH")]
    output_file: Option<PathBuf>,
}

/// Runs one tool.
pub(crate) async fn execute(app: &App<'_>, mut op: Execute, files: Files) -> Result<u8> {
    op.arguments = arguments::object(files.args.as_deref())?;
    if op.arguments.values().any(arguments::names_files) {
        op.arguments = loaded(app, &op).await?;
    }
    let name = "connections.execute";
    // Before anything is sent: an answer that cannot be kept is better not asked for.
    let place = files.output_file.as_deref().map(Place::reserve).transpose()?;
    let mut executed = match awaited(app, op).await? {
        Outcome::Done(executed) => executed,
        Outcome::Pending(pending) => return app.output.held(name, &pending),
    };
    if let Some(place) = place.filter(|_| executed.successful && executed.request.is_none()) {
        place.keep(&mut executed)?;
    }
    let mut page = Page::default();
    view(&executed, &mut page);
    let result = serde_json::to_value(&executed)
        .map_err(|error| Error::internal("a reply cannot be written", error))?;
    app.output.reply(name, result, page)
}

/// Performs the call. A terminal shows that it takes its time, and a signal breaks it off.
async fn awaited(app: &App<'_>, op: Execute) -> Result<Outcome<Executed>> {
    let mut signals = Signals::listen()?;
    let (about, sends) = (question(&op), !op.dry_run);
    let (tool, toolkit) = (op.tool.clone(), op.toolkit.clone());
    let shown = async {
        tokio::time::sleep(QUIET).await;
        let _spinner = spinner(app, "waiting for the app", false);
        std::future::pending::<Infallible>().await
    };
    let broken = tokio::select! {
        answer = app.ask(app.as_caller(), op) => return answer,
        broken = signals.next() => broken,
        never = shown => match never {},
    };
    let about = app.done(app.as_caller(), about).await;
    let reads = about.is_ok_and(|about| about.tools.iter().all(|tool| tool.effect == Effect::Read));
    if reads || !sends {
        return Err(broken);
    }
    Err(broken.hint(format!(
        "`{tool}` may or may not have run: look in `{toolkit}` before you run it again"
    )))
}

/// Returns the question what the tool of a call is.
fn question(op: &Execute) -> ListTools {
    ListTools {
        toolkit: op.toolkit.clone(),
        tool: Some(op.tool.clone()),
        user: op.user.clone(),
        search: None,
        limit: None,
    }
}

/// Returns the input with the files in it that it names as `@path`.
async fn loaded(app: &App<'_>, op: &Execute) -> Result<Map<String, Value>> {
    let about = app.done(app.as_caller(), question(op)).await?;
    let mut input = Value::Object(op.arguments.clone());
    if let Some(tool) = about.tools.first() {
        arguments::load_files(&mut input, &Value::Object(tool.input_schema.clone()))?;
    }
    match input {
        Value::Object(input) => Ok(input),
        _ => Ok(op.arguments.clone()),
    }
}

/// A file that is to hold an answer: beside its place until it is whole.
struct Place {
    path: PathBuf,
    file: NamedTempFile,
}

impl Place {
    /// Fails with a usage error if no file can be made there.
    fn reserve(path: &Path) -> Result<Self> {
        let shown = path.display();
        if path.is_dir() || path.file_name().is_none() {
            return Err(Error::usage(format!("`{shown}` is no name for a file")));
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let file = NamedTempFile::new_in(folder.unwrap_or_else(|| Path::new(".")));
        let file = file.map_err(|error| {
            Error::usage(format!("`{shown}` cannot be written: {error}")).because(error)
        })?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// Moves what a tool answered into the file, and says so in its stead; if that fails, the answer
    /// stays where it was.
    fn keep(mut self, executed: &mut Executed) -> Result<()> {
        let path = self.path.display().to_string();
        let (mime_type, bytes) = if let Some(file) = &executed.file {
            (file.mime_type.clone(), bytes(file)?)
        } else {
            let json = serde_json::to_vec_pretty(&executed.data);
            let json = json.map_err(|error| Error::internal("no JSON can be made", error))?;
            ("application/json".to_owned(), json)
        };
        let written = self.file.write_all(&bytes).and_then(|()| self.file.as_file().sync_all());
        let saved = written.and_then(|()| Ok(self.file.persist(&self.path).map(drop)?));
        if let Err(error) = saved {
            executed.hint =
                Some(format!("`{path}` could not be written ({error}): the answer is here"));
            return Ok(());
        }
        executed.data = Value::Null;
        let size = bytes.len();
        executed.file =
            Some(FileAnswer { mime_type, size, text: None, data: None, path: Some(path) });
        Ok(())
    }
}

fn bytes(file: &FileAnswer) -> Result<Vec<u8>> {
    match (&file.text, &file.data) {
        (Some(text), _) => Ok(text.clone().into_bytes()),
        (None, Some(data)) => STANDARD
            .decode(data)
            .map_err(|error| Error::internal("the file that came is not base64", error)),
        (None, None) => Ok(Vec::new()),
    }
}

fn view(reply: &Executed, page: &mut Page) {
    if let Some(request) = &reply.request {
        page.text(format!("{} {}", request.method, request.url));
        for (name, value) in &request.headers {
            page.text(format!("{name}: {value}"));
        }
        if let Some(body) = &request.body {
            page.text("");
            page.json(body);
        }
        page.hint(format!("Nothing was sent. The gate says: {}.", request.verdict));
        return;
    }
    match &reply.file {
        Some(file) => view_file(file, page),
        None if !reply.data.is_null() || reply.successful => page.json(&reply.data),
        None => {}
    }
    match (reply.code, &reply.error) {
        (Some(code), Some(message)) => page.failed(failure(reply, Error::new(code, message))),
        _ => {
            if let Some(hint) = &reply.hint {
                page.hint(hint);
            }
        }
    }
}

fn view_file(file: &FileAnswer, page: &mut Page) {
    let about = format!("{} bytes of {}", file.size, file.mime_type);
    match (&file.path, &file.text) {
        (Some(path), _) => page.text(format!("Saved {about} to {path}.")),
        (None, Some(text)) => page.text(text),
        (None, None) => {
            page.text(format!("{about}, not shown."));
            page.hint("Save it with `--output-file PATH`.");
        }
    }
}

fn failure(reply: &Executed, mut error: Error) -> Error {
    error.hint.clone_from(&reply.hint);
    error.reason.clone_from(&reply.reason);
    error
}
