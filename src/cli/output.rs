//! The only writer: envelopes and tables on stdout, everything else on stderr.

mod page;
mod table;
mod wrap;

pub(crate) use page::Page;
pub(crate) use wrap::{broken, wrapped};

use std::io::{self, Write};
use std::rc::Rc;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::jq::Filter;
use crate::api::error::{Error, Fault, Result};
pub(crate) use crate::api::ids::clean;
use crate::engine::{self, Caller};
use crate::settings::{self, Flags, Settings};

/// Exit status of a wait for what did not come about, and will not.
pub(crate) const GIVEN_UP: u8 = 9;

/// Where and how a run of the program answers.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    form: settings::Output,
    filter: Option<Rc<Filter>>,
    sandbox: bool,
    verbose: bool,
    /// Flags that said which workspace; what is suggested says so again
    named: String,
    /// Who reads it; what is suggested is theirs to do
    caller: Caller,
}

impl Output {
    /// Tells whether people are to read it.
    pub(crate) fn is_table(&self) -> bool {
        self.form == settings::Output::Table
    }

    /// Fails with a usage error if the filter is none, before anything is done.
    pub(crate) fn new(flags: &Flags, settings: &Settings, caller: Caller) -> Result<Self> {
        let filter = settings.jq.as_deref().map(Filter::compile).transpose()?.map(Rc::new);
        let table = settings.output == settings::Output::Table && filter.is_some();
        Ok(Self {
            form: if table { settings::Output::Json } else { settings.output },
            filter,
            sandbox: settings.profile == settings::Profile::Sandbox,
            verbose: settings.verbose,
            named: flags.repeated(),
            caller,
        })
    }

    /// Returns the same for a command that may speak a protocol: then errors are for whoever reads its log.
    pub(crate) fn aside(self, speaks: bool) -> Self {
        if !speaks {
            return self;
        }
        Self { form: settings::Output::Table, filter: None, ..self }
    }

    /// Answers where the settings as a whole could not be read.
    pub(crate) fn early(flags: &Flags) -> Self {
        Self {
            form: settings::form(flags),
            filter: None,
            sandbox: false,
            verbose: flags.verbose,
            named: flags.repeated(),
            caller: Caller::Human,
        }
    }

    /// Returns a text whose commands name the workspace that this one was told, so that they work where
    /// they are pasted.
    pub(crate) fn told(&self, text: &str) -> String {
        let (bare, full) = ("`naive ", format!("`naive {}", self.named));
        text.replace(bare, &full).replace(&format!("{full}--profile "), "`naive --profile ")
    }

    /// Returns the page with its commands as [`Output::told`] has them; what only the operator may run is
    /// no next step, and the operator is asked for it.
    fn repeating(&self, mut page: Page) -> Page {
        let (own, theirs): (Vec<_>, Vec<_>) = page.next.into_iter().partition(|step| {
            engine::may_run(&self.caller, step.command.trim_start_matches("naive "))
        });
        page.next = own;
        page.hints.extend(theirs.iter().map(|step| {
            let what = step.description.trim_end_matches(", as the operator");
            format!("The operator may run `{}`: {what}.", step.command)
        }));
        let full = format!("naive {}", self.named);
        for step in &mut page.next {
            step.command = step.command.replacen("naive ", &full, 1);
        }
        page.hints = page.hints.iter().map(|hint| self.told(hint)).collect();
        page
    }

    /// Writes a reply, and returns the exit status.
    pub(crate) fn reply(&self, action: &str, result: Value, page: Page) -> Result<u8> {
        let status = page.failure.as_ref().map_or(0, Error::exit);
        if self.form == settings::Output::Table {
            let mut text = String::new();
            for block in &page.blocks {
                text.push_str(&table::render(block));
            }
            write(&mut io::stdout(), &text)?;
            self.advise(page)?;
            return Ok(status);
        }
        let page = self.repeating(page);
        let mut envelope = self.envelope(page.failure.is_none(), action);
        envelope.insert("result".into(), result);
        if let Some(error) = &page.failure {
            envelope.insert("error".into(), self.described(error));
        }
        if !page.hints.is_empty() {
            envelope.insert("hints".into(), json!(page.hints));
        }
        if !page.next.is_empty() {
            envelope.insert("next_steps".into(), json!(page.next));
        }
        self.write_json(envelope.into(), page.failure.is_none())?;
        Ok(status)
    }

    /// Returns the same output for a command that answers more than once: JSON, if it is any, in lines.
    pub(crate) fn lines(&self) -> Self {
        let form = match self.form {
            settings::Output::Table => settings::Output::Table,
            settings::Output::Json | settings::Output::Jsonl => settings::Output::Jsonl,
        };
        Self { form, ..self.clone() }
    }

    /// Tells people what a page has to say beside its reply, where the reply itself is not written.
    pub(crate) fn advise(&self, page: Page) -> Result<()> {
        let page = self.repeating(page);
        if let Some(error) = &page.failure {
            self.complain(error)?;
        }
        advise(&page)
    }

    /// Writes an error, and returns the exit status. Nothing is left to say if even that fails.
    pub(crate) fn error(&self, action: &str, error: &Error) -> u8 {
        let written = if self.form == settings::Output::Table {
            self.complain(error)
        } else {
            let mut envelope = self.envelope(false, action);
            envelope.insert("error".into(), self.described(error));
            self.write_json(envelope.into(), false)
        };
        if let Err(unwritable) = written {
            // The error itself is lost; at least the reason is told, and the exit status stays.
            let _ = note(&format!("error: {unwritable}"));
        }
        if self.form != settings::Output::Table && self.verbose {
            let _ = trace(error);
        }
        error.exit()
    }

