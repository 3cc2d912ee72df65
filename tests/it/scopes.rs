//! Least privilege: what a login asks for, and what a call does without.

use serde_json::{Value, json};

use crate::app::{App, OAUTH};
use crate::browser::parameter;
use crate::support::Naive;

/// Tools that each want a scope.
const TOOLS: &str = r#"
[[tools]]
slug = "ACME_LOOK"
name = "Look"
description = "Look"
request = "GET /things"
effect = "read"
scopes = ["look", "all"]

[[tools]]
slug = "ACME_CHANGE"
name = "Change"
description = "Change"
request = "POST /things"
effect = "write"
scopes = ["change", "all"]
"#;

fn acme() -> App {
    let auth = OAUTH.replace("scopes = [", "login_scopes = [\"me\"]\nscopes = [");
    App::on(Naive::new(), &format!("{auth}{TOOLS}"), |_| None)
}

/// Begins a login and returns the scopes its link asks for, and the link.
fn asked(app: &App, more: &str) -> (String, String) {
    let run = app.naive.run(&format!("connections connect acme --no-wait {more}")).exits(0).json();
    let link = run["result"]["redirectUrl"].as_str().unwrap().to_owned();
    (parameter(&link, "scope").unwrap().replace('+', " "), link)
}

fn log_in(app: &App, more: &str) {
    let (_, link) = asked(app, more);
    drop(app.naive.with("connections finish", &[&app.callback(&link)]).exits(0));
}

#[test]
fn a_login_asks_for_the_least_that_the_wanted_tools_need() {
    let table = [
        ("", "me all"),
        ("--tools ACME_LOOK", "me look"),
        ("--tools ACME_LOOK,ACME_CHANGE", "me look change"),
        ("--tools ACME_READ", "me"),
        ("--scopes x,y", "x y"),
    ];
    for (flags, scopes) in table {
        assert_eq!(asked(&acme(), flags).0, scopes, "{flags}");
    }
}

#[test]
fn a_call_that_lacks_a_scope_says_which_and_the_hint_adds_it() {
    let app = acme();
    log_in(&app, "--tools ACME_LOOK");

    let run = app.execute("ACME_CHANGE").exits(1).json();

    let error = &run["error"];
    assert_eq!(error["message"], "`ACME_CHANGE` needs the scope `change` or `all`");
    assert_eq!((&error["code"], &error["reason"]), (&json!("forbidden"), &json!("scope_missing")));
    let command = "connections connect acme --tools ACME_CHANGE";
    assert_eq!(
        error["hint"],
        format!("run `naive {command}` to add it; the scopes there are stay")
    );
    assert!(app.calls("POST", "/things").is_empty());

    let (scopes, link) = asked(&app, "--tools ACME_CHANGE");
    assert_eq!(scopes, "me look change");
    let before = app.naive.run("connections connected").exits(0).json();
    assert_eq!(before["result"]["connections"][0]["status"], "ACTIVE", "it works meanwhile");
    drop(app.naive.with("connections finish", &[&app.callback(&link)]).exits(0));
    drop(app.execute("ACME_CHANGE").exits(0));
    drop(app.execute("ACME_LOOK").exits(0));
}

#[test]
fn a_login_that_covers_the_wanted_tools_is_left_alone() {
    let app = acme();
    log_in(&app, "--tools ACME_LOOK");

    let run = app.naive.run("connections connect acme --no-wait --tools ACME_LOOK").exits(0).json();

    assert_eq!(run["result"]["status"], "ACTIVE");
    assert_eq!(run["result"]["redirectUrl"], Value::Null);
}

#[test]
fn an_unknown_tool_is_refused_before_anything_begins() {
    let app = acme();

    let run = app.naive.run("connections connect acme --no-wait --tools ACME_LOK").exits(1).json();
    let both = app.naive.run("connections connect acme --tools ACME_LOOK --scopes x").exits(2);

    let hint = run["error"]["hint"].as_str().unwrap();
    assert!(hint.starts_with("did you mean `ACME_LOOK`"), "{hint}");
    assert_eq!(both.json()["error"]["code"], "invalid_input");
    let rows = app.naive.run("connections list --search acme").exits(0).json();
    assert_eq!(rows["result"]["toolkits"][0]["connection"], Value::Null);
}

#[test]
fn a_scope_that_only_the_app_names_is_in_the_hint() {
    let challenge = "HTTP/1.1 403 X\r\nwww-authenticate: Bearer error=\"insufficient_scope\", scope=\"admin\"\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}";
    let app = App::on(Naive::new(), OAUTH, move |request| {
        (request.path == "/things").then(|| (403, challenge.to_owned()))
    });
    log_in(&app, "");

    let run = app.execute("ACME_READ").exits(1).json();

    let command = "naive connections connect acme --reconnect --scopes all,admin";
    assert_eq!(run["error"]["hint"], format!("run `{command}` to add what the app wants"));
}

#[test]
fn an_app_that_misses_a_scope_is_understood_in_its_own_words() {
    let challenge = "HTTP/1.1 403 X\r\nwww-authenticate: Bearer error=\"insufficient_scope\"\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}";
    let google = json!({"error": {"message": "no", "details": [{"reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT"}]}});
    for (status, body) in [(403, challenge.to_owned()), (403, google.to_string())] {
        let app = App::on(Naive::new(), OAUTH, move |request| {
            (request.path == "/things").then(|| (status, body.clone()))
        });
        log_in(&app, "");

        let run = app.execute("ACME_READ").exits(1).json();

        assert_eq!(run["error"]["code"], "forbidden");
        assert_eq!(run["error"]["reason"], "scope_missing");
        let rows = app.naive.run("connections connected").exits(0).json();
        assert_eq!(rows["result"]["connections"][0]["status"], "ACTIVE");
    }
}

#[test]
fn a_login_that_is_mended_asks_for_the_scopes_it_had() {
    let table = [
        ("", "me look"),
        ("--tools ACME_CHANGE", "me look change"),
        ("--scopes x", "x"),
        ("--label other", "me all"),
    ];
    for (flags, scopes) in table {
        let auth = OAUTH.replace("scopes = [", "login_scopes = [\"me\"]\nscopes = [");
        let app = App::on(Naive::new(), &format!("{auth}{TOOLS}"), |request| {
            let refused = request.body.contains("grant_type=refresh_token");
            let answer = |status| (status, json!({"error": "invalid_grant"}).to_string());
            match request.path.as_str() {
                "/things" => Some(answer(401)),
                "/token" if refused => Some(answer(400)),
                _ => None,
            }
        });
        log_in(&app, "--tools ACME_LOOK");
        assert_eq!(asked(&app, "--reconnect").0, "me look");

        let run = app.execute("ACME_READ").exits(4).json();

        let hint = "run `naive connections connect acme` to log in again";
        assert_eq!(run["error"]["hint"], hint);
        assert_eq!(asked(&app, flags).0, scopes, "{flags}");
    }
}
