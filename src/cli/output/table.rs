//! Tables and fields as people read them, fitted to their terminal.

use comfy_table::{ColumnConstraint, ContentArrangement, Table, presets};

use super::page::Block;
use super::{clean, lines, terminal};

/// Columns between two columns.
const GAP: usize = 2;
/// Columns in which text can be read that may be broken.
const WORDS: usize = 16;

pub(super) fn render(block: &Block) -> String {
    match block {
        Block::Text(text) => format!("{}\n", lines(text)),
        Block::Json(value) => format!("{}\n", lines(&format!("{value:#}"))),
        Block::Fields(fields) => {
            let rows = fields.iter().map(|(name, value)| vec![name.clone(), value.clone()]);
            columns(None, rows)
        }
        Block::Table(header, rows, first) => {
            let (header, rows) = fitted(header, rows, first, terminal());
            columns(Some(&header), rows.into_iter())
        }
    }
}

/// Tells whether a column is never broken: half an id cannot be copied.
fn is_whole(name: &str) -> bool {
    matches!(name, "connection" | "approval" | "id" | "status")
}

/// Leaves out columns, those of `first` in their order, until the rest can be read in that width.
fn fitted(
    header: &[String],
    rows: &[Vec<String>],
    first: &[&str],
    width: Option<u16>,
) -> (Vec<String>, Vec<Vec<String>>) {
    let (mut header, mut rows) = (header.to_vec(), rows.to_vec());
    let Some(width) = width else { return (header, rows) };
    for name in first {
        if needed(&header, &rows) <= usize::from(width) {
            break;
        }
        if let Some(at) = header.iter().position(|known| known == name) {
            header.remove(at);
            rows.iter_mut().filter(|row| at < row.len()).for_each(|row| drop(row.remove(at)));
        }
    }
    (header, rows)
}

/// Returns the width in which columns can be read: ids whole, and of all else a few words.
fn needed(header: &[String], rows: &[Vec<String>]) -> usize {
    let column = |(at, name): (usize, &String)| {
        let cells = rows.iter().filter_map(|row| row.get(at));
        let widths = cells.map(|cell| cell.chars().count());
        let widest = widths.fold(name.chars().count(), usize::max);
        GAP + if is_whole(name) { widest } else { widest.min(WORDS) }
    };
    header.iter().enumerate().map(column).sum()
}

/// Draws columns without borders, fitted to the terminal where there is one.
fn columns(header: Option<&[String]>, rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    if let Some(header) = header {
        table.set_header(header.iter().map(|name| name.to_uppercase()));
    }
    table.add_rows(rows.map(|row| row.into_iter().map(|cell| clean(&cell)).collect::<Vec<_>>()));
    if let Some(width) = terminal() {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    }
    for (at, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if header.and_then(|header| header.get(at)).is_some_and(|name| is_whole(name)) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    table.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_narrow_terminal_loses_columns_and_no_id() {
        let header: Vec<_> = ["approval", "status", "what", "asked"].map(String::from).into();
        let id = "018f2f3e-0000-7000-8000-000000000000";
        let rows =
            vec![[id, "pending", "Deploy the site", "2026-11-20 18:22"].map(String::from).into()];
        let kept = |width| fitted(&header, &rows, &["asked", "what"], width).0.len();

        assert_eq!(kept(None), 4);
        assert_eq!(kept(Some(100)), 4);
        assert_eq!(kept(Some(80)), 3);
        assert_eq!(kept(Some(60)), 2);
    }
}
