//! What the inbox shows and what a key does to it: events in, effects out. It knows no terminal and no clock.

use crate::api::approvals::Approval;
use crate::api::ids::ApprovalId;
use crate::cli::output::clean;

/// A key, as far as the inbox cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    /// The line above
    Up,
    /// The line below
    Down,
    /// The card a page up
    PageUp,
    /// The card a page down
    PageDown,
    /// Return
    Enter,
    /// Escape
    Esc,
    /// The letter before, taken away
    Backspace,
    /// Ctrl-C
    Interrupt,
    /// A letter
    Letter(char),
}

/// What the keys are about at present.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Mode {
    /// The list
    List,
    /// The words of the filter
    Filter,
    /// Whether this one is approved
    Confirm(Box<Approval>),
    /// Why this one is denied
    Reason(Box<Approval>, String),
    /// What the keys do
    Help,
}

/// What is to be done outside of the state.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Effect {
    /// Nothing
    None,
    /// Read the list now
    Reload,
    /// Approve what was seen
    Approve(Box<Approval>),
    /// Deny it, for this reason
    Deny(Box<Approval>, Option<String>),
    /// Leave
    Quit,
}

/// The inbox.
#[derive(Debug)]
pub(super) struct State {
    pending: Vec<Approval>,
    selected: Option<ApprovalId>,
    /// Lines of the card above its window
    pub(super) scroll: usize,
    /// Words that what is listed contains
    pub(super) filter: String,
    /// What the keys are about
    pub(super) mode: Mode,
    /// What was last said
    pub(super) message: String,
    /// How many were decided here
    pub(super) decided: usize,
}

impl State {
    /// Returns an inbox with nothing in it yet.
    pub(super) fn new() -> Self {
        Self {
            pending: Vec::new(),
            selected: None,
            scroll: 0,
            filter: String::new(),
            mode: Mode::List,
            message: String::new(),
            decided: 0,
        }
    }

    /// Returns what is listed: what waits and fits the filter, oldest first.
    pub(super) fn listed(&self) -> Vec<&Approval> {
        let words = self.filter.to_lowercase();
        let fits = |one: &&Approval| words.split_whitespace().all(|word| named(one).contains(word));
        self.pending.iter().filter(fits).collect()
    }

    /// Returns how many wait, whether they are listed or not.
    pub(super) fn waiting(&self) -> usize {
        self.pending.len()
    }

    /// Returns the place of the selected one in the list.
    pub(super) fn place(&self) -> Option<usize> {
        let id = self.selected.as_ref()?;
        self.listed().iter().position(|one| one.id == *id)
    }

    /// Returns the one whose card is shown.
    pub(super) fn selected(&self) -> Option<&Approval> {
        self.place().and_then(|place| self.listed().get(place).copied())
    }

    /// Takes in what waits now; returns those that waited before and no longer do.
    ///
    /// A question about one that is gone is withdrawn, so that its answer decides nothing.
    pub(super) fn loaded(&mut self, mut pending: Vec<Approval>) -> Vec<ApprovalId> {
        pending.sort_by_key(|one| one.seq);
        let waits = |id: &ApprovalId| pending.iter().any(|one| one.id == *id);
        let gone: Vec<_> =
            self.pending.iter().map(|one| one.id.clone()).filter(|id| !waits(id)).collect();
        let place = self.place().unwrap_or_default();
        if let Mode::Confirm(one) | Mode::Reason(one, _) = &self.mode
            && gone.contains(&one.id)
        {
            self.mode = Mode::List;
        }
        self.pending = pending;
        self.keep(place);
        gone
    }

    /// Takes out one that was decided here.
    pub(super) fn decided(&mut self, id: &ApprovalId) {
        let place = self.place().unwrap_or_default();
        self.pending.retain(|one| one.id != *id);
        self.decided += 1;
        self.keep(place);
    }

    /// Keeps the selection, or takes what has come into its place.
    fn keep(&mut self, place: usize) {
        if self.place().is_some() {
            return;
        }
        let listed = self.listed();
        let at = place.min(listed.len().saturating_sub(1));
        self.selected = listed.get(at).map(|one| one.id.clone());
        self.scroll = 0;
    }

    /// Does what a key does, where a card's window has `page` lines and the card can go down by `most`.
    pub(super) fn key(&mut self, key: Key, (page, most): (usize, usize)) -> Effect {
        if key == Key::Interrupt {
            return Effect::Quit;
        }
        match key {
            Key::PageUp => self.scroll = self.scroll.min(most).saturating_sub(page),
            Key::PageDown => self.scroll = (self.scroll + page).min(most),
            Key::Up
            | Key::Down
            | Key::Enter
            | Key::Esc
            | Key::Backspace
            | Key::Interrupt
            | Key::Letter(_) => return self.pressed(key),
        }
        Effect::None
    }

