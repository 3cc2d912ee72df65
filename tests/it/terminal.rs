//! `approvals review` at a terminal: the pseudo terminal of a test, and a person who types.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcgetattr, tcsetwinsize};
use serde_json::Value;

use crate::keys::{by, made};
use crate::support::{Naive, until};

/// Size of the terminal.
const LINES: usize = 40;
const COLUMNS: usize = 120;

/// A program at a terminal. The program is killed when this goes.
pub(crate) struct Terminal {
    child: Child,
    /// The person's end
    person: File,
    /// The program's end
    line: Option<OwnedFd>,
    /// How the terminal was set before
    before: String,
    /// All that the program has written
    written: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl Terminal {
    /// Starts a line at a terminal.
    pub(crate) fn start(naive: &Naive, line: &str) -> Self {
        let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&person).unwrap();
        unlockpt(&person).unwrap();
        let name = ptsname(&person, Vec::new()).unwrap();
        // What another test starts meanwhile must not hold it open.
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let end = rustix::fs::open(name, flags, Mode::empty()).unwrap();
        let size = Winsize { ws_row: 40, ws_col: 120, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&end, size).unwrap();
        let before = settings(&end);
        let mut command = naive.command(line.split_whitespace());
        command
            .env("TERM", "xterm-256color")
            .stdin(end.try_clone().unwrap())
            .stdout(end.try_clone().unwrap())
            .stderr(end.try_clone().unwrap());
        let child = command.spawn().unwrap();
        // What the command holds of the terminal would keep it open.
        drop(command);
        let person = File::from(person);
        let written = Arc::new(Mutex::new(Vec::new()));
        let reader = reading(person.try_clone().unwrap(), Arc::clone(&written));
        Self { child, person, line: Some(end), before, written, reader: Some(reader) }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.written.lock().unwrap()).into_owned()
    }

    /// Waits until all of this stands on the screen.
    fn shows(&self, parts: &[&str]) {
        until(&format!("{parts:?}"), || {
            let screen = seen(&self.text());
            parts.iter().all(|part| screen.contains(part)).then_some(())
        });
    }

    fn types(&mut self, keys: &str) {
        self.person.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits until the program ends, and returns how, whether the terminal is set as before, and all that it wrote.
    pub(crate) fn ends(mut self) -> (ExitStatus, bool, String) {
        let status = self.child.wait().unwrap();
        let line = self.line.take().unwrap();
        let as_before = settings(&line) == self.before;
        // Once nobody has the terminal open, the reader comes to an end.
        drop(line);
        self.reader.take().unwrap().join().unwrap();
        (status, as_before, self.text())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Returns how a terminal is set, spelled out.
fn settings(line: &OwnedFd) -> String {
    format!("{:?}", tcgetattr(line).unwrap())
}

/// Reads what the program writes until the terminal is gone, which some systems call an error.
fn reading(mut from: File, into: Arc<Mutex<Vec<u8>>>) -> JoinHandle<()> {
    thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(count @ 1..) = from.read(&mut bytes) {
            into.lock().unwrap().extend_from_slice(&bytes[..count]);
        }
    })
}

/// Returns what a person sees after all of this was written: the lines of the screen, without colours.
///
/// Of the sequences of a terminal it knows those that move to a place, clear the screen, or change to an empty one.
fn seen(text: &str) -> String {
    let mut lines = vec![vec![' '; COLUMNS]; LINES];
    let (mut line, mut column) = (0, 0);
    let mut parts = text.split("\x1b[");
    let first = parts.next().map(|part| ("", part));
    let parts = parts.filter_map(|part| {
        let end = part.find(|c: char| c.is_ascii_alphabetic())?;
        Some(part.split_at(end + 1))
    });
    for (sequence, words) in first.into_iter().chain(parts) {
        if let Some(place) = sequence.strip_suffix('H') {
            let mut numbers = place.split(';').map(|number| number.parse().unwrap_or(1_usize));
            line = numbers.next().unwrap_or(1) - 1;
            column = numbers.next().unwrap_or(1) - 1;
        } else if sequence.ends_with('J') || sequence == "?1049h" {
            lines = vec![vec![' '; COLUMNS]; LINES];
        }
        for letter in words.chars() {
            match letter {
                '\r' => column = 0,
                '\n' => line += 1,
                _ => {
                    if let Some(cell) = lines.get_mut(line).and_then(|line| line.get_mut(column)) {
                        *cell = letter;
                    }
                    column += 1;
                }
            }
        }
    }
    let lines = lines.into_iter().map(|line| line.into_iter().collect::<String>());
    lines.collect::<Vec<_>>().join("\n")
}

/// Tells whether the last of two sequences is the second one.
fn ends_with(text: &str, (taken, given_back): (&str, &str)) -> bool {
    text.rfind(given_back) > text.rfind(taken)
}

/// The pairs of sequences by which a program takes a terminal and gives it back.
const PAIRS: [(&str, &str); 3] =
    [("\x1b[?1049h", "\x1b[?1049l"), ("\x1b[?25l", "\x1b[?25h"), ("\x1b[?2004h", "\x1b[?2004l")];

/// A machine on which an agent waits for a domain, and the approval.
fn waiting() -> (Naive, String) {
    let naive = Naive::new();
    drop(naive.run("users create --external-id alice").exits(0));
    let key = made(&naive, "--role agent --user alice");
    let line = "--json actions run domains.purchase --args {\"domain\":\"acme.test\"}";
    let held = by(&naive, &key, line).exits(8).json();
    let id = held["result"]["approval_id"].as_str().unwrap().to_owned();
    (naive, id)
}

fn status(naive: &Naive, id: &str) -> Value {
    naive.run(&format!("approvals get {id} --json")).exits(0).json()["result"]["status"].clone()
}

#[test]
fn a_person_approves_at_the_full_screen_and_has_the_terminal_back() {
    let (naive, id) = waiting();
    let mut terminal = Terminal::start(&naive, "approvals review");
    terminal.shows(&["1 waiting", "acme.test", "a approve"]);
    assert!(!ends_with(&terminal.text(), PAIRS[0]), "it is on a screen of its own");

    terminal.types("a");
    terminal.shows(&["y approves number 1"]);
    let asked = status(&naive, &id);
    terminal.types("y");
    terminal.shows(&["0 waiting", "Nothing waits for a decision."]);
    terminal.types("q");
    let (ended, as_before, text) = terminal.ends();

    assert_eq!((asked, status(&naive, &id)), ("pending".into(), "executed".into()));
    assert!(ended.success() && as_before, "{ended}: {text:?}");
    for pair in PAIRS {
        assert!(ends_with(&text, pair), "{pair:?} in {text:?}");
    }
    let after = text.rsplit_once(PAIRS[0].1).unwrap().1;
    assert!(after.contains("1 decided. Nothing else waits for a decision."), "{after:?}");
}

#[test]
fn an_interrupt_at_the_full_screen_decides_nothing_and_gives_the_terminal_back() {
    let (naive, id) = waiting();
    let mut terminal = Terminal::start(&naive, "approvals review");
    terminal.shows(&["acme.test", "a approve"]);

    terminal.types("d");
    terminal.shows(&["deny number 1, why"]);
    terminal.types("\x03");
    let (_, as_before, text) = terminal.ends();

    assert!(as_before && PAIRS.into_iter().all(|pair| ends_with(&text, pair)), "{text:?}");
    assert_eq!(status(&naive, &id), "pending");
}
