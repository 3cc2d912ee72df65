//! Toolkits: found, added from a manifest, configured, switched off and removed.

use std::fs;

use serde_json::{Value, json};

use crate::support::{Naive, Run};

/// A manifest that is whole; the faulty ones are made from it. `URL` is where its app is.
pub(crate) const GOOD: &str = r#"slug = "acme"
name = "Acme"
description = "A shop"
base_url = "URL"

[auth]
type = "none"

[[tools]]
slug = "ACME_GET_ITEM"
name = "Get an item"
description = "Get an item by its id"
request = "GET /items/{id}"
effect = "read"
[tools.input]
type = "object"
required = ["id"]
properties = { id = { type = "string" } }

[[tools]]
slug = "ACME_LIST_ITEMS"
name = "List items"
description = "List all items"
request = "GET /items"
effect = "read"
"#;

/// The same with API key login, for the faults that need one.
pub(crate) const KEYED: &str = r#"slug = "acme"
name = "Acme"
description = "A shop"
base_url = "https://{shop}.example.com"

[auth]
type = "api_key"
fields = [
  { key = "api_key", label = "API key" },
  { key = "shop", label = "Shop", secret = false },
]
place = { in = "header", name = "X-Key", value = "{api_key}" }

[[tools]]
slug = "ACME_LIST_ITEMS"
name = "List items"
description = "List all items"
request = "GET /items"
effect = "read"
"#;

pub(crate) fn good() -> String {
    GOOD.replace("URL", "https://acme.example.com")
}

/// A machine whose profile is `local`.
pub(crate) fn local() -> Naive {
    Naive::new().env("NAIVE_PROFILE", "local")
}

/// Writes a manifest to a file and adds it.
pub(crate) fn add(naive: &Naive, file: &str, text: &str) -> Run {
    fs::write(naive.home().join(file), text).unwrap();
    naive.with("toolkits add", &[file])
}

pub(crate) fn slugs(run: &Run) -> Vec<String> {
    let toolkits = run.json()["result"]["toolkits"].clone();
    let slug = |toolkit: &Value| toolkit["slug"].as_str().unwrap().to_owned();
    toolkits.as_array().unwrap().iter().map(slug).collect()
}

/// Returns what `toolkits get acme` says of [`GOOD`].
pub(crate) fn detail() -> Value {
    json!({
        "slug": "acme",
        "name": "Acme",
        "description": "A shop",
        "authType": "none",
        "isNoAuth": true,
        "configured": true,
        "availability": "available",
        "origin": "added",
        "provider": "direct",
        "tools": 2,
        "baseUrl": "https://acme.example.com",
        "scopes": [],
        "credentialFields": [],
        "toolSlugs": ["ACME_GET_ITEM", "ACME_LIST_ITEMS"],
    })
}

/// Returns the slugs of the toolkits that are written by hand, in order.
pub(crate) fn shipped() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/catalog/builtin");
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut slugs: Vec<_> =
        names.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    slugs.sort();
    slugs
}

#[test]
fn toolkits_written_by_hand_or_added_are_listed_before_the_others() {
    let naive = Naive::new();
    add(&naive, "acme.toml", &good()).exits(0);

    let run = naive.run("toolkits list --limit 200").exits(0);

    let mut expected = shipped();
    expected.insert(0, "acme".to_owned());
    expected.sort();
    let all = slugs(&run);
    let (first, others) = all.split_at(expected.len());
    assert_eq!(first, expected);
    assert!(others.is_sorted() && !others.is_empty());
}

#[test]
fn outside_the_sandbox_the_list_says_what_is_still_to_do() {
    let naive = local();

    let people = naive.run("toolkits list --search mail --output table").exits(0);
    let programs = naive.run("toolkits list --search gmail").exits(0).json();

    let state = |name: &str| people.out.lines().find(|line| line.starts_with(name)).unwrap();
    assert!(state("gmail").contains("not configured"), "{people:?}");
    assert!(state("sendgrid").contains("available"), "{people:?}");
    let gmail = &programs["result"]["toolkits"][0];
    assert_eq!(gmail["configured"], false);
    assert_eq!(gmail["availability"], "not_configured");
    assert_eq!(
        gmail["availabilityReason"],
        "needs an OAuth client of your own; run `naive toolkits configure gmail --client-id ID --client-secret -`"
    );
}

