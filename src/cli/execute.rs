//! `connections execute`: where a call's input comes from, and where its answer goes.

use std::convert::Infallible;
use std::time::Duration;

use clap::Args;
use serde_json::{Map, Value};

use super::output::Page;
use super::signals::Signals;
use super::spill::{Answer, Goal};
use super::wait::spinner;
use super::{App, arguments, spill};
use crate::api::action::{Action, Outcome, written};
use crate::api::error::{Code, Error, Result};
use crate::api::ids::Slug;
use crate::api::toolkits::Effect;
use crate::api::tools::{Execute, Executed, FileAnswer, ListTools};

/// How long a call takes before a terminal shows that it is waited for.
const QUIET: Duration = Duration::from_secs(1);

/// What of a call concerns only this terminal. None of it is part of the action.
#[derive(Debug, Args)]
pub(crate) struct Files {
    /// Input of the tool: a JSON object, `@file`, or `-` for stdin; "@path" inside it where a file is wanted
    #[arg(long, value_name = "JSON")]
    args: Option<String>,
    #[command(flatten)]
    answer: Answer,
}

/// Runs one tool.
pub(crate) async fn execute(app: &App<'_>, mut op: Execute, files: Files) -> Result<u8> {
    op.arguments = arguments::object("--args", files.args.as_deref())?;
    if op.arguments.values().any(arguments::names_files) {
        op.arguments = loaded(app, &op).await?;
    }
    // Before anything is sent: an answer that cannot be kept is better not asked for.
    let goal = files.answer.goal()?;
    let about = question(&op);
    let changes = async || {
        let about = app.done(app.as_caller(), about).await;
        !about.is_ok_and(|about| about.tools.iter().all(|tool| tool.effect == Effect::Read))
    };
    let what = Sent { what: op.tool.to_string(), to: op.toolkit.clone(), shown: op.dry_run };
    let ended = awaited(app, op.into(), what, changes).await?;
    ended_as(app, "connections.execute", ended, goal)
}

/// Shows how a call of an app has ended, once its answer is where it belongs.
pub(super) fn ended_as(
    app: &App<'_>,
    name: &'static str,
    ended: Outcome<Value>,
    goal: Goal,
) -> Result<u8> {
    let answer = match ended {
        Outcome::Done(answer) => answer,
        Outcome::Pending(pending) => return app.held(name, &pending),
    };
    let mut executed = match app.read::<Execute>(answer.clone()) {
        Ok(executed) => executed,
        Err(_) if app.backend.remote().is_some() => return plain(app, name, answer),
        Err(error) => return Err(error),
    };
    let mut page = Page::default();
    let unsaved = if executed.successful && executed.request.is_none() {
        goal.reach(app, &mut executed, &mut page)?
    } else {
        None
    };
    let is_saved = executed.file.as_ref().is_some_and(|file| file.path.is_some());
    let result = if is_saved { written(&executed)? } else { answer };
    match unsaved {
        None => view(&executed, &mut page),
        Some(error) => {
            page.json(&result);
            page.failed(error);
        }
    }
    app.output.reply(name, result, page)
}

/// Shows an answer of which only an API elsewhere knows the form; that the app refused is a failure in any.
fn plain(app: &App<'_>, name: &'static str, answer: Value) -> Result<u8> {
    let mut page = Page::default();
    page.json(&answer);
    if answer["successful"] == false {
        let said = answer["error"].as_str().unwrap_or("the app did not do it");
        page.failed(Error::new(Code::ProviderError, said));
    }
    app.output.reply(name, answer, page)
}

/// What a call sends, and where.
pub(super) struct Sent {
    /// The tool, or the request
    pub(super) what: String,
    /// The app
    pub(super) to: Slug,
    /// Whether it is only shown
    pub(super) shown: bool,
}

/// Performs the call. A terminal shows that it takes its time, and a signal breaks it off; what that leaves open
/// is said where it changes something.
pub(super) async fn awaited(
    app: &App<'_>,
    action: Action,
    sent: Sent,
    changes: impl AsyncFnOnce() -> bool,
) -> Result<Outcome<Value>> {
    let mut signals = Signals::listen()?;
    let shown = async {
        tokio::time::sleep(QUIET).await;
        if app.wheel.borrow().is_none() {
            app.wheel.replace(Some(spinner(app, "waiting for the app", false)));
        }
        std::future::pending::<Infallible>().await
    };
    let answered = tokio::select! {
        answer = app.call(app.as_caller(), action) => Ok(answer),
        broken = signals.next() => Err(broken),
        never = shown => match never {},
    };
    // It goes from the screen with this.
    drop(app.wheel.take());
    let broken = match answered {
        Ok(answer) => return answer,
        Err(broken) => broken,
    };
    if sent.shown || !changes().await {
        return Err(broken);
    }
    let Sent { what, to, .. } = sent;
    Err(broken
        .hint(format!("`{what}` may or may not have run: look in `{to}` before you run it again")))
}

/// Returns the question what the tool of a call is.
fn question(op: &Execute) -> ListTools {
    let tool = Some(op.tool.clone());
    ListTools { tool, ..ListTools::of(op.toolkit.clone(), op.user.clone()) }
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
    if let Some(status) = reply.status.filter(|_| reply.successful) {
        page.hint(format!("The app answered with status {status}."));
    }
    if let Some(file) = &reply.file {
        view_file(file, page);
    }
    match &reply.data {
        Value::Null if reply.file.is_some() || !reply.successful => {}
        Value::String(text) => page.text(text),
        data => page.json(data),
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
        (Some(_), _) if file.preview.is_some() => spill::view(file, page),
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
