//! Keys, read on a thread of their own that can be stopped: while a login reads the terminal, nobody else does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use tokio::sync::mpsc;

use super::state::Key;

/// How long the thread waits for a key before it looks whether it is to stop.
const PATIENCE: Duration = Duration::from_millis(50);

/// What came from the terminal.
#[derive(Debug)]
pub(super) enum Typed {
    /// A key
    Key(Key),
    /// Text, all at once
    Pasted(String),
    /// The window has another size
    Resized,
}

/// The thread that reads.
#[derive(Debug)]
pub(super) struct Keys {
    stop: Arc<AtomicBool>,
    typed: mpsc::UnboundedReceiver<Typed>,
}

impl Keys {
    /// Begins to read.
    pub(super) fn listen() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (sender, typed) = mpsc::unbounded_channel();
        let told = Arc::clone(&stop);
        thread::spawn(move || {
            while !told.load(Ordering::Relaxed) {
                let event = match event::poll(PATIENCE) {
                    Ok(false) => continue,
                    Ok(true) => event::read(),
                    Err(error) => Err(error),
                };
                let Ok(event) = event else { return };
                if typed_by(event).is_some_and(|typed| sender.send(typed).is_err()) {
                    return;
                }
            }
        });
        Self { stop, typed }
    }

    /// Waits for what comes next; nothing once the terminal is gone.
    pub(super) async fn next(&mut self) -> Option<Typed> {
        self.typed.recv().await
    }

    /// Stops, and waits until nobody reads any more; what was typed meanwhile is forgotten.
    pub(super) async fn stop(mut self) {
        self.stop.store(true, Ordering::Relaxed);
        while self.typed.recv().await.is_some() {}
    }
}

fn typed_by(event: Event) -> Option<Typed> {
    match event {
        Event::Key(pressed) if pressed.kind != KeyEventKind::Release => {
            key(pressed).map(Typed::Key)
        }
        Event::Paste(text) => Some(Typed::Pasted(text)),
        Event::Resize(..) => Some(Typed::Resized),
        Event::Key(_) | Event::Mouse(_) | Event::FocusGained | Event::FocusLost => None,
    }
}

fn key(pressed: KeyEvent) -> Option<Key> {
    let chord = pressed.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
    match pressed.code {
        KeyCode::Char('c') if pressed.modifiers.contains(KeyModifiers::CONTROL) => {
            Some(Key::Interrupt)
        }
        KeyCode::Char(letter) if !chord => Some(Key::Letter(letter)),
        KeyCode::Up => Some(Key::Up),
        KeyCode::Down => Some(Key::Down),
        KeyCode::PageUp => Some(Key::PageUp),
        KeyCode::PageDown => Some(Key::PageDown),
        KeyCode::Enter => Some(Key::Enter),
        KeyCode::Esc => Some(Key::Esc),
        KeyCode::Backspace => Some(Key::Backspace),
        // What is no key of the inbox; the set is the terminal's.
        _ => None,
    }
}