#[test]
fn the_pages_together_are_the_whole_list() {
    let naive = Naive::new();
    add(&naive, "acme.toml", &good()).exits(0);
    let words = "toolkits list --search hubspot";
    let whole = slugs(&naive.run(&format!("{words} --limit 200")).exits(0));

    let mut paged = Vec::new();
    let mut more = String::new();
    loop {
        let run = naive.run(&format!("{words} --limit 3 {more}")).exits(0);
        paged.extend(slugs(&run));
        match run.json()["result"]["nextCursor"].as_str() {
            Some(cursor) => more = format!("--cursor {cursor}"),
            None => break,
        }
    }

    assert_eq!(paged, whole);
    assert!(paged.len() > 6);
}

#[test]
fn a_last_page_that_is_full_says_that_nothing_follows() {
    let naive = Naive::new();

    let words = "toolkits list --search hubspot";
    let count = slugs(&naive.run(&format!("{words} --limit 200")).exits(0)).len();

    let run = naive.run(&format!("{words} --limit {count}")).exits(0);

    assert_eq!(slugs(&run).len(), count);
    assert_eq!(run.json()["result"]["nextCursor"], Value::Null);
    assert!(!run.json().to_string().contains("--cursor"));
}

#[test]
fn a_limit_out_of_range_is_a_usage_error() {
    let naive = Naive::new();

    for limit in ["0", "201", "-1", "many"] {
        let run = naive.run(&format!("toolkits list --limit={limit}")).exits(2);

        assert_eq!(run.json()["error"]["code"], "invalid_input", "{limit}");
    }
}

#[test]
fn a_cursor_from_elsewhere_is_refused() {
    let naive = Naive::new();

    for cursor in ["??", "_____w"] {
        let run = naive.run(&format!("toolkits list --cursor {cursor}")).exits(1);

        let expected = json!({
            "code": "invalid_input",
            "message": "the cursor is not one of ours",
            "hint": "use `nextCursor` of the answer before, as it is",
        });
        assert_eq!(run.json()["error"], expected);
    }
}

#[test]
fn an_unknown_toolkit_is_not_found_and_the_nearest_is_named() {
    let naive = Naive::new();

    let lines = ["get", "remove", "enable", "disable", "configure --client-id x"];
    for line in lines {
        let run = naive.run(&format!("toolkits {line} gmial")).exits(1);

        let expected = json!({
            "code": "not_found",
            "message": "there is no toolkit `gmial`",
            "hint": "did you mean `gmail`?",
            "reason": "toolkit_unknown",
        });
        assert_eq!(run.json()["error"], expected, "{line}");
    }
}

#[test]
fn an_oauth_client_makes_a_toolkit_available() {
    let naive = local();
    let before = naive.run("connections connect gmail --no-wait").exits(4).json();

    let run = naive
        .fed(
            "toolkits configure gmail --client-id my-client --client-secret - --scopes a,b",
            "hunter2\n",
        )
        .exits(0);

    let after = &run.json()["result"];
    assert_eq!(before["error"]["code"], "not_configured");
    assert_eq!(after["availability"], "available");
    assert_eq!(after["configured"], true);
    assert_eq!(after["clientId"], "my-client");
    assert_eq!(after["scopes"], json!(["openid", "email", "a", "b"]));
    assert!(!run.out.contains("hunter2") && !run.err.contains("hunter2"));
}

#[test]
fn what_is_configured_stays_when_something_else_is() {
    let naive = local();
    naive.run("toolkits configure gmail --client-id my-client --scopes a").exits(0);

    naive.fed("toolkits configure gmail --client-secret -", "hunter2\n").exits(0);

    let got = naive.run("toolkits get gmail").exits(0).json();
    assert_eq!(got["result"]["clientId"], "my-client");
    assert_eq!(got["result"]["scopes"], json!(["openid", "email", "a"]));
    assert_eq!(naive.run("vault status").exits(0).json()["result"]["sealed"], 1);
}

