//! The inbox drawn: a pure function of its state, the card's text and the present. It knows no terminal.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Text};
use ratatui::widgets::{Block, List, ListItem, ListState, Paragraph, Wrap};

use super::state::{Mode, State};
use crate::api::approvals::Approval;
use crate::api::time::Millis;
use crate::cli::output::clean;

/// Columns from which on the list stands beside the card.
const WIDE: u16 = 90;
/// What the keys do, in one line.
const KEYS: &str = "a approve  d deny  / filter  r refresh  ? help  q quit";
/// What the keys do, in full.
const HELP: &str = "up, down, j, k   select
PgUp, PgDn       scroll the card
/                filter; Esc clears it
a                approve, after one more y
d                deny, with a reason if you like
r                read the list now
q, Esc, Ctrl-C   leave

What you leave still waits. Press a key to go back.";

/// Where things stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Panes {
    list: Rect,
    card: Rect,
    status: Rect,
}

impl Panes {
    /// Returns where things stand in a window.
    pub(super) fn of(area: Rect) -> Self {
        let [rest, status] =
            Layout::vertical([Constraint::Min(3), Constraint::Length(3)]).areas(area);
        let [list, card] = if area.width >= WIDE {
            Layout::horizontal([Constraint::Percentage(36), Constraint::Min(44)]).areas(rest)
        } else {
            let lines = (rest.height / 3).max(4);
            Layout::vertical([Constraint::Length(lines), Constraint::Min(3)]).areas(rest)
        };
        Self { list, card, status }
    }

    /// Returns the columns and lines that a card has.
    pub(super) fn card(self) -> (usize, usize) {
        let (width, height) =
            (self.card.width.saturating_sub(2), self.card.height.saturating_sub(2));
        (width.into(), height.into())
    }
}

/// Draws the inbox, with the text of the selected one's card.
pub(super) fn draw(frame: &mut Frame<'_>, state: &State, card: &str, now: Millis) {
    let panes = Panes::of(frame.area());
    list(frame, panes.list, state, now);
    let (title, text) = match (&state.mode, state.selected()) {
        (Mode::Help, _) => (" keys ", HELP),
        (_, Some(_)) => (" card ", card),
        (_, None) if state.waiting() > 0 => (" card ", "Nothing that waits fits the filter."),
        (_, None) => (" card ", "Nothing waits for a decision.\n\nWhat comes is shown here."),
    };
    let (_, height) = panes.card();
    let total = text.lines().count();
    let top =
        if state.mode == Mode::Help { 0 } else { state.scroll }.min(total.saturating_sub(height));
    let mut block = Block::bordered().title(title);
    if total > height {
        let seen = (top + height).min(total);
        block = block.title_bottom(format!(" {}-{seen} of {total}, PgUp PgDn ", top + 1));
    }
    let lines: Vec<Line<'_>> = text.lines().skip(top).take(height).map(Line::raw).collect();
    frame.render_widget(Paragraph::new(Text::from(lines)).block(block), panes.card);
    status(frame, panes.status, state);
}

fn list(frame: &mut Frame<'_>, area: Rect, state: &State, now: Millis) {
    let listed = state.listed();
    let title = match (listed.len(), state.waiting()) {
        (shown, all) if shown == all => format!(" {all} waiting "),
        (shown, all) => format!(" {shown} of {all} waiting "),
    };
    let rows = listed.iter().map(|one| ListItem::new(row(one, now)));
    let mut block = Block::bordered().title(title);
    if !state.filter.is_empty() {
        block = block.title_bottom(format!(" /{} ", clean(&state.filter)));
    }
    let list = List::new(rows)
        .block(block)
        .highlight_symbol("> ")
        .highlight_style(Style::new().add_modifier(Modifier::REVERSED));
    let mut at = ListState::default().with_selected(state.place());
    frame.render_stateful_widget(list, area, &mut at);
}

/// Returns one in a line: how long it can still be decided, for whom, what.
fn row(one: &Approval, now: Millis) -> String {
    format!("{:>4}  {}  {}", left(one.expires_at, now), clean(&one.user), clean(&one.title))
}

fn left(until: Millis, now: Millis) -> String {
    if until <= now {
        return "over".to_owned();
    }
    match now.age(until).as_secs() + 1 {
        seconds @ 0..120 => format!("{seconds}s"),
        seconds @ 120..7_200 => format!("{}m", seconds / 60),
        seconds @ 7_200..259_200 => format!("{}h", seconds / 3_600),
        seconds => format!("{}d", seconds / 86_400),
    }
}

fn status(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let [said, asked] =
        Layout::vertical([Constraint::Length(2), Constraint::Length(1)]).areas(area);
    let message = Paragraph::new(clean(&state.message)).wrap(Wrap { trim: true });
    frame.render_widget(message, said);
    let width = usize::from(asked.width);
    let (line, bold) = match &state.mode {
        Mode::List | Mode::Help => (KEYS.to_owned(), false),
        Mode::Filter => (format!("filter: {}_", tail(&state.filter, width, 9)), true),
        Mode::Confirm(one) => {
            (format!("y approves number {}: {}", one.seq, clean(&one.title)), true)
        }
        Mode::Reason(one, reason) => {
            let start = format!("deny number {}, why (Enter denies, Esc leaves it): ", one.seq);
            let reason = tail(reason, width, start.chars().count() + 1);
            (format!("{start}{reason}_"), true)
        }
    };
    let style = if bold { Style::new().add_modifier(Modifier::BOLD) } else { Style::new() };
    frame.render_widget(Line::styled(line, style), asked);
}

/// Returns the end of what is typed, as much as fits beside `taken` columns.
fn tail(typed: &str, width: usize, taken: usize) -> String {
    let letters: Vec<char> = clean(typed).chars().collect();
    let from = letters.len().saturating_sub(width.saturating_sub(taken));
    letters.get(from..).unwrap_or_default().iter().collect()
}
