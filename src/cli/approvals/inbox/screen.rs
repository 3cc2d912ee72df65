//! The alternate screen, and the way back from it: on every end, a panic included.

use std::io::{self, Stdout};
use std::sync::Once;

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode, size,
};
use ratatui::layout::Rect;

use super::draw::{Panes, draw};
use super::state::State;
use crate::api::error::{Error, Result};
use crate::api::time::Millis;

/// Smallest window that the inbox is shown in, in columns and lines.
const LEAST: (u16, u16) = (60, 15);

/// Tells whether the window is large enough.
pub(super) fn is_large_enough() -> bool {
    size().is_ok_and(|(columns, lines)| columns >= LEAST.0 && lines >= LEAST.1)
}

/// The terminal while the inbox has it; given back when this is dropped.
#[derive(Debug)]
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
}

impl Screen {
    /// Takes the terminal.
    pub(super) fn enter() -> Result<Self> {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                restore();
                before(panic);
            }));
        });
        let terminal = Terminal::new(CrosstermBackend::new(io::stdout())).map_err(broken)?;
        // From here on it is given back, also if only half of it was taken.
        let screen = Self { terminal };
        enable_raw_mode().map_err(broken)?;
        execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste).map_err(broken)?;
        Ok(screen)
    }

    /// Returns where things stand in the window as it is.
    pub(super) fn panes(&self) -> Result<Panes> {
        let size = self.terminal.size().map_err(broken)?;
        Ok(Panes::of(Rect::new(0, 0, size.width, size.height)))
    }

    /// Draws the inbox.
    pub(super) fn show(&mut self, state: &State, card: &str) -> Result<()> {
        let drawn = self.terminal.draw(|frame| draw(frame, state, card, Millis::now()));
        drawn.map(drop).map_err(broken)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

/// Gives the terminal back.
fn restore() {
    // There is nothing left to try where a terminal does not take this.
    let _ = disable_raw_mode();
    let _ = execute!(io::stdout(), DisableBracketedPaste, LeaveAlternateScreen, Show);
}

fn broken(error: io::Error) -> Error {
    Error::internal("the terminal cannot be drawn on", error)
}