#[test]
fn a_client_secret_on_the_command_line_is_refused_and_not_repeated() {
    let naive = local();

    let run = naive.run("toolkits configure gmail --client-id x --client-secret hunter2").exits(2);

    let expected = json!({
        "code": "invalid_input",
        "message": "`--client-secret` is not read from the command line",
        "hint": "write `--client-secret -` and give the value on stdin",
    });
    assert_eq!(run.json()["error"], expected);
    assert!(!run.out.contains("hunter2") && !run.err.contains("hunter2"));
    let got = naive.run("toolkits get gmail").exits(0).json();
    assert_eq!(got["result"]["availability"], "not_configured");
}

#[test]
fn a_client_secret_that_is_not_there_is_a_usage_error() {
    let naive = local();

    let run = naive.fed("toolkits configure gmail --client-secret -", "\n").exits(2);

    assert_eq!(run.json()["error"]["message"], "stdin has nothing for `--client-secret`");
}

#[test]
fn a_toolkit_without_oauth_has_no_client_to_configure() {
    let naive = local();

    for slug in ["stripe", "hackernews"] {
        let run = naive.run(&format!("toolkits configure {slug} --client-id x")).exits(1);

        let expected = json!({
            "code": "invalid_input",
            "message": format!("toolkit `{slug}` uses no OAuth client"),
            "hint": format!("run `naive connections connect {slug}` to connect it"),
        });
        assert_eq!(run.json()["error"], expected);
    }
}

#[test]
fn configuring_nothing_is_refused() {
    let naive = local();

    let run = naive.run("toolkits configure gmail").exits(1);

    let expected = json!({
        "code": "invalid_input",
        "message": "there is nothing to configure",
        "hint": "give `--client-id`, `--client-secret -` or `--scopes`",
    });
    assert_eq!(run.json()["error"], expected);
}

#[test]
fn a_client_configured_in_the_sandbox_says_that_the_sandbox_has_its_own() {
    let naive = Naive::new();

    let run = naive.run("toolkits configure gmail --client-id my-client").exits(0);

    assert!(run.out.contains("--profile local"), "{}", run.out);
}

#[test]
fn a_toolkit_that_is_switched_off_refuses_and_says_how_to_switch_it_on() {
    let naive = Naive::new();

    let off = naive.run("toolkits disable gmail").exits(0).json();
    let expected = json!({
        "code": "forbidden",
        "message": "toolkit `gmail` is switched off",
        "hint": "run `naive toolkits enable gmail`",
        "reason": "toolkit_disabled",
    });
    for line in ["connect gmail", "execute gmail GMAIL_LIST_LABELS"] {
        let run = naive.run(&format!("connections {line}")).exits(1);

        assert_eq!(run.json()["error"], expected, "{line}");
    }
    assert_eq!(off["result"]["availability"], "disabled");
    assert_eq!(
        off["result"]["availabilityReason"],
        "switched off; run `naive toolkits enable gmail`"
    );
    assert_eq!(off.get("next_steps"), None);
}

#[test]
fn a_toolkit_that_is_switched_off_keeps_its_connections() {
    let naive = Naive::new();
    naive.run("connections connect hackernews").exits(0);

    naive.run("toolkits disable hackernews").exits(0);
    let shown = naive.run("connections connected").exits(0).json();
    let run = naive.run("connections execute hackernews HACKERNEWS_TOP_STORIES").exits(1);
    let on = naive.run("toolkits enable hackernews").exits(0).json();
    naive.run("connections execute hackernews HACKERNEWS_TOP_STORIES").exits(0);

    assert_eq!(shown["result"]["connections"][0]["toolkit"], "hackernews");
    assert_eq!(run.json()["error"]["reason"], "toolkit_disabled");
    assert_eq!(on["result"]["availability"], "available");
}

#[test]
fn a_toolkit_that_is_switched_off_can_still_be_disconnected() {
    let naive = Naive::new();
    naive.run("connections connect hackernews").exits(0);
    naive.run("toolkits disable hackernews").exits(0);

    let run = naive.run("connections disconnect hackernews").exits(0);

    assert_eq!(run.json()["result"]["status"], "INACTIVE");
}

#[test]
fn a_toolkit_that_is_switched_off_is_not_suggested() {
    let naive = Naive::new();
    naive.run("toolkits disable gmail").exits(0);

    let run = naive.run("connections list --search mail").exits(0).json();

    let next = run["next_steps"][0]["command"].as_str().unwrap();
    assert!(next.starts_with("naive connections connect ") && !next.ends_with(" gmail"), "{next}");
}
