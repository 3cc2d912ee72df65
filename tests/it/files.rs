//! Files that a call reads and writes: what stands at a path is neither destroyed nor waited for.

use serde_json::{Value, json};

use crate::app::{App, OPEN};

fn save(app: &App, path: &str) -> crate::support::Run {
    app.execute(&format!("ACME_READ --output-file {path}"))
}

#[cfg(target_os = "linux")]
#[test]
fn what_is_no_regular_file_or_may_only_be_read_is_not_replaced_by_an_answer() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let app = App::new(OPEN, |_| None);
    let home = app.naive.home();
    let mkfifo = std::process::Command::new("mkfifo").arg(home.join("pipe")).status();
    assert!(mkfifo.unwrap().success());
    symlink("/dev/full", home.join("full")).unwrap();
    symlink("ring", home.join("ring")).unwrap();
    std::fs::write(home.join("kept"), "mine").unwrap();
    let kept = std::fs::Permissions::from_mode(0o400);
    std::fs::set_permissions(home.join("kept"), kept).unwrap();

    for path in ["pipe", "full", "ring", "kept", "-", "/dev/null", "gone/out.json", "/dev/full/x"] {
        let run = save(&app, path).exits(2).json();
        assert_eq!(run["error"]["code"], "invalid_input", "{path}");
        assert!(!run.to_string().contains(".tmp"), "{run}");
    }

    assert!(app.upstream.received().is_empty());
    assert_eq!(std::fs::read(home.join("kept")).unwrap(), b"mine");
    assert!(std::fs::symlink_metadata(home.join("full")).unwrap().is_symlink());
}

#[cfg(unix)]
#[test]
fn an_answer_goes_where_a_link_leads() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let app = App::new(OPEN, |_| None);
    let home = app.naive.home();
    std::fs::create_dir(home.join("far")).unwrap();
    std::fs::write(home.join("far/there"), "old").unwrap();
    let mode = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(home.join("far/there"), mode).unwrap();
    symlink("far/there", home.join("link")).unwrap();
    symlink("far/new", home.join("dangling")).unwrap();

    let saved = save(&app, "link").exits(0).json();
    drop(save(&app, "dangling").exits(0));

    assert_eq!(saved["result"]["file"]["path"], "link");
    for (link, place) in [("link", "far/there"), ("dangling", "far/new")] {
        assert!(std::fs::symlink_metadata(home.join(link)).unwrap().is_symlink(), "{link}");
        let there: Value =
            serde_json::from_slice(&std::fs::read(home.join(place)).unwrap()).unwrap();
        assert_eq!(there, json!({ "done": true }));
    }
    let mode = std::fs::metadata(home.join("far/there")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o644);
}

#[test]
fn a_file_that_was_asked_for_and_could_not_be_written_is_a_failure() {
    let home = std::sync::Arc::new(std::sync::OnceLock::<std::path::PathBuf>::new());
    let place = std::sync::Arc::clone(&home);
    let app = App::new(OPEN, move |_| {
        // While the call is under way, something else takes the name.
        std::fs::create_dir_all(place.get()?.join("out.json")).unwrap();
        None
    });
    home.set(app.naive.home().to_owned()).unwrap();

    let run = save(&app, "out.json").exits(1).json();
    let shown = save(&app, "out.json --output table").exits(2);

    assert_eq!(run["success"], false);
    assert_eq!(run["error"]["reason"], "not_saved");
    let message = run["error"]["message"].as_str().unwrap();
    assert!(
        message.starts_with("`ACME_READ` has run, but `out.json` cannot be written"),
        "{message}"
    );
    assert_eq!(run["result"]["data"], json!({ "done": true }));
    assert_eq!(run["result"]["successful"], true);
    assert!(shown.err.contains("is no regular file"), "{}", shown.err);
}

#[cfg(unix)]
#[test]
fn a_file_without_an_end_is_not_read_to_its_end() {
    const UPLOAD: &str = r#"
[[tools]]
slug = "ACME_UPLOAD"
name = "Upload"
description = "Upload a file"
request = "POST /files"
effect = "write"
body = "multipart"
[tools.input]
type = "object"
required = ["file"]
[tools.input.properties.file]
type = "object"
format = "file"
properties = { data = { type = "string", contentEncoding = "base64", maxLength = 8 }, filename = { type = "string", maxLength = 3 } }
"#;
    let app = App::new(&format!("{OPEN}{UPLOAD}"), |_| None);
    std::fs::write(app.naive.home().join("large"), vec![b'x'; 1 << 20]).unwrap();
    let file = |path: &str| {
        let args = json!({ "file": path }).to_string();
        let run = app.naive.with("connections execute acme ACME_UPLOAD --args", &[&args]);
        assert!(run.out.len() < 2000, "{}", run.out.len());
        run
    };

    let endless = file("@/dev/zero").exits(2).json();
    let text = app.execute("ACME_UPLOAD --args @/dev/zero").exits(2).json();
    let large = file("@large").exits(1).json();

    assert_eq!(endless["error"]["message"], "`/dev/zero` is no regular file");
    let message = "`/dev/zero` cannot be read: it is larger than 50 MiB";
    assert_eq!(text["error"]["message"], message);
    let told = "the file has 1048576 bytes, and the app takes at most 6";
    assert!(
        large["error"]["details"]
            .as_array()
            .unwrap()
            .contains(&json!({ "pointer": "/file/data", "message": told }))
    );
    assert!(app.upstream.received().is_empty());
    let tools = app.naive.run("connections tools acme ACME_UPLOAD").exits(0).json();
    let command = "naive connections execute acme ACME_UPLOAD --args '{\"file\":\"@path\"}'";
    assert_eq!(tools["next_steps"][0]["command"], command);
}
