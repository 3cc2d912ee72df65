//! Command lines that cannot be read, and those that ask for help.

use clap::error::ErrorKind;
use clap::{CommandFactory as _, FromArgMatches as _};

use super::Cli;
use super::output::{Output, note, raw};
use crate::api::error::Error;
use crate::settings::Flags;

/// Answers a command line that could not be read, or that asked for help, and returns the exit status.
pub(crate) fn usage(error: &clap::Error) -> u8 {
    let output = Output::early(&lenient());
    let text = error.render().to_string();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => match raw(&text) {
            Ok(()) => 0,
            Err(error) => output.error("help", &error),
        },
        kind => {
            let bare = kind == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
            if bare || output.is_for_people() {
                // Nothing is left to say where even stderr is gone; the status says it.
                let _ = note(text.trim_end());
            }
            let missing = || Error::usage("a subcommand is missing").hint(SEE_HELP);
            let error = if bare { missing() } else { in_words(&text) };
            if output.is_for_people() { error.exit() } else { output.error("usage", &error) }
        }
    }
}

/// What to do about a command line that could not be read.
const SEE_HELP: &str = "run the command with `--help` to see what it takes";

/// Makes an error of what clap says: its first paragraph, and its tips as the hint.
fn in_words(text: &str) -> Error {
    let mut paragraphs = text.split("\n\n");
    let line = |paragraph: &str| {
        paragraph.lines().map(str::trim).collect::<Vec<_>>().join(" ").replace('\'', "`")
    };
    let message = line(paragraphs.next().unwrap_or_default().trim_start_matches("error: "));
    let (message, values) = match message.split_once(" [possible values:") {
        Some((message, values)) => {
            (message.to_owned(), Some(format!("it takes {}", values.trim_end_matches(']').trim())))
        }
        None => (message, None),
    };
    let tip = paragraphs.map(line).find_map(|tip| tip.strip_prefix("tip: ").map(str::to_owned));
    Error::usage(message).hint(values.or(tip).unwrap_or_else(|| SEE_HELP.to_owned()))
}

/// Returns the flags that can be read of a command line that cannot be read as a whole.
fn lenient() -> Flags {
    let matches = Cli::command().ignore_errors(true).try_get_matches();
    matches.ok().and_then(|matches| Flags::from_arg_matches(&matches).ok()).unwrap_or_default()
}
