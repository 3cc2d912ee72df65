//! The rules about who may use what, held to the source itself (CONVENTIONS, rules 2, 5, 7, 10, 17).
//!
//! The source is read as text: comments and `#[cfg(test)]` modules are left out, and every `crate::…`
//! and `super::…` path is followed to the module of the crate's root that it enters.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What each module at the root may use: all that stands below it. Never a neighbour, and never up.
///
/// `api` is the floor: `settings` takes its words from it. `main` puts things together and may use all.
const BELOW: &[(&str, &[&str])] = &[
    ("simulate", &["cli", "sandbox", "store", "settings", "api"]),
    (
        "cli",
        &[
            "server", "callback", "mcp", "backend", "engine", "remote", "provider", "broker",
            "oauth", "sealing", "store", "vault", "catalog", "http", "settings", "api",
        ],
    ),
    (
        "server",
        &[
            "callback", "mcp", "backend", "engine", "provider", "broker", "oauth", "sealing",
            "store", "vault", "catalog", "http", "settings", "api",
        ],
    ),
    ("mcp", &["engine", "store", "vault", "catalog", "http", "settings", "api"]),
    (
        "backend",
        &[
            "engine", "remote", "provider", "broker", "oauth", "sealing", "store", "vault",
            "catalog", "http", "settings", "api",
        ],
    ),
    (
        "engine",
        &[
            "callback", "provider", "broker", "oauth", "sealing", "store", "vault", "catalog",
            "http", "settings", "api",
        ],
    ),
    ("remote", &["sealing", "store", "vault", "catalog", "http", "settings", "api"]),
    ("provider", &["oauth", "store", "vault", "catalog", "http", "settings", "api"]),
    ("broker", &["oauth", "store", "vault", "catalog", "http", "settings", "api"]),
    ("oauth", &["store", "vault", "catalog", "http", "settings", "api"]),
    ("sealing", &["store", "vault", "settings", "api"]),
    ("store", &["settings", "api"]),
    ("vault", &["settings", "api"]),
    ("catalog", &["settings", "api"]),
    ("http", &["settings", "api"]),
    ("settings", &["api"]),
    ("callback", &["api"]),
    ("api", &[]),
    ("sandbox", &["broker", "catalog", "api"]),
];

/// Longest a source file may be, in lines.
const LONGEST: usize = 400;

/// A source file without its comments and tests.
struct Source {
    /// Path below `src`, with slashes
    path: String,
    /// Modules from the root to this file: `["cli", "users"]`
    module: Vec<String>,
    /// The text that is compiled into the program
    code: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    files(&root, &mut found);
    found.sort();
    let read = |path: &PathBuf| {
        let text = fs::read_to_string(path).unwrap();
        let path = path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
        let mut module: Vec<_> =
            path.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
        if matches!(module.last().map(String::as_str), Some("mod" | "main")) {
            module.pop();
        }
        Source { code: compiled(&text), path, module }
    };
    found.iter().map(read).collect()
}

/// Finds the source files below a directory, those of tests left out.
fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    every_file(dir, found);
    let is_test = |path: &Path| path.components().any(|part| part.as_os_str() == "tests");
    found.retain(|path| path.strip_prefix(dir).is_ok_and(|path| !is_test(path)));
}

fn every_file(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            every_file(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// Returns the code without comments and without `#[cfg(test)]` modules.
fn compiled(text: &str) -> String {
    let mut code = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line == "#[cfg(test)]" {
            let opens = lines.next().is_some_and(|line| line.ends_with('{'));
            if opens {
                lines.by_ref().find(|line| *line == "}");
            }
            continue;
        }
        let comment = line.match_indices("//").find(|(at, _)| !line[..*at].ends_with(':'));
        code.push_str(&line[..comment.map_or(line.len(), |(at, _)| at)]);
        code.push('\n');
    }
    code
}

/// Returns the modules of the root that a file's paths enter.
fn entered(source: &Source) -> BTreeSet<String> {
    let mut entered = BTreeSet::new();
    for (start, up) in [("crate::", false), ("super::", true)] {
        for (at, _) in source.code.match_indices(start) {
            let before = source.code[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | ':' | '$')) {
                continue;
            }
            let mut rest = &source.code[at..];
            let mut depth = if up { source.module.len() } else { 0 };
            rest = rest.strip_prefix("crate::").unwrap_or(rest);
            while let Some(parent) = rest.strip_prefix("super::") {
                rest = parent;
                depth = depth.saturating_sub(1);
            }
            if depth == 0 {
                entered.extend(heads(rest));
            }
        }
    }
    entered
}

