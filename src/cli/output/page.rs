//! What a reply looks like to people: paragraphs, fields, tables, and what comes next.

use serde::Serialize;
use serde_json::Value;

use crate::api::error::Error;

/// One thing that could be done next.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Step {
    /// What to run
    pub(super) command: String,
    /// What for
    pub(super) description: String,
}

/// A part of what people read.
#[derive(Debug)]
pub(super) enum Block {
    /// A paragraph
    Text(String),
    /// Names and values
    Fields(Vec<(String, String)>),
    /// Columns and rows, and the columns that go first where there is no room for all
    Table(Vec<String>, Vec<Vec<String>>, &'static [&'static str]),
    /// JSON, indented
    Json(Value),
}

/// What a reply looks like to people, and what both people and programs are told beside it.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// What people read
    pub(super) blocks: Vec<Block>,
    /// What is worth knowing
    pub(super) hints: Vec<String>,
    /// What could be done next
    pub(super) next: Vec<Step>,
    /// What did not happen
    pub(super) failure: Option<Error>,
}

impl Page {
    /// Adds a paragraph.
    pub(crate) fn text(&mut self, text: impl Into<String>) {
        self.blocks.push(Block::Text(text.into()));
    }

    /// Adds names and values, without those that have none.
    pub(crate) fn fields(&mut self, fields: &[(&str, Option<String>)]) {
        let fields = fields.iter().filter_map(|(name, value)| {
            Some(((*name).to_owned(), value.clone()?)).filter(|(_, value)| !value.is_empty())
        });
        self.blocks.push(Block::Fields(fields.collect()));
    }

    /// Adds a table, without the columns that have nothing to say in any row.
    pub(crate) fn table(&mut self, columns: &[&str], rows: Vec<Vec<String>>) {
        let says: Vec<bool> = (0..columns.len())
            .map(|at| rows.iter().any(|row| row.get(at).is_some_and(|cell| !cell.is_empty())))
            .collect();
        let kept = |row: Vec<String>| -> Vec<String> {
            row.into_iter().zip(&says).filter_map(|(cell, says)| says.then_some(cell)).collect()
        };
        let header = kept(columns.iter().map(|name| (*name).to_owned()).collect());
        let rows = rows.into_iter().map(kept).collect();
        self.blocks.push(Block::Table(header, rows, &[]));
    }

    /// Says which columns of the table that was added last go first where there is no room for all.
    pub(crate) fn narrowing(&mut self, columns: &'static [&'static str]) {
        if let Some(Block::Table(_, _, first)) = self.blocks.last_mut() {
            *first = columns;
        }
    }

    /// Adds JSON.
    pub(crate) fn json(&mut self, value: &Value) {
        self.blocks.push(Block::Json(value.clone()));
    }

    /// Adds something worth knowing.
    pub(crate) fn hint(&mut self, hint: impl Into<String>) {
        self.hints.push(hint.into());
    }

    /// Adds a command that could come next.
    pub(crate) fn next(&mut self, command: impl Into<String>, description: &str) {
        self.next.push(Step { command: command.into(), description: description.to_owned() });
    }

    /// Says that the reply is about something that did not happen.
    pub(crate) fn failed(&mut self, error: Error) {
        self.failure = Some(error);
    }
}
