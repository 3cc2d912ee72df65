//! What a server says and asks while a call runs, at a terminal.
//!
//! Its words stand in quotes beneath a line that says whose they are: nothing of it looks like ours.

use std::pin::pin;
use std::time::Duration;

use dialoguer::{Confirm, Input, MultiSelect, Select};
use indicatif::{ProgressBar, ProgressFinish};
use serde_json::{Map, Number, Value};
use tokio::sync::mpsc;
use url::Url;

use super::output::note;
use super::{App, browser};
use crate::api::asking::{Answer, Form, Question, Said};
use crate::api::error::Result;
use crate::engine::Call;

/// What a prompt gives: nothing if whoever was asked went away.
type Asked<T> = std::result::Result<T, dialoguer::Error>;

/// Waits for a call, and meanwhile shows how far a server is and puts its questions to the person at the terminal.
///
/// Where nobody is there, nothing is asked.
pub(super) async fn attended<T, F: Future<Output = T>>(
    app: &App<'_>,
    mut call: Call,
    run: impl FnOnce(Call) -> F,
) -> T {
    if !app.settings.terminals.person {
        return Box::pin(run(call)).await;
    }
    let (voice, mut said) = mpsc::unbounded_channel();
    call.voice = Some(voice);
    let listen = async {
        let bar = ProgressBar::new_spinner().with_finish(ProgressFinish::AndClear);
        while let Some(said) = said.recv().await {
            // It goes from the screen, and none comes while this server speaks.
            drop(app.wheel.replace(Some(ProgressBar::hidden())));
            match said {
                Said::Progress { done, total, message } => {
                    bar.enable_steady_tick(Duration::from_millis(120));
                    bar.set_message(progress(done, total, message.as_deref()));
                }
                Said::Question(question) => {
                    bar.disable_steady_tick();
                    bar.finish_and_clear();
                    put(app, question).await;
                }
            }
        }
        std::future::pending::<()>().await;
    };
    let (mut run, listen) = (Box::pin(run(call)), pin!(listen));
    tokio::select! {
        biased;
        answer = &mut run => answer,
        () = listen => run.await,
    }
}

/// Says how far a server is, by its own account.
fn progress(done: f64, total: Option<f64>, message: Option<&str>) -> String {
    let far = match total.filter(|total| *total > 0.0) {
        Some(total) => format!("{:.0} %", (done / total * 100.0).clamp(0.0, 100.0)),
        None => format!("{done}"),
    };
    match message {
        Some(message) => format!("the server is at {far}: “{message}”"),
        None => format!("the server is at {far}"),
    }
}

/// Puts a question to the person at the terminal, and sends back the answer.
async fn put(app: &App<'_>, question: Question) {
    let Question { message, form, answer } = question;
    let page = match &form {
        Form::Address(url) => Some(url.clone()),
        Form::Fields(_) => None,
    };
    let asked = tokio::task::spawn_blocking(move || asked(&message, &form)).await;
    // Whoever leaves a prompt has said neither yes nor no.
    let mut said = asked.ok().and_then(Result::ok).unwrap_or(Answer::Cancel);
    if let (Some(page), Answer::Accept(_)) = (&page, &said)
        && browser::open(&app.settings, page).is_err()
    {
        said = Answer::Cancel;
    }
    // A server that no longer waits gets no answer.
    let _ = answer.send(said);
}

fn asked(message: &str, form: &Form) -> Result<Answer> {
    note("The server asks, in its own words:")?;
    note(&format!("  “{message}”"))?;
    let answered = match form {
        Form::Address(url) => address(url)?,
        Form::Fields(schema) => fields(schema),
    };
    Ok(answered.unwrap_or(Answer::Cancel))
}

/// Asks whether an address is to be opened; nothing of it is fetched before.
fn address(url: &Url) -> Result<Asked<Answer>> {
    let host = url.host_str().unwrap_or_default();
    note(&format!("  It wants you to open {url}"))?;
    let open = Confirm::new()
        .with_prompt(format!("Open this page of `{host}` in a browser?"))
        .default(false)
        .interact();
    Ok(open.map(|open| if open { Answer::Accept(Map::new()) } else { Answer::Decline }))
}

/// Asks for the values that a schema wants, one after the other.
fn fields(schema: &Map<String, Value>) -> Asked<Answer> {
    if !Confirm::new().with_prompt("Answer it?").default(false).interact()? {
        return Ok(Answer::Decline);
    }
    let none = Map::new();
    let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&none);
    let required = schema.get("required").and_then(Value::as_array);
    let mut values = Map::new();
    for (name, field) in properties {
        let needed = required.is_some_and(|list| list.iter().any(|one| one == name.as_str()));
        if let Some(value) = one(name, field, needed)? {
            values.insert(name.clone(), value);
        }
    }
    Ok(Answer::Accept(values))
}

