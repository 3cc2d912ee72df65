//! Completion scripts and man pages: the checked-in ones are those the program writes, and the scripts
//! get answers that know this workspace.
//!
//! `BLESS=1 cargo test generated` rewrites them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::support::Naive;

/// The directories that are generated.
const GENERATED: [&str; 2] = ["completions", "man"];

/// Returns every file in a directory, by its name.
fn files(dir: &Path) -> BTreeMap<String, String> {
    let Ok(entries) = fs::read_dir(dir) else { return BTreeMap::new() };
    let read = |entry: fs::DirEntry| {
        let name = entry.file_name().into_string().unwrap();
        (name, fs::read_to_string(entry.path()).unwrap().replace("\r\n", "\n"))
    };
    entries.map(Result::unwrap).map(read).collect()
}

/// Asks for completions as the bash script does, with the last word being typed.
fn completed(naive: &Naive, words: &[&str]) -> Vec<String> {
    let index = words.len().to_string();
    let mut command = naive.command(["--", "naive"]);
    command.args(words).envs([
        ("COMPLETE", "bash"),
        ("_CLAP_IFS", "\n"),
        ("_CLAP_COMPLETE_INDEX", index.as_str()),
        ("_CLAP_COMPLETE_COMP_TYPE", "9"),
        ("_CLAP_COMPLETE_SPACE", "false"),
    ]);
    let run = crate::support::ended(command.output().unwrap()).exits(0);
    assert_eq!(run.err, "");
    run.out.lines().map(str::to_owned).collect()
}

#[test]
#[expect(clippy::disallowed_methods, reason = "`BLESS` is asked of whoever runs the tests")]
fn the_completions_and_man_pages_are_the_ones_the_program_writes() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let naive = Naive::new();

    let run = naive.run("completions bash --all made").exits(0);

    assert_eq!((run.out.as_str(), run.err.as_str()), ("", ""));
    for part in GENERATED {
        let (kept, made) = (repository.join(part), files(&naive.home().join("made").join(part)));
        if std::env::var_os("BLESS").is_some() {
            // Where there is nothing yet, there is nothing to remove.
            drop(fs::remove_dir_all(&kept));
            fs::create_dir_all(&kept).unwrap();
            for (name, text) in &made {
                fs::write(kept.join(name), text).unwrap();
            }
        }
        let (kept, names) = (files(&kept), |files: &BTreeMap<String, String>| {
            files.keys().cloned().collect::<Vec<_>>()
        });
        assert_eq!(names(&kept), names(&made), "run `BLESS=1 cargo test generated`");
        for (name, text) in &made {
            assert!(kept[name] == *text, "`{part}/{name}` differs: `BLESS=1 cargo test generated`");
        }
    }
}

#[test]
fn what_is_generated_does_not_depend_on_the_machine() {
    let (here, there) = (Naive::new(), Naive::new().env("NAIVE_PROFILE", "local"));
    let there = there.env("COLUMNS", "40").env("LANG", "de_DE.UTF-8").env("USER", "somebody");

    here.run("completions bash --all made").exits(0);
    there.run("completions zsh --all made").exits(0);

    for part in GENERATED {
        let made = |naive: &Naive| files(&naive.home().join("made").join(part));
        assert_eq!(made(&here), made(&there));
    }
}

