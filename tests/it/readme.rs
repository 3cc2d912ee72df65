//! The README is run: whoever copies its commands gets what it shows.
//!
//! A fenced block whose language is `console` or `sh` is run if a line of it begins with `$ `; others
//! are for reading. The rules of such a block:
//!
//! - `$ COMMAND` is given to `/bin/sh`. A command goes on in the next line after a `\` at its end, or
//!   where the next line begins with `> `. It must exit 0, or N where it ends in `# exits N`.
//! - The lines up to the next `$ ` are its stdout; what it says on stderr is shown only if it fails.
//!   `…` inside a line stands for any text in that line; a line that is only `…` stands for any number
//!   of lines. A command that is followed by no such lines may answer anything.
//! - Blank lines at the beginning and end of what is expected, and of the answer, do not count.
//!
//! Each section (`## …`) begins on an empty machine, and its blocks are run in order. There is no
//! terminal and no browser. `naive` is on the `PATH`, and so is a `cargo` that knows one thing:
//! `cargo run … -- WORDS` is `naive WORDS`; whatever else it is asked (build, test) it takes for done.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::{Naive, Run, ended};

/// A command of a block, and what it is to do.
#[derive(Debug, PartialEq, Eq)]
struct Example {
    line: usize,
    command: String,
    status: i32,
    expected: Vec<String>,
}

/// Returns the examples of each section that has some, with the section's title.
fn sections(text: &str) -> Vec<(String, Vec<Example>)> {
    let mut sections = vec![(String::new(), Vec::new())];
    let mut lines = text.lines().enumerate();
    while let Some((_, line)) = lines.next() {
        if let Some(title) = line.strip_prefix("## ") {
            sections.push((title.to_owned(), Vec::new()));
        }
        let Some(language) = line.trim_start().strip_prefix("```") else { continue };
        let block: Vec<_> =
            lines.by_ref().take_while(|(_, line)| line.trim_start() != "```").collect();
        if matches!(language.trim(), "console" | "sh")
            && let Some((_, examples)) = sections.last_mut()
        {
            examples.extend(block_examples(&block));
        }
    }
    sections.retain(|(_, examples)| !examples.is_empty());
    sections
}

fn block_examples(block: &[(usize, &str)]) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    for (number, line) in block {
        if let Some(command) = line.strip_prefix("$ ") {
            examples.push(Example {
                line: number + 1,
                command: command.to_owned(),
                status: 0,
                expected: Vec::new(),
            });
            continue;
        }
        let Some(example) = examples.last_mut() else { continue };
        let fresh = example.expected.is_empty();
        if fresh && example.command.ends_with('\\') {
            example.command.extend(["\n", line.strip_prefix("> ").unwrap_or(line)]);
        } else if let Some(more) = line.strip_prefix("> ").filter(|_| fresh) {
            example.command.extend(["\n", more]);
        } else {
            example.expected.push((*line).to_owned());
        }
    }
    for example in &mut examples {
        if let Some((_, status)) = example.command.rsplit_once("# exits ") {
            example.status = status.trim().parse().unwrap();
        }
    }
    examples
}

/// Tells whether what was said is what is expected, with its wildcards.
fn says(expected: &[&str], said: &[&str]) -> bool {
    match (expected.split_first(), said.split_first()) {
        (None, None) => true,
        (Some((first, rest)), _) if first.trim() == "…" => {
            says(rest, said) || said.split_first().is_some_and(|(_, said)| says(expected, said))
        }
        (Some((first, rest)), Some((line, said))) => fits(first, line) && says(rest, said),
        (None, Some(_)) | (Some(_), None) => false,
    }
}

/// Tells whether a line is the expected one, `…` standing for any text.
fn fits(expected: &str, line: &str) -> bool {
    let (expected, line) = (expected.trim_end(), line.trim_end());
    let Some((head, rest)) = expected.split_once('…') else { return expected == line };
    line.strip_prefix(head).is_some_and(|line| {
        let mut starts = line.char_indices().map(|(at, _)| at).chain([line.len()]);
        starts.any(|at| fits(rest, &line[at..]))
    })
}

