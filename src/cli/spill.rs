//! Where the answer of an app goes: to whoever asked, to a file they name, or, where it is too large to be
//! shown, to a file of our own with a look at how it begins.
//!
//! What a program reads is never cut: only a terminal is spared, or whoever asks for it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use clap::{Args, ValueEnum};
use serde_json::{Map, Value};

use super::App;
use super::output::Page;
use super::place::Place;
use crate::api::error::{Error, Result};
use crate::api::ids::fresh;
use crate::api::time::Millis;
use crate::api::tools::{Executed, FileAnswer};

/// Largest answer that is shown, in bytes: some four hundred lines.
const LARGEST: usize = 32 * 1024;
/// Where below a profile's directory the answers are.
const FOLDER: &str = "answers";
/// How long they stay there.
const LIFE: Duration = Duration::from_hours(24);
/// How many bytes they may have together; the oldest go first.
const ROOM: u64 = 512 * 1024 * 1024;
/// How many items of a list are looked at.
const ITEMS: usize = 3;
/// How many fields of an object.
const FIELDS: usize = 24;
/// How many values in all.
const VALUES: usize = 150;
/// How deep.
const DEPTH: usize = 5;
/// How many letters of a text.
const LETTERS: usize = 120;
/// How many lines of a text are looked at.
const LINES: usize = 20;

/// Flags that say where an answer goes.
#[derive(Debug, Args)]
pub(crate) struct Answer {
    /// Save the answer in a file: a file as it is, anything else as JSON
    #[arg(long, value_name = "PATH")]
    output_file: Option<PathBuf>,
    /// Save an answer of more than 32 KiB for a day, and show how it begins
    #[arg(long, value_name = "WHEN", default_value = "terminal", conflicts_with = "output_file")]
    spill: Spill,
}

/// When an answer that is too large is saved in place of being shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Spill {
    /// On a terminal only: what a program reads stays whole
    Terminal,
    /// Also where a program reads, unless `--jq` picks from it
    Always,
    /// Not at all
    Never,
}

/// Where one answer goes.
pub(super) struct Goal {
    place: Option<Place>,
    spill: Spill,
}

impl Answer {
    /// Fails with a usage error if the file cannot be written: an answer that cannot be kept is better not asked
    /// for.
    pub(super) fn goal(&self) -> Result<Goal> {
        let place = self.output_file.as_deref().map(Place::reserve).transpose()?;
        Ok(Goal { place, spill: self.spill })
    }
}

impl Goal {
    /// Puts an answer where it belongs. What could not be saved stays in it; of a file that was asked for, the
    /// error is returned.
    pub(super) fn reach(
        self,
        app: &App<'_>,
        executed: &mut Executed,
        page: &mut Page,
    ) -> Result<Option<Error>> {
        if let Some(place) = self.place {
            return place.keep(executed);
        }
        let wanted = match self.spill {
            Spill::Terminal => app.output.is_for_people() && app.settings.terminals.stdout,
            Spill::Always => app.settings.jq.is_none(),
            Spill::Never => false,
        };
        if !wanted || !is_large(executed) {
            return Ok(None);
        }
        let preview = preview(executed);
        let name = format!("{}-{}.{}", executed.tool_slug, fresh().simple(), ending(executed));
        let folder = app.settings.dir.join(FOLDER);
        let trouble = match Place::own(&folder, &name.to_lowercase()) {
            Ok(place) => place.keep(executed)?.map(|error| error.message),
            Err(error) => {
                Some(format!("`{}` cannot be written: {}", folder.display(), error.kind()))
            }
        };
        match trouble {
            Some(trouble) => page.hint(format!("This is the whole answer, because {trouble}.")),
            None => {
                if let Some(file) = &mut executed.file {
                    file.preview = preview;
                    page.hint(said(file));
                }
            }
        }
        Ok(None)
    }
}

/// Returns what is said of an answer that was saved.
fn said(file: &FileAnswer) -> String {
    let path = file.path.as_deref().unwrap_or_default();
    if file.preview.is_none() {
        return "It is there for a day; `--output-file PATH` saves it where you say.".to_owned();
    }
    let tool = if file.mime_type == "application/json" { "jq" } else { "less" };
    format!(
        "This is how the answer begins. The whole, {}, is there for a day: `{tool} {path}`. To call again, `--output-file PATH` saves it where you say, `--jq EXPR` picks from it, `--spill never` prints it.",
        size(file.size)
    )
}

/// Returns a size as people say it.
fn size(bytes: usize) -> String {
    match bytes {
        0..=1023 => format!("{bytes} bytes"),
        1024..=1_048_575 => format!("{} KiB", bytes / 1024),
        _ => format!("{}.{} MiB", bytes >> 20, ((bytes & 0xf_ffff) * 10) >> 20),
    }
}

/// Shows how an answer that was saved begins.
pub(super) fn view(file: &FileAnswer, page: &mut Page) {
    match &file.preview {
        Some(Value::String(text)) => page.text(text),
        Some(value) => page.json(value),
        None => {}
    }
}