    fn pressed(&mut self, key: Key) -> Effect {
        match std::mem::replace(&mut self.mode, Mode::List) {
            Mode::List => self.in_list(key),
            Mode::Filter => {
                self.in_filter(key);
                Effect::None
            }
            Mode::Help => Effect::None,
            Mode::Confirm(one) if key == Key::Letter('y') => Effect::Approve(one),
            Mode::Confirm(_) => {
                "Not approved; it still waits.".clone_into(&mut self.message);
                Effect::None
            }
            Mode::Reason(one, reason) => self.in_reason(one, reason, key),
        }
    }

    fn in_list(&mut self, key: Key) -> Effect {
        match key {
            Key::Up | Key::Letter('k') => self.step(|at| at.saturating_sub(1)),
            Key::Down | Key::Letter('j') => self.step(|at| at + 1),
            Key::Letter('/') => self.mode = Mode::Filter,
            Key::Letter('?') => self.mode = Mode::Help,
            Key::Letter('r') => return Effect::Reload,
            Key::Letter('a') => {
                if let Some(one) = self.selected() {
                    self.mode = Mode::Confirm(Box::new(one.clone()));
                }
            }
            Key::Letter('d') => {
                if let Some(one) = self.selected() {
                    self.mode = Mode::Reason(Box::new(one.clone()), String::new());
                }
            }
            Key::Esc if !self.filter.is_empty() => self.refine(String::new()),
            Key::Letter('q') | Key::Esc => return Effect::Quit,
            Key::PageUp
            | Key::PageDown
            | Key::Enter
            | Key::Backspace
            | Key::Interrupt
            | Key::Letter(_) => {}
        }
        Effect::None
    }

    fn in_filter(&mut self, key: Key) {
        let mut filter = self.filter.clone();
        match key {
            Key::Enter => return,
            Key::Esc => filter.clear(),
            Key::Backspace => drop(filter.pop()),
            Key::Letter(letter) => filter.push(letter),
            Key::Up => self.step(|at| at.saturating_sub(1)),
            Key::Down => self.step(|at| at + 1),
            Key::PageUp | Key::PageDown | Key::Interrupt => {}
        }
        if key != Key::Esc {
            self.mode = Mode::Filter;
        }
        self.refine(filter);
    }

    fn in_reason(&mut self, one: Box<Approval>, mut reason: String, key: Key) -> Effect {
        match key {
            Key::Enter => {
                let reason = Some(reason.trim().to_owned()).filter(|reason| !reason.is_empty());
                return Effect::Deny(one, reason);
            }
            Key::Esc => {
                "Not denied; it still waits.".clone_into(&mut self.message);
                return Effect::None;
            }
            Key::Backspace => drop(reason.pop()),
            Key::Letter(letter) => reason.push(letter),
            Key::Up | Key::Down | Key::PageUp | Key::PageDown | Key::Interrupt => {}
        }
        self.mode = Mode::Reason(one, reason);
        Effect::None
    }

    /// Takes in text that was pasted: it is written where one writes, and is no key anywhere else.
    pub(super) fn pasted(&mut self, text: &str) {
        let text = text.replace(['\r', '\n'], " ");
        match &mut self.mode {
            Mode::Filter => self.refine(format!("{}{text}", self.filter)),
            Mode::Reason(_, reason) => reason.push_str(&text),
            Mode::List | Mode::Confirm(_) | Mode::Help => {}
        }
    }

    fn refine(&mut self, filter: String) {
        let place = self.place().unwrap_or_default();
        self.filter = filter;
        self.keep(place);
    }

    fn step(&mut self, to: impl Fn(usize) -> usize) {
        let listed = self.listed();
        let at = self.place().map_or(0, to).min(listed.len().saturating_sub(1));
        let id = listed.get(at).map(|one| one.id.clone());
        if id != self.selected {
            self.selected = id;
            self.scroll = 0;
        }
    }
}

/// Returns what the filter looks at, as it is shown.
fn named(one: &Approval) -> String {
    let names = [&one.title, &one.user, &one.action_type, &one.requested_by.actor_id];
    let id = one.id.to_string();
    let agent = one.requested_by.name.as_deref().unwrap_or_default();
    let words: Vec<_> = names.into_iter().map(|name| clean(name)).collect();
    format!("{} {} {id}", words.join(" "), clean(agent)).to_lowercase()
}
