//! Reading the command line.

use std::ffi::OsString;

use clap::{CommandFactory as _, FromArgMatches as _, Parser as _};

use super::Cli;
use super::deferred::narrowed;

/// Reads the command line.
///
/// The parser hands every flag that all commands have down to each command beside the one that is asked for, which
/// takes longer than to read a line. So it is shown the commands first that a word of the line names. A line that
/// cannot be read that way is read by all of them, whose helps and suggestions know the others.
pub(crate) fn parse() -> Result<Cli, clap::Error> {
    let words: Vec<OsString> = std::env::args_os().collect();
    narrowly(&words).map_or_else(|| Cli::try_parse_from(&words), Ok)
}

/// Reads a line by the commands that it names; `None` where they do not make sense of it.
fn narrowly(words: &[OsString]) -> Option<Cli> {
    let narrow = narrowed(&Cli::command(), words.get(1..).unwrap_or_default());
    let matches = narrow.has_subcommands().then(|| narrow.try_get_matches_from(words))?;
    Cli::from_arg_matches(&matches.ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn a_line_that_is_read_narrowly_means_what_it_means_to_all_commands() {
        for line in [
            "naive connections connect gmail --user alice --json",
            "naive --profile sandbox integrations connected -v",
            "naive kits list --output table",
            "naive approvals list --jq .result",
            "naive users create connections",
            "naive explain connections.execute --toolkit gmail --tool GMAIL_SEND_EMAIL",
            "naive trading get-order 61e69015-8549-4bfd-b9c3-01e75843f47d",
            "naive whoami",
            "naive serve --addr 127.0.0.1:0",
            "naive mcp start",
            "naive tools search mcp --limit 3",
        ] {
            let (narrow, whole) = (narrowly(&words(line)), Cli::try_parse_from(words(line)));

            let (narrow, whole) = (narrow.expect(line), whole.expect(line));
            assert_eq!(format!("{narrow:?}"), format!("{whole:?}"), "{line}");
        }
    }

    #[test]
    fn what_only_all_commands_know_is_left_to_them() {
        for line in
            ["naive", "naive --version", "naive conections list", "naive connections --help"]
        {
            assert!(narrowly(&words(line)).is_none(), "{line}");
        }
    }
}