/// Asks for one value; nothing where it is not needed and nothing was entered.
fn one(name: &str, field: &Value, needed: bool) -> Asked<Option<Value>> {
    let title = field["title"].as_str().unwrap_or(name);
    let about = field["description"].as_str().map(|about| format!(" ({about})"));
    let prompt = format!("“{title}”{}", about.unwrap_or_default());
    let given = &field["default"];
    if let Some(choices) = choices(field) {
        let names: Vec<&str> = choices.iter().map(|(_, name)| name.as_str()).collect();
        let at = choices.iter().position(|(value, _)| *given == value.as_str()).unwrap_or(0);
        let chosen = Select::new().with_prompt(prompt).items(&names).default(at).interact()?;
        return Ok(Some(choices[chosen].0.clone().into()));
    }
    if let Some(choices) = choices(&field["items"]) {
        let names: Vec<&str> = choices.iter().map(|(_, name)| name.as_str()).collect();
        let chosen = MultiSelect::new().with_prompt(prompt).items(&names).interact()?;
        return Ok(Some(chosen.into_iter().map(|at| choices[at].0.clone()).collect()));
    }
    let kind = field["type"].as_str().unwrap_or("string").to_owned();
    if kind == "boolean" {
        let default = given.as_bool().unwrap_or(false);
        let said = Confirm::new().with_prompt(prompt).default(default).interact()?;
        return Ok(Some(said.into()));
    }
    let default = match given {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let text = Input::<String>::new()
        .with_prompt(prompt)
        .with_initial_text(default)
        .allow_empty(!needed)
        .validate_with(|text: &String| match typed(&kind, text) {
            _ if text.is_empty() && !needed => Ok(()),
            Some(value) if jsonschema::is_valid(field, &value) => Ok(()),
            Some(_) => Err("the server does not take this".to_owned()),
            None => Err(format!("this is no {kind}")),
        })
        .interact_text()?;
    Ok(typed(&kind, &text).filter(|_| needed || !text.is_empty()))
}

/// Returns a text as a value of a type, if it is one.
fn typed(kind: &str, text: &str) -> Option<Value> {
    match kind {
        "integer" => text.trim().parse::<i64>().ok().map(Value::from),
        "number" => text.trim().parse::<f64>().ok().and_then(Number::from_f64).map(Value::Number),
        _ => Some(text.into()),
    }
}

/// Returns the values of a closed set with what each is called, if a schema is one.
fn choices(schema: &Value) -> Option<Vec<(String, String)>> {
    let titled = |one: &Value| {
        let value = one["const"].as_str()?;
        Some((value.to_owned(), one["title"].as_str().unwrap_or(value).to_owned()))
    };
    let several = schema["oneOf"].as_array().or(schema["anyOf"].as_array());
    if let Some(list) = several {
        return list.iter().map(titled).collect::<Option<Vec<_>>>().filter(|list| !list.is_empty());
    }
    let values = schema["enum"].as_array()?;
    let names = schema["enumNames"].as_array();
    let pairs = values.iter().enumerate().map(|(at, value)| {
        let value = value.as_str()?;
        let name = names.and_then(|names| names.get(at)?.as_str()).unwrap_or(value);
        Some((value.to_owned(), name.to_owned()))
    });
    pairs.collect::<Option<Vec<_>>>().filter(|list| !list.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_closed_set_is_offered_by_its_names() {
        let pairs = |list: &[(&str, &str)]| {
            Some(list.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect::<Vec<_>>())
        };
        let titled = json!({ "oneOf": [{ "const": "r", "title": "Red" }, { "const": "b" }] });

        assert_eq!(choices(&titled), pairs(&[("r", "Red"), ("b", "b")]));
        assert_eq!(
            choices(&json!({ "enum": ["r"], "enumNames": ["Red"] })),
            pairs(&[("r", "Red")])
        );
        assert_eq!(choices(&json!({ "enum": [] })), None);
        assert_eq!(choices(&json!({ "type": "string" })), None);
    }

    #[test]
    fn what_is_typed_has_the_type_that_is_wanted() {
        assert_eq!(typed("integer", " 3 "), Some(json!(3)));
        assert_eq!(typed("integer", "3.5"), None);
        assert_eq!(typed("number", "3.5"), Some(json!(3.5)));
        assert_eq!(typed("number", "inf"), None);
        assert_eq!(typed("string", "3"), Some(json!("3")));
    }

    #[test]
    fn how_far_it_is_is_told_as_a_share_where_there_is_a_whole() {
        assert_eq!(progress(1.0, Some(4.0), None), "the server is at 25 %");
        assert_eq!(progress(9.0, Some(4.0), Some("x")), "the server is at 100 %: “x”");
        assert_eq!(progress(3.0, None, None), "the server is at 3");
    }
}