#[test]
fn every_man_page_a_page_points_to_exists() {
    let naive = Naive::new();
    naive.run("completions bash --all made").exits(0);

    let pages = files(&naive.home().join("made/man"));

    let mut missing = Vec::new();
    for (page, text) in &pages {
        let plain = text.replace("\\-", "-").replace("\\fR", "").replace("\\fB", "");
        for word in plain.split(|c: char| c.is_whitespace() || c == ',') {
            let word = word.trim_start_matches('(').trim_end_matches([')', '.']);
            let Some((name, section)) = word.split_once('(') else { continue };
            let named = name.starts_with("naive") && matches!(section, "1" | "5");
            if named && !pages.contains_key(&format!("{name}.{section}")) {
                missing.push(format!("{page} points to {name}({section})"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn a_toolkit_is_completed_from_its_first_letters() {
    let naive = Naive::new();

    let found = completed(&naive, &["connections", "connect", "hack"]);

    assert_eq!(found, ["hackernews"]);
}

#[test]
fn an_added_toolkit_and_its_tools_are_completed_too() {
    let naive = Naive::new();
    let manifest = "slug = \"acme\"\nname = \"Acme\"\ndescription = \"A shop\"\n\
        base_url = \"https://acme.example.com\"\n[[tools]]\nslug = \"ACME_LIST_ITEMS\"\n\
        name = \"List\"\ndescription = \"List the items\"\nrequest = \"GET /items\"\n\
        effect = \"read\"\n";
    fs::write(naive.home().join("acme.toml"), manifest).unwrap();
    naive.run("toolkits add acme.toml").exits(0);

    let toolkits = completed(&naive, &["connections", "connect", "acm"]);
    let tools = completed(&naive, &["connections", "execute", "acme", ""]);

    assert_eq!(toolkits, ["acme"]);
    assert!(tools.contains(&"ACME_LIST_ITEMS".to_owned()), "{tools:?}");
}

#[test]
fn the_tools_of_the_named_toolkit_are_completed() {
    let naive = Naive::new();

    let found = completed(&naive, &["connections", "execute", "gmail", "G"]);

    assert!(found.contains(&"GMAIL_SEND_EMAIL".to_owned()), "{found:?}");
    assert!(found.iter().all(|tool| tool.starts_with("GMAIL_")), "{found:?}");
}

#[test]
fn a_tool_is_completed_before_anything_of_it_is_typed() {
    let naive = Naive::new();

    let found = completed(&naive, &["connections", "execute", "gmail", ""]);

    assert!(found.contains(&"GMAIL_SEND_EMAIL".to_owned()), "{found:?}");
}

#[test]
fn users_and_kits_of_this_workspace_are_completed() {
    let naive = Naive::new();
    naive.run("users create alice").exits(0);
    naive.run("users create bob").exits(0);

    let all = completed(&naive, &["connections", "connected", "--user", ""]);
    let some = completed(&naive, &["users", "get", "al"]);
    let kits = completed(&naive, &["account-kits", "get", "D"]);

    assert_eq!(all, ["default", "alice", "bob"]);
    assert_eq!(some, ["alice"]);
    assert_eq!(kits, ["Default"]);
}

#[test]
fn completing_makes_no_store() {
    let naive = Naive::new();

    let found = completed(&naive, &["connections", "connected", "--user", ""]);

    assert_eq!(found, Vec::<String>::new());
    assert_eq!(fs::read_dir(naive.home()).unwrap().count(), 0);
}

#[cfg(unix)]
#[test]
fn the_bash_script_completes_in_bash() {
    let naive = Naive::new();
    let bin = naive.home().join("bin");
    fs::create_dir(&bin).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_naive"), bin.join("naive")).unwrap();
    let lines = [
        format!("PATH='{}':$PATH", bin.display()),
        "source <(naive completions bash)".to_owned(),
        "COMP_WORDS=(naive connections execute stripe STRIPE_CREATE_P) COMP_CWORD=4 COMP_TYPE=9"
            .to_owned(),
        "_clap_complete_naive naive STRIPE_CREATE_P stripe".to_owned(),
        "printf '%s\\n' \"${COMPREPLY[@]}\"".to_owned(),
    ];
    let template = naive.command([""; 0]);
    let mut bash = std::process::Command::new("bash");
    bash.args(["--norc", "-c", &lines.join("\n")])
        .envs(template.get_envs().filter_map(|(name, value)| Some((name, value?))));

    let run = crate::support::ended(bash.output().unwrap()).exits(0);

    let mut found: Vec<_> = run.out.lines().map(str::trim_end).collect();
    found.sort_unstable();
    let expected = [
        "STRIPE_CREATE_PAYMENT_INTENT",
        "STRIPE_CREATE_PAYMENT_LINK",
        "STRIPE_CREATE_PRICE",
        "STRIPE_CREATE_PRODUCT",
    ];
    assert_eq!(found, expected, "{}", run.err);
}

#[test]
fn the_example_in_the_manifest_page_is_a_manifest() {
    let naive = Naive::new();
    naive.run("completions bash --all made").exits(0);
    let page = fs::read_to_string(naive.home().join("made/man/naive-toolkit.5")).unwrap();
    let example = page.split(".nf\n").nth(1).unwrap().split(".fi\n").next().unwrap();
    fs::write(naive.home().join("acme.toml"), example).unwrap();

    let run = naive.run("toolkits add acme.toml").exits(0);

    assert_eq!(run.json()["result"]["slug"], "acme");
}
