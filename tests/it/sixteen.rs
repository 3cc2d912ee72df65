//! Each toolkit that is built in, against the sandbox: connect, one write, one read that finds it, one
//! call that the app refuses.

use std::thread;

use serde_json::{Value, json};

use crate::support::Naive;
use crate::toolkits::shipped;

/// A call: a tool, and its input with `FOUND` and `MADE` for what the steps before answered.
type Step = (&'static str, Value);

/// What is done with one toolkit.
struct Case {
    slug: &'static str,
    /// Where something must be found first: the call, and the pointer to it
    find: Option<(Step, &'static str)>,
    /// What makes something, and the pointer to its name
    write: (Step, &'static str),
    /// What shows it, and the text that shows that
    read: (Step, &'static str),
    /// What the app refuses, and a word of its answer
    refused: (Step, &'static str),
}

/// The toolkits of vendors whose shapes the sandbox knows by heart.
fn played() -> Vec<Case> {
    vec![
        Case {
            slug: "github",
            find: None,
            write: (
                ("GITHUB_CREATE_ISSUE", json!({"owner": "ada", "repo": "notes", "title": "Bug 7"})),
                "/number",
            ),
            read: (("GITHUB_LIST_ISSUES", json!({"owner": "ada", "repo": "notes"})), "Bug 7"),
            refused: (
                (
                    "GITHUB_GET_ISSUE",
                    json!({"owner": "ada", "repo": "notes", "issue_number": 4040}),
                ),
                "Not Found (404)",
            ),
        },
        Case {
            slug: "gmail",
            find: None,
            write: (("GMAIL_CREATE_LABEL", json!({"name": "Bug 7"})), "/id"),
            read: (("GMAIL_LIST_LABELS", json!({})), "Bug 7"),
            refused: (("GMAIL_CREATE_LABEL", json!({"name": "Bug 7"})), "(409)"),
        },
        Case {
            slug: "google-calendar",
            find: None,
            write: (
                (
                    "GOOGLECALENDAR_CREATE_EVENT",
                    json!({
                        "calendarId": "primary", "summary": "Bug 7",
                        "start": "2026-11-21T09:00:00Z",
                        "end": "2026-11-21T10:00:00Z",
                    }),
                ),
                "/id",
            ),
            read: (
                ("GOOGLECALENDAR_GET_EVENT", json!({"calendarId": "primary", "eventId": "MADE"})),
                "Bug 7",
            ),
            refused: (
                (
                    "GOOGLECALENDAR_GET_EVENT",
                    json!({"calendarId": "primary", "eventId": "nowhere"}),
                ),
                "Not Found (404)",
            ),
        },
        Case {
            slug: "notion",
            find: Some((("NOTION_SEARCH", json!({"object": "page"})), "/results/0/id")),
            write: (
                ("NOTION_CREATE_PAGE", json!({"parent_page_id": "FOUND", "title": "Bug 7"})),
                "/id",
            ),
            read: (("NOTION_GET_PAGE", json!({"page_id": "MADE"})), "Bug 7"),
            refused: (
                ("NOTION_GET_PAGE", json!({"page_id": "59833787-2cf9-4fdf-8782-e53db20768a5"})),
                "Could not find page with ID",
            ),
        },
        Case {
            slug: "slack",
            find: Some((("SLACK_LIST_CHANNELS", json!({})), "/channels/0/id")),
            write: (("SLACK_SEND_MESSAGE", json!({"channel": "FOUND", "text": "Bug 7"})), "/ts"),
            read: (("SLACK_FETCH_CONVERSATION_HISTORY", json!({"channel": "FOUND"})), "Bug 7"),
            refused: (
                ("SLACK_SEND_MESSAGE", json!({"channel": "C0000000000", "text": "x"})),
                "channel_not_found (200)",
            ),
        },
        Case {
            slug: "stripe",
            find: None,
            write: (("STRIPE_CREATE_CUSTOMER", json!({"name": "Bug 7"})), "/id"),
            read: (("STRIPE_GET_CUSTOMER", json!({"customer": "MADE"})), "Bug 7"),
            refused: (("STRIPE_GET_CUSTOMER", json!({"customer": "cus_none"})), "No such customer"),
        },
    ]
}

/// The toolkits that one rule plays, from their manifests.
fn generic() -> Vec<Case> {
    vec![
        Case {
            slug: "airtable",
            find: None,
            write: (
                (
                    "AIRTABLE_CREATE_RECORDS",
                    json!({"baseId": "app1", "tableIdOrName": "Bugs", "records": [{"fields": {"Name": "Bug 7"}}]}),
                ),
                "/records/0/id",
            ),
            read: (
                ("AIRTABLE_LIST_RECORDS", json!({"baseId": "app1", "tableIdOrName": "Bugs"})),
                "Bug 7",
            ),
            refused: (
                (
                    "AIRTABLE_GET_RECORD",
                    json!({"baseId": "app1", "tableIdOrName": "Bugs", "recordId": "recNowhere"}),
                ),
                "(404)",
            ),
        },
        Case {
            slug: "discord",
            find: None,
            write: (
                ("DISCORD_SEND_MESSAGE", json!({"channel_id": "100", "content": "Bug 7"})),
                "/id",
            ),
            read: (
                ("DISCORD_GET_MESSAGE", json!({"channel_id": "100", "message_id": "MADE"})),
                "Bug 7",
            ),
            refused: (
                ("DISCORD_GET_MESSAGE", json!({"channel_id": "100", "message_id": "1"})),
                "(404)",
            ),
        },
        Case {
            slug: "google-drive",
            find: None,
            write: (("GOOGLEDRIVE_CREATE_FOLDER", json!({"name": "Bug 7"})), "/id"),
            read: (("GOOGLEDRIVE_GET_FILE_METADATA", json!({"fileId": "MADE"})), "Bug 7"),
            refused: (("GOOGLEDRIVE_GET_FILE_METADATA", json!({"fileId": "nowhere"})), "(404)"),
        },
        Case {
            slug: "google-sheets",
            find: None,
            write: (
                ("GOOGLESHEETS_CREATE_SPREADSHEET", json!({"title": "Bug 7"})),
                "/spreadsheetId",
            ),
            read: (("GOOGLESHEETS_GET_SPREADSHEET", json!({"spreadsheetId": "MADE"})), "Bug 7"),
            refused: (
                ("GOOGLESHEETS_GET_SPREADSHEET", json!({"spreadsheetId": "nowhere"})),
                "(404)",
            ),
        },
        Case {
            slug: "hubspot",
            find: None,
            write: (
                ("HUBSPOT_CREATE_CONTACT", json!({"properties": {"firstname": "Bug 7"}})),
                "/id",
            ),
            read: (("HUBSPOT_GET_CONTACT", json!({"contactId": "MADE"})), "Bug 7"),
            refused: (("HUBSPOT_GET_CONTACT", json!({"contactId": "404"})), "(404)"),
        },
        Case {
            slug: "linear",
            find: None,
            write: (
                (
                    "LINEAR_CREATE_ISSUE",
                    json!({"teamId": "9cfb482a-81e3-4154-b5b9-2c805e70a02d", "title": "Bug 7"}),
                ),
                "/data/issueCreate/issue/id",
            ),
            read: (("LINEAR_GET_ISSUE", json!({"id": "MADE"})), "Bug 7"),
            refused: (("LINEAR_GET_ISSUE", json!({"id": "ENG-404"})), "Entity not found (200)"),
        },
        Case {
            slug: "outlook",
            find: None,
            write: (("OUTLOOK_CREATE_DRAFT", json!({"subject": "Bug 7"})), "/id"),
            read: (("OUTLOOK_GET_MESSAGE", json!({"message_id": "MADE"})), "Bug 7"),
            refused: (("OUTLOOK_GET_MESSAGE", json!({"message_id": "nowhere"})), "(404)"),
        },
        Case {
            slug: "sendgrid",
            find: None,
            write: (("SENDGRID_CREATE_CONTACT_LIST", json!({"name": "Bug 7"})), "/id"),
            read: (("SENDGRID_LIST_CONTACT_LISTS", json!({})), "Bug 7"),
            refused: (
                (
                    "SENDGRID_GET_TEMPLATE",
                    json!({"template_id": "d-0123456789abcdef0123456789abcdef"}),
                ),
                "(404)",
            ),
        },
        Case {
            slug: "telegram",
            find: None,
            write: (
                ("TELEGRAM_SEND_MESSAGE", json!({"chat_id": "100", "text": "Bug 7"})),
                "/result/message_id",
            ),
            read: (("TELEGRAM_GET_ME", json!({})), "username"),
            refused: (
                ("TELEGRAM_DELETE_MESSAGE", json!({"chat_id": "100", "message_id": 404})),
                "(40",
            ),
        },
    ]
}

/// Returns an input with what the steps before answered in its places.
fn filled(input: &Value, found: &Value, made: &Value) -> String {
    let text = input.to_string();
    text.replace("\"FOUND\"", &found.to_string()).replace("\"MADE\"", &made.to_string())
}

fn run(naive: &Naive, slug: &str, tool: &str, input: &str) -> (i32, Value) {
    let run = naive.with(&format!("connections execute {slug} {tool} --args"), &[input]);
    (run.status, run.json())
}

fn check(case: &Case) {
    let slug = case.slug;
    let naive = Naive::new()
        .env("NAIVE_CREDENTIAL_API_KEY", "sk_test_of_the_test")
        .env("NAIVE_CREDENTIAL_BOT_TOKEN", "123456789:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr");
    let connected = naive.run(&format!("connections connect {slug}")).exits(0).json();
    assert_eq!(connected["result"]["status"], "ACTIVE", "{slug}");
    assert!(connected["result"]["account"].is_string(), "{slug}: whose account is it? {connected}");
    let done = |(tool, input): &Step, found: &Value, made: &Value| {
        let (status, reply) = run(&naive, slug, tool, &filled(input, found, made));
        assert_eq!(status, 0, "{tool}: {reply}");
        reply["result"]["data"].clone()
    };
    let at = |data: &Value, pointer: &str| {
        data.pointer(pointer).unwrap_or_else(|| panic!("{slug}: {pointer} of {data}")).clone()
    };

    let none = Value::Null;
    let found = case.find.as_ref().map(|(step, pointer)| at(&done(step, &none, &none), pointer));
    let found = found.unwrap_or_default();
    let made = at(&done(&case.write.0, &found, &none), case.write.1);
    let shown = done(&case.read.0, &found, &made);
    let (tool, input) = &case.refused.0;
    let (status, refused) = run(&naive, slug, tool, &filled(input, &found, &made));

    assert!(shown.to_string().contains(case.read.1), "{slug}: {shown}");
    assert_eq!(status, 1, "{slug}: {refused}");
    let message = refused["error"]["message"].as_str().unwrap();
    assert!(message.contains(case.refused.1), "{slug}: {message}");
    assert_eq!(refused["error"]["code"], "provider_error", "{slug}");
}

#[test]
fn each_toolkit_is_connected_written_to_read_from_and_refused() {
    let cases = [played(), generic()].into_iter().flatten();
    let running: Vec<_> = cases
        .map(|case| {
            let name = case.slug.to_owned();
            let running = thread::Builder::new().name(name.clone()).spawn(move || check(&case));
            (name, running.unwrap())
        })
        .collect();
    let mut slugs: Vec<_> = running
        .into_iter()
        .map(|(slug, case)| {
            assert!(case.join().is_ok(), "{slug} failed: see above");
            slug
        })
        .collect();
    slugs.push("hackernews".to_owned());
    slugs.sort();
    assert_eq!(slugs, shipped(), "each toolkit once");
}

#[test]
fn an_app_that_nobody_logs_in_to_is_read_and_has_nothing_to_write() {
    let naive = Naive::new();
    drop(naive.run("connections connect hackernews").exits(0));

    let tools = naive.run("connections tools hackernews").exits(0).json();
    let (status, item) = run(&naive, "hackernews", "HACKERNEWS_GET_ITEM", "{\"id\": 9101}");
    let (bad, refused) = run(&naive, "hackernews", "HACKERNEWS_GET_ITEM", "{\"id\": 0}");

    let tools = tools["result"]["tools"].as_array().unwrap().clone();
    assert!(tools.iter().all(|tool| tool["effect"] == "read"));
    assert_eq!((status, &item["result"]["data"]["id"]), (0, &json!(9101)));
    assert_eq!((bad, &refused["error"]["code"]), (1, &json!("invalid_input")));
}