/// Tells whether an answer is too large to be shown, or cannot be shown at all.
fn is_large(executed: &Executed) -> bool {
    match &executed.file {
        Some(file) => file.data.is_some() || file.size > LARGEST,
        None => executed.data.to_string().len() > LARGEST,
    }
}

/// Returns how an answer begins; of bytes that are no text, nothing.
fn preview(executed: &Executed) -> Option<Value> {
    match &executed.file {
        Some(file) => file.text.as_ref().map(|text| beginning(text).into()),
        None => Some(brief(&executed.data, (DEPTH, &mut { VALUES }))),
    }
}

fn beginning(text: &str) -> String {
    let mut lines: Vec<String> = text.lines().take(LINES).map(cut).collect();
    lines.push("…".to_owned());
    lines.join("\n")
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LETTERS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Returns a value with few enough items, fields and letters to be looked at.
fn brief(value: &Value, (depth, left): (usize, &mut usize)) -> Value {
    *left = left.saturating_sub(1);
    match value {
        Value::String(text) => cut(text).into(),
        Value::Array(items) if depth == 0 || *left == 0 => format!("[… {}]", items.len()).into(),
        Value::Object(fields) if depth == 0 || *left == 0 => {
            format!("{{… {}}}", fields.len()).into()
        }
        Value::Array(items) => {
            let mut few: Vec<Value> =
                items.iter().take(ITEMS).map(|item| brief(item, (depth - 1, left))).collect();
            let rest = items.len().saturating_sub(ITEMS);
            few.extend((rest > 0).then(|| format!("… {rest} more").into()));
            few.into()
        }
        Value::Object(fields) => {
            let mut few: Map<String, Value> = fields
                .iter()
                .take(FIELDS)
                .map(|(name, value)| (cut(name), brief(value, (depth - 1, left))))
                .collect();
            let rest = fields.len().saturating_sub(FIELDS);
            few.extend((rest > 0).then(|| ("…".to_owned(), format!("{rest} more").into())));
            few.into()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

/// Returns what the name of a file with that answer ends in.
fn ending(executed: &Executed) -> &'static str {
    let Some(file) = &executed.file else { return "json" };
    let kind = file.mime_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match kind.as_str() {
        "application/json" => "json",
        "application/pdf" => "pdf",
        "application/zip" => "zip",
        "image/gif" => "gif",
        "image/jpeg" => "jpg",
        "image/png" => "png",
        "image/svg+xml" => "svg",
        "text/calendar" => "ics",
        "text/csv" => "csv",
        "text/html" => "html",
        _ if file.text.is_some() => "txt",
        _ => "bin",
    }
}

/// Removes the answers that have been there for a day, and the oldest of too many. It is no trouble if that fails:
/// the next command tries again.
pub(super) fn sweep(dir: &Path) {
    let Ok(entries) = fs::read_dir(dir.join(FOLDER)) else { return };
    let found = entries.filter_map(|entry| {
        let entry = entry.ok()?;
        let about = entry.metadata().ok().filter(fs::Metadata::is_file)?;
        let age = about.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        Some((i64::try_from(age.as_millis()).ok()?, about.len(), entry.path()))
    });
    let mut found: Vec<_> = found.collect();
    found.sort_by_key(|(made, ..)| std::cmp::Reverse(*made));
    let mut room = ROOM;
    for (made, bytes, path) in found {
        let is_old = Millis(made).after(LIFE) < Millis::now();
        let fits = room.checked_sub(bytes);
        room = fits.unwrap_or(0);
        if is_old || fits.is_none() {
            // Another process may have removed it.
            let _ = fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_look_at_a_large_answer_is_small_and_says_what_is_missing() {
        let item =
            json!({"id": 1, "text": "x".repeat(500), "deep": {"a": {"b": {"c": {"d": [1]}}}}});
        let wide: Map<String, Value> = (0..30).map(|n| (format!("f{n}"), n.into())).collect();
        let value = json!({"items": vec![item; 500], "wide": wide});

        let brief = brief(&value, (DEPTH, &mut { VALUES }));

        assert_eq!(brief["items"].as_array().unwrap().len(), 4);
        assert_eq!(brief["items"][3], "… 497 more");
        assert_eq!(brief["items"][0]["text"].as_str().unwrap().chars().count(), LETTERS + 1);
        assert_eq!(brief["items"][0]["deep"]["a"]["b"], "{… 1}");
        assert_eq!(brief["wide"]["…"], "6 more");
        assert!(brief.to_string().len() < LARGEST / 4);
    }

    #[test]
    fn a_wide_tree_is_looked_at_only_so_far() {
        let mut tree = json!("leaf");
        for _ in 0..5 {
            tree = (0..24).map(|n| (n.to_string(), tree.clone())).collect::<Map<_, _>>().into();
        }

        let brief = brief(&tree, (DEPTH, &mut { VALUES }));

        assert!(brief.to_string().len() < LARGEST, "{}", brief.to_string().len());
    }

    #[test]
    fn sizes_are_said_in_words() {
        let said = [12, 2048, 1_048_576 + 524_288, 64 << 20].map(size);

        assert_eq!(said, ["12 bytes", "2 KiB", "1.5 MiB", "64.0 MiB"]);
    }
}