    /// Writes one of many things that come one by one: for people this line, for programs JSON on one line.
    /// Returns whether anybody still reads.
    pub(crate) fn stream(&self, value: &Value, line: &str) -> Result<bool> {
        let text = match &self.filter {
            _ if self.is_for_people() => format!("{}\n", clean(line)),
            Some(filter) => filter.run(value)?,
            None => format!("{value}\n"),
        };
        match io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
            Err(error) => Err(Error::internal("the output cannot be written", error)),
            Ok(()) => Ok(true),
        }
    }

    /// Tells whether people read this.
    pub(crate) fn is_for_people(&self) -> bool {
        self.form == settings::Output::Table
    }

    fn envelope(&self, success: bool, action: &str) -> Map<String, Value> {
        let mut envelope = Map::new();
        envelope.insert("success".into(), success.into());
        envelope.insert("action".into(), action.into());
        if self.sandbox {
            envelope.insert("sandbox".into(), true.into());
        }
        envelope
    }

    fn write_json(&self, envelope: Value, success: bool) -> Result<()> {
        let filtered = match &self.filter {
            Some(filter) if success => Some(filter.run(&envelope)?),
            // A filter that was meant for the good case must not swallow what went wrong.
            Some(filter) => filter.run(&envelope).ok().filter(|text| says_something(text)),
            None => None,
        };
        let text = match filtered {
            Some(text) => text,
            None if self.form == settings::Output::Jsonl => format!("{envelope}\n"),
            None => format!("{envelope:#}\n"),
        };
        write(&mut io::stdout(), &text)
    }

    fn described(&self, error: &Error) -> Value {
        let mut map = Map::new();
        map.insert("code".into(), error.code.to_string().into());
        map.insert("message".into(), error.message.as_str().into());
        let hint = error.hint.as_ref().map(|hint| self.hint(hint));
        for (key, value) in [("hint", hint), ("reason", error.reason.clone())] {
            map.extend(value.map(|value| (key.to_owned(), value.into())));
        }
        if !error.details.is_empty() {
            map.insert("details".into(), json!(error.details));
        }
        map.into()
    }

    /// Returns an error's hint as whoever reads it can follow it.
    fn hint(&self, hint: &str) -> String {
        self.told(&engine::suggested(&self.caller, hint.to_owned()))
    }

    fn complain(&self, error: &Error) -> Result<()> {
        let mut told = vec![format!("error: {}", clean(&error.message))];
        // A fault that the message tells already is not told twice.
        let untold = |fault: &&Fault| !error.message.contains(&fault.message);
        told.extend(error.details.iter().filter(untold).map(|fault| {
            let place = if fault.pointer.is_empty() { "/" } else { &fault.pointer };
            format!("  {}  {}", clean(place), clean(&fault.message))
        }));
        told.extend(error.hint.iter().map(|hint| format!("hint: {}", clean(&self.hint(hint)))));
        note(&told.join("\n"))?;
        if self.verbose { trace(error) } else { Ok(()) }
    }
}

/// Tells whether a filter has found anything.
fn says_something(text: &str) -> bool {
    text.lines().any(|line| line != "null")
}

/// Writes a full sentence that is no data.
pub(crate) fn note(text: &str) -> Result<()> {
    write(&mut io::stderr(), &format!("{}\n", lines(text)))
}

/// Returns how many columns the terminal of stderr has, 80 where it is none.
pub(crate) fn width() -> usize {
    console::Term::stderr().size_checked().map_or(80, |(_, width)| width.into())
}

/// Returns how many columns the terminal of stdout has, if it is one.
fn terminal() -> Option<u16> {
    console::Term::stdout().size_checked().map(|(_, width)| width)
}

/// Writes data that is no reply: a script, help. Nothing else goes to stdout then.
pub(crate) fn raw(text: &str) -> Result<()> {
    write(&mut io::stdout(), text)
}

/// Writes the causes of an error, outermost first.
fn trace(error: &Error) -> Result<()> {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        note(&format!("caused by: {cause}"))?;
        source = cause.source();
    }
    Ok(())
}

/// Writes what people are told beside a reply.
fn advise(page: &Page) -> Result<()> {
    let mut told: Vec<String> = page.hints.iter().map(|hint| clean(hint)).collect();
    let width = page.next.iter().map(|step| step.command.chars().count()).max().unwrap_or(0);
    told.extend(
        page.next
            .iter()
            .map(|step| format!("  {:width$}  # {}", clean(&step.command), step.description)),
    );
    if told.is_empty() {
        return Ok(());
    }
    note(&format!("\n{}", told.join("\n")))
}

/// Writes, and takes a reader that has gone away for success.
fn write(to: &mut dyn Write, text: &str) -> Result<()> {
    match to.write_all(text.as_bytes()).and_then(|()| to.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::StorageFull => {
            Err(Error::internal("the output cannot be written: the disk is full", error))
        }
        Err(error) => Err(Error::internal("the output cannot be written", error)),
        Ok(()) => Ok(()),
    }
}

/// Returns a text with every invisible or acting character written out, line breaks kept.
fn lines(text: &str) -> String {
    text.split('\n').map(clean).collect::<Vec<_>>().join("\n")
}

/// Returns an enum's word on the wire.
pub(crate) fn word(value: &impl Serialize) -> String {
    let word = serde_json::to_value(value).ok();
    word.and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_elsewhere_cannot_paint_the_terminal() {
        let shown = clean("ok\u{1b}[2J\u{202e}x\u{200b}\r\n");

        assert_eq!(shown, "ok\\u{1b}[2J\\u{202e}x\\u{200b}\\u{d}\\u{a}");
    }
}
