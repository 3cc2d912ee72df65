//! Answers that are too large to be shown: a terminal sees how they begin, a program gets them whole.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use crate::app::{App, OPEN};
use crate::support::{Naive, Received};
use crate::terminal::Terminal;

/// A tool that answers a file.
const FILE: &str = r#"
[[tools]]
slug = "ACME_FILE"
name = "File"
description = "Get a file"
request = "GET /file"
effect = "read"
download = true
"#;

fn whole() -> Value {
    let item = |id: usize| json!({ "id": id, "name": "n".repeat(100) });
    json!({ "items": (0..1000).map(item).collect::<Vec<_>>() })
}

fn large(request: &Received) -> Option<(u16, String)> {
    match request.path.as_str() {
        "/things" => Some((200, whole().to_string())),
        "/file" => Some((200, "a,b\n".repeat(20_000))),
        _ => None,
    }
}

fn acme() -> App {
    App::on(Naive::new(), &format!("{OPEN}{FILE}"), large)
}

/// Returns the answers that were saved.
fn saved(naive: &Naive) -> Vec<PathBuf> {
    let Ok(all) = fs::read_dir(folder(naive)) else { return Vec::new() };
    all.map(|entry| entry.unwrap().path()).collect()
}

fn folder(naive: &Naive) -> PathBuf {
    naive.home().join("local/answers")
}

#[test]
fn a_terminal_sees_how_a_large_answer_begins_and_where_the_whole_is() {
    let app = acme();

    let terminal = Terminal::start(&app.naive, "connections execute acme ACME_READ");
    let (status, _, text) = terminal.ends();

    assert_eq!(status.code(), Some(0), "{text}");
    assert!(text.contains("\"… 997 more\""), "{text}");
    assert!(text.contains(": `jq /"), "{text}");
    assert!(text.len() < 4000, "{}", text.len());
    let [path] = saved(&app.naive).try_into().unwrap();
    let kept: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert_eq!(kept, whole());
    let mode = |path: &PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(&folder(&app.naive))), (0o600, 0o700));
}

#[test]
fn a_program_gets_all_of_a_large_answer_unless_it_asks_for_a_look() {
    let app = acme();

    let piped = app.execute("ACME_READ").exits(0).json();
    let table = app.execute("ACME_READ --output table").exits(0);
    assert_eq!(saved(&app.naive), Vec::<PathBuf>::new());
    let spilled = app.execute("ACME_READ --spill always").exits(0).json();
    let picked = app.execute("ACME_READ --spill always --jq .result.data.items[999].id").exits(0);
    let file = app.execute("ACME_FILE --spill always").exits(0).json();

    assert_eq!(piped["result"]["data"], whole());
    assert_eq!(serde_json::from_str::<Value>(&table.out).unwrap(), whole());
    assert_eq!(picked.out, "999\n");
    let about = &spilled["result"];
    assert_eq!(
        (&about["data"], &about["file"]["mime_type"]),
        (&Value::Null, &json!("application/json"))
    );
    assert_eq!(about["file"]["preview"]["items"][3], "… 997 more");
    let path = about["file"]["path"].as_str().unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&fs::read(path).unwrap()).unwrap(), whole());
    let about = &file["result"]["file"];
    assert_eq!((&about["size"], about.get("text")), (&json!(80_000), None));
    assert!(about["preview"].as_str().unwrap().starts_with("a,b\na,b\n"));
    assert_eq!(fs::read(about["path"].as_str().unwrap()).unwrap().len(), 80_000);
}

#[test]
fn a_terminal_may_have_it_all_and_what_cannot_be_saved_is_shown() {
    let app = acme();
    let all = format!("{:#}", whole()).lines().count();
    let shown = |line: &str| {
        let (status, _, text) = Terminal::start(&app.naive, line).ends();
        assert_eq!(status.code(), Some(0), "{text}");
        text
    };

    let never = shown("connections execute acme ACME_READ --spill never");
    fs::write(folder(&app.naive), "in the way").unwrap();
    let unsaved = shown("connections execute acme ACME_READ");

    assert!(never.lines().count() >= all, "{}", never.lines().count());
    assert!(unsaved.lines().count() > all, "{}", unsaved.lines().count());
    assert!(unsaved.contains("This is the whole answer, because `"), "nothing is lost");
}

#[test]
fn answers_are_gone_after_a_day() {
    let app = acme();
    for _ in 0..2 {
        drop(app.execute("ACME_READ --spill always").exits(0));
    }
    let [old, new] = saved(&app.naive).try_into().unwrap();
    let long_ago = fs::metadata(&old).unwrap().modified().unwrap() - Duration::from_hours(25);
    fs::File::options().write(true).open(&old).unwrap().set_modified(long_ago).unwrap();

    drop(app.naive.run("whoami").exits(0));

    assert_eq!(saved(&app.naive), [new]);
}

#[test]
fn a_file_that_is_named_and_a_file_of_ours_do_not_go_together() {
    let app = acme();

    drop(app.execute("ACME_READ --spill always --output-file out.json").exits(2));
    drop(app.execute("ACME_READ --output-file out.json").exits(0));

    assert_eq!(app.calls("GET", "/things").len(), 1);
    assert_eq!(saved(&app.naive), Vec::<PathBuf>::new());
}