/// Returns the first names of a path or of a group of paths: `{a::b, c}` begins with `a` and `c`.
fn heads(path: &str) -> Vec<String> {
    let name = |path: &str| {
        let end = path.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(path.len());
        path[..end].to_owned()
    };
    let Some(group) = path.strip_prefix('{') else { return vec![name(path)] };
    let (mut depth, mut heads, mut fresh) = (0, Vec::new(), true);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => fresh = true,
            c if fresh && !c.is_whitespace() => {
                heads.push(name(&group[at..]));
                fresh = false;
            }
            _ => {}
        }
    }
    heads
}

/// Returns `path:line` of each line of code that holds one of `words`.
fn lines_with(words: &[&str], wanted: impl Fn(&Source) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources().iter().filter(|source| wanted(source)) {
        let text = source.code.lines().map(str::trim);
        let hits = text.filter(|line| words.iter().any(|word| line.contains(word)));
        found.extend(hits.map(|line| format!("{}: {line}", source.path)));
    }
    found
}

fn is_in(source: &Source, modules: &[&str]) -> bool {
    source.module.first().is_some_and(|top| modules.contains(&top.as_str()))
}

#[test]
fn imports_point_down() {
    let sources = sources();
    let rooms: BTreeSet<_> =
        sources.iter().filter_map(|source| source.module.first().cloned()).collect();

    let mut wrong = Vec::new();
    for source in sources.iter().filter(|source| !source.module.is_empty()) {
        let own = &source.module[0];
        let below = BELOW.iter().find(|(name, _)| name == own).map(|(_, below)| *below);
        let below = below.unwrap_or_else(|| panic!("say in BELOW what `{own}` may use"));
        for used in entered(source).intersection(&rooms).filter(|used| *used != own) {
            if !below.contains(&used.as_str()) {
                wrong.push(format!("{} uses `{used}`", source.path));
            }
        }
    }

    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn paths_are_followed_to_the_room_they_enter() {
    let source = |module: &[&str], code: &str| Source {
        path: String::new(),
        module: module.iter().map(|name| (*name).to_owned()).collect(),
        code: compiled(code),
    };

    let grouped = entered(&source(&["cli"], "use crate::{api::{error, ids}, store::Store};"));
    let upward =
        entered(&source(&["cli", "users"], "use super::vault; super::super::http::get();"));
    let tested = "//! crate::a\n#[cfg(test)]\nmod tests {\n    use crate::b;\n}\ncrate::c();\n";

    assert_eq!(grouped.into_iter().collect::<Vec<_>>(), ["api", "store"]);
    assert_eq!(upward.into_iter().collect::<Vec<_>>(), ["http"]);
    assert_eq!(entered(&source(&["cli"], tested)).into_iter().collect::<Vec<_>>(), ["c"]);
}

#[test]
fn only_the_output_writes_to_the_terminal() {
    let writers = ["print!(", "println!(", "stdout()", "stderr()", "Term::", "/dev/tty"];

    // The inbox draws on the whole screen, which is no text that goes out in lines.
    let drawn = "cli/approvals/inbox/screen.rs";
    let found =
        lines_with(&writers, |source| source.path != "cli/output.rs" && source.path != drawn);

    let asks = |line: &String| line.starts_with("settings.rs: ") && line.contains(".is_terminal()");
    let wrong: Vec<_> = found.into_iter().filter(|line| !asks(line)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn secrets_are_exposed_only_where_they_are_sealed_or_sent() {
    let found = lines_with(&["expose_secret", "ExposeSecret"], |source| {
        !is_in(source, &["vault", "http", "oauth"])
    });

    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn all_sql_lives_in_the_store() {
    let sql = [
        "rusqlite",
        "SELECT ",
        "INSERT INTO ",
        "INSERT OR ",
        "UPDATE ",
        "DELETE FROM ",
        "CREATE TABLE ",
        "PRAGMA ",
    ];

    let found = lines_with(&sql, |source| !is_in(source, &["store", "sandbox"]));

    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn no_file_is_longer_than_400_lines() {
    let mut files = Vec::new();
    for part in ["src", "tests", "benches"] {
        every_file(&Path::new(env!("CARGO_MANIFEST_DIR")).join(part), &mut files);
    }

    let long: Vec<_> = files
        .iter()
        .map(|path| (path, fs::read_to_string(path).unwrap().lines().count()))
        .filter(|(_, lines)| *lines > LONGEST)
        .collect();

    assert!(files.iter().any(|path| path.ends_with("it/layering.rs")));

    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn only_one_place_posts_an_order() {
    let made = lines_with(&["broker::place("], |_| true);
    let written = lines_with(&["\"/v2/orders\""], |source| !is_in(source, &["sandbox"]));

    assert!(
        matches!(made.as_slice(), [one] if one.starts_with("engine/trading/submit.rs: ")),
        "{made:#?}"
    );
    let posts: Vec<_> = written.iter().filter(|line| line.contains("POST")).collect();
    assert!(
        matches!(posts.as_slice(), [one] if one.starts_with("broker/request.rs: ")),
        "{posts:#?}"
    );
}