fn trimmed<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let lines: Vec<_> = lines.collect();
    let blank = |line: &&&str| line.trim().is_empty();
    let before = lines.iter().take_while(blank).count();
    let after = lines[before..].iter().rev().take_while(blank).count();
    lines[before..lines.len() - after].to_vec()
}

/// Puts `naive` and a `cargo` that only runs it into a directory of their own.
fn tools(dir: &Path) {
    fs::create_dir(dir).unwrap();
    symlink(env!("CARGO_BIN_EXE_naive"), dir.join("naive")).unwrap();
    let cargo = dir.join("cargo");
    let script = "#!/bin/sh\n[ \"$1\" = run ] || exit 0\n\
        while [ \"$1\" != -- ]; do shift || exit 0; done\nshift\nexec naive \"$@\"\n";
    fs::write(&cargo, script).unwrap();
    fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Runs an example where `naive` is.
fn run(naive: &Naive, example: &Example) -> Run {
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", naive.home().join("bin").display());
    let template = naive.command([""; 0]);
    let mut command = Command::new("/bin/sh");
    command
        .arg("-c")
        .arg(&example.command)
        .env_clear()
        .envs(template.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .env("PATH", path)
        .current_dir(naive.home())
        .stdin(Stdio::null());
    ended(command.output().unwrap())
}

#[test]
fn the_commands_of_the_readme_do_what_it_shows() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("README.md: {error}"));

    let sections = sections(&text);

    assert!(!sections.is_empty(), "the README has no example that could be run");
    for (title, examples) in sections {
        let naive = Naive::new();
        tools(&naive.home().join("bin"));
        for example in examples {
            let run = run(&naive, &example);
            let place = format!("README.md:{} ({title})\n$ {}", example.line, example.command);
            assert_eq!(run.status, example.status, "{place}\n{}{}", run.out, run.err);
            let expected = trimmed(example.expected.iter().map(String::as_str));
            let fits = expected.is_empty() || says(&expected, &trimmed(run.out.lines()));
            assert!(fits, "{place}\n{}\nexpected:\n{}", run.out, expected.join("\n"));
        }
    }
}

#[test]
fn the_blocks_of_a_readme_are_read_as_its_rules_say() {
    let text = "# naive\n```sh\ncargo test\n```\n## Begin\n```console\n$ naive a \\\n    b\none …\n\n$ naive c # exits 4\n```\n\
        ## Then\n```toml\n$ no\n```\n```sh\n$ cat <<E\n> x\n> E\n```\n";

    let found = sections(text);

    let example = |line, command: &str, status, expected: &[&str]| Example {
        line,
        command: command.to_owned(),
        status,
        expected: expected.iter().map(|line| (*line).to_owned()).collect(),
    };
    let begin = vec![
        example(7, "naive a \\\n    b", 0, &["one …", ""]),
        example(11, "naive c # exits 4", 4, &[]),
    ];
    let then = vec![example(18, "cat <<E\nx\nE", 0, &[])];
    assert_eq!(found, [("Begin".to_owned(), begin), ("Then".to_owned(), then)]);
}

#[test]
fn wildcards_stand_for_text_in_a_line_and_for_lines() {
    let said = ["id  ca_12  ACTIVE", "two", "three"];

    assert!(says(&["id  … ACTIVE", "…"], &said));
    assert!(says(&["…", "three"], &said));
    assert!(says(&["…", "two", "…", "three"], &said));
    assert!(says(&["i…a_…", "two", "thr…"], &said));
    assert!(!says(&["id  … EXPIRED", "…"], &said));
    assert!(!says(&["…", "two"], &said));
    assert!(!says(&["two", "three"], &said));
}
