//! Servers that are programs: this test itself, started again as one of the ignored tests below.

use std::collections::BTreeMap;
use std::io::{BufRead as _, Write as _};

use super::*;

/// Starts one of the tests below as a server.
fn program(test: &str) -> Local {
    let me = std::env::current_exe().unwrap().to_str().unwrap().to_owned();
    let name = format!("provider::mcp::tests::program::{test}");
    let flags = ["--exact", &name, "--ignored", "--nocapture", "--test-threads=1"];
    let argv = std::iter::once(me).chain(flags.map(str::to_owned)).collect();
    Local { argv, environment: BTreeMap::new() }
}

async fn started(local: Local, times: Times) -> Result<Session, Trouble> {
    open_within(&Arc::new(Http::new(false)), &Place::Command(local), None, times).await
}

async fn running(local: Local, times: Times) -> Session {
    started(local, times).await.unwrap_or_else(|trouble| panic!("{}", shown(&trouble)))
}

/// Writes a line as the program, where the test's own lines go too.
fn write(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}

/// Answers what is read, as long as there is any.
fn answer(called: impl Fn(&Value) -> Value) {
    // The line that the test itself has begun.
    write("");
    for line in std::io::stdin().lock().lines() {
        let message: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let about = json!({"name": "program", "version": "1"});
        let result = match message["method"].as_str() {
            _ if message["id"].is_null() => continue,
            Some("initialize") => {
                json!({"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": about})
            }
            Some("tools/list") => json!({"tools": [tool("echo")]}),
            Some("tools/call") => called(&message),
            _ => {
                let error = json!({"code": -32601, "message": "not known"});
                write(&json!({"jsonrpc": "2.0", "id": message["id"], "error": error}).to_string());
                continue;
            }
        };
        write(&json!({"jsonrpc": "2.0", "id": message["id"], "result": result}).to_string());
    }
}

fn text(text: &str) -> Value {
    json!({"content": [{"type": "text", "text": text}]})
}

#[test]
#[ignore = "it is a server, started by the tests of this file"]
#[expect(clippy::disallowed_methods, reason = "what it has is what is tested")]
fn tells_its_environment() {
    answer(|_| {
        let all = std::env::vars().map(|(name, value)| format!("{name}={value}"));
        text(&all.collect::<Vec<_>>().join("\n"))
    });
}

#[test]
#[ignore = "it is a server, started by the tests of this file"]
fn prints_junk() {
    write("hello, I am starting\u{1b}[2J");
    write("{\"half\": ");
    write(&"x".repeat(100_000));
    answer(|_| text("after all"));
}

#[test]
#[ignore = "it is a server, started by the tests of this file"]
fn exits_at_once() {
    let mut err = std::io::stderr().lock();
    writeln!(err, "first line\nthe key CANARY-key-12345 is wrong\u{1b}[31m").unwrap();
}

#[test]
#[ignore = "it is a server, started by the tests of this file"]
fn ends_in_the_call() {
    answer(|_| std::panic::resume_unwind(Box::new("gone")));
}

#[test]
#[ignore = "it is a server, started by the tests of this file"]
fn ignores_the_end() {
    answer(|_| text(&std::process::id().to_string()));
    loop {
        std::thread::park();
    }
}

#[tokio::test]
async fn a_program_is_listed_and_called() {
    let session = running(program("prints_junk"), PATIENT).await;

    let tools = session.tools().await.unwrap_or_else(|trouble| panic!("{}", shown(&trouble)));
    let (status, answer) = answer_of(&session, "echo").await;
    session.close().await;

    assert_eq!(tools.len(), 1);
    assert_eq!((status, &answer["content"][0]["text"]), (200, &json!("after all")));
}

#[tokio::test]
async fn a_program_that_ends_at_once_is_told_with_its_last_words() {
    let mut local = program("exits_at_once");
    local.environment.insert("KEY".to_owned(), "CANARY-key-12345".into());

    let Err(Trouble::Failed(failure)) = started(local, PATIENT).await else { panic!("it runs") };

    assert_eq!(failure.fate, Fate::NotSent);
    let text = failure.error.message;
    assert!(text.contains("the key ******** is wrong\\u{1b}[31m"), "{text}");
}

#[tokio::test]
async fn a_program_that_ends_in_the_call_leaves_it_in_doubt() {
    let session = running(program("ends_in_the_call"), PATIENT).await;

    let failure = failure_of(&session, "echo").await;
    let after = failure_of(&session, "echo").await;

    assert_eq!(failure.fate, Fate::Unknown);
    assert_eq!(after.fate, Fate::NotSent);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_program_that_ignores_the_end_is_ended() {
    let session = running(program("ignores_the_end"), PATIENT).await;
    let (_, answer) = answer_of(&session, "echo").await;
    let id = answer["content"][0]["text"].as_str().unwrap().to_owned();

    session.close().await;

    let state = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    assert!(state.is_empty() || state.contains(") Z "), "{state}");
}

#[tokio::test]
async fn a_program_that_there_is_not_is_named() {
    let local = Local {
        argv: vec!["/nowhere/mcp-\u{202e}server".to_owned()],
        environment: BTreeMap::new(),
    };

    let Err(Trouble::Failed(failure)) = started(local, PATIENT).await else { panic!("it runs") };

    assert_eq!((failure.fate, failure.error.code), (Fate::NotSent, Code::InvalidInput));
    assert_eq!(failure.error.message, "`mcp-\\u{202e}server` cannot be run: entity not found");
}

#[tokio::test]
async fn a_program_gets_no_environment_but_what_it_is_given() {
    let mut local = program("tells_its_environment");
    local.environment.insert("GIVEN".to_owned(), "CANARY-given-1".into());
    let session = running(local, PATIENT).await;

    let (_, answer) = answer_of(&session, "echo").await;

    let text = answer["content"][0]["text"].as_str().unwrap();
    let names: Vec<_> = text.lines().filter_map(|line| line.split('=').next()).collect();
    let given = crate::settings::inherited().map(|(name, _)| name).chain(["GIVEN"]);
    let mut given: Vec<_> = given.collect();
    given.sort_unstable();
    let mut had = names.clone();
    had.sort_unstable();
    assert_eq!(had, given);
    assert!(text.contains("GIVEN=********"), "{text}");
}
