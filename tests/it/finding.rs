//! Finding tools across all apps.

use serde_json::{Value, json};

use crate::support::Naive;
use crate::toolkits::slugs;

/// Returns the slugs of the tools that a search finds first.
fn first(naive: &Naive, line: &str, words: &[&str]) -> Vec<String> {
    let found = naive.with(line, words).exits(0).json();
    let tools = found["result"]["tools"].as_array().unwrap();
    tools.iter().map(|tool| tool["tool"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_people_ask_for_is_found_among_the_first() {
    let naive = Naive::new();
    let asked = [
        ("send an email with attachment", "GMAIL_SEND_EMAIL"),
        ("create a calendar event", "GOOGLECALENDAR_CREATE_EVENT"),
        ("gcal list events", "GOOGLECALENDAR_LIST_EVENTS"),
        ("post a message to slack", "SLACK_SEND_MESSAGE"),
        ("open a github issue", "GITHUB_CREATE_ISSUE"),
        ("refund a payment stripe", "STRIPE_CREATE_REFUND"),
        ("search notion pages", "NOTION_SEARCH"),
        ("append rows spreadsheet", "GOOGLESHEETS_APPEND_VALUES"),
        ("twitter post", "X_CREATE_POST"),
        ("start a compute instance on google", "GOOGLECOMPUTEENGINE_INSTANCES_START"),
    ];
    for (words, wanted) in asked {
        let found = first(&naive, "tools search --limit 5", &[words]);

        assert!(found.iter().any(|tool| tool == wanted), "{words}: {found:?}");
    }
}

#[test]
fn a_search_is_narrowed_by_app_effect_login_and_connection() {
    let naive = Naive::new();
    naive.run("connections connect gmail").exits(0);

    let of_one = first(&naive, "tools search --toolkit github --limit 50", &["issue"]);
    let reading = naive.with("tools search --effect read --limit 50", &["issue"]).exits(0).json();
    let open = naive.with("tools search --auth none --limit 50", &["stories"]).exits(0).json();
    let connected = first(&naive, "tools search --connected true", &["send message"]);
    let others = first(&naive, "tools search --connected false", &["send email"]);

    assert!(of_one.len() > 10 && of_one.iter().all(|tool| tool.starts_with("GITHUB_")));
    let all = |found: &Value, key: &str, value: Value| {
        found["result"]["tools"].as_array().unwrap().iter().all(|tool| tool[key] == value)
    };
    assert!(all(&reading, "effect", json!("read")) && all(&open, "authType", json!("none")));
    assert!(connected.iter().all(|tool| tool.starts_with("GMAIL_")) && !connected.is_empty());
    assert!(!others.iter().any(|tool| tool.starts_with("GMAIL_")) && !others.is_empty());
}

#[test]
fn what_is_connected_comes_before_what_is_not() {
    let naive = Naive::new();
    let before = first(&naive, "tools search --limit 1", &["send email"]);
    naive.run("connections connect outlook").exits(0);

    let after = first(&naive, "tools search --limit 1", &["send email"]);

    assert_eq!((before[0].as_str(), after[0].as_str()), ("GMAIL_SEND_EMAIL", "OUTLOOK_SEND_EMAIL"));
}

#[test]
fn what_is_connected_is_found_beside_what_fits_much_better() {
    let naive = Naive::new();
    let words = &["update firewall rules network meeting"];
    let before = first(&naive, "tools search --limit 200", words);
    naive.run("connections connect zoom").exits(0);

    let after = first(&naive, "tools search --limit 200", words);

    let meeting = "ZOOM_UPDATE_MEETING".to_owned();
    assert!(before[0].starts_with("LINODE_") && before[0] == after[0]);
    assert!(!before.contains(&meeting) && after.contains(&meeting));
}

#[test]
fn pages_of_a_search_hold_every_tool_once() {
    let naive = Naive::new();
    let words = &["freeze firewall"];
    let whole = naive.with("tools search --limit 200", words).exits(0).json();
    let mut paged = Vec::new();
    let mut more = String::new();
    loop {
        let page = naive.with(&format!("tools search --limit 7{more}"), words).exits(0).json();
        paged.extend(page["result"]["tools"].as_array().unwrap().clone());
        let Some(cursor) = page["result"]["nextCursor"].as_str() else { break };
        more = format!(" --cursor {cursor}");
        if paged.len() >= 28 {
            break;
        }
    }

    assert!(paged.len() >= 14);
    assert_eq!(paged, whole["result"]["tools"].as_array().unwrap()[..paged.len()]);
}

#[test]
fn a_tool_is_shown_with_its_app_and_what_it_takes() {
    let naive = Naive::new();

    let by_hand = naive.run("tools get GMAIL_SEND_EMAIL").exits(0).json();
    let made = naive.run("tools get GITHUB_REPOS_CREATE_DEPLOYMENT").exits(0).json();
    let person = naive.run("tools get GITHUB_REPOS_CREATE_DEPLOYMENT --output table").exits(0);

    assert_eq!(by_hand["result"]["toolkit"], "gmail");
    assert_eq!(made["result"]["toolkit"], "github");
    assert_eq!(made["result"]["inputSchema"]["properties"]["ref"]["type"], "string");
    assert!(person.out.contains("POST /repos/{owner}/{repo}/deployments"), "{}", person.out);
    assert!(person.err.contains("naive connections execute github"), "{}", person.err);
}

#[test]
fn what_is_not_there_is_told_with_the_next_step() {
    let naive = Naive::new();

    let nothing = naive.with("tools search --output table", &["zzyzzx"]).exits(0);
    let no_app = naive.run("tools get NOBODY_DOES").exits(1).json();
    let no_tool = naive.run("tools get GMAIL_SEND_EMIAL").exits(1).json();
    let no_cursor = naive.with("tools search --cursor x", &["mail"]).exits(1).json();

    assert!(nothing.out.contains("No tool matches"), "{}", nothing.out);
    assert_eq!(no_app["error"]["reason"], "tool_unknown");
    assert!(no_tool["error"]["hint"].as_str().unwrap().contains("GMAIL_SEND_EMAIL"));
    assert_eq!(no_cursor["error"]["code"], "invalid_input");
}

#[test]
fn tools_that_were_added_are_found_too() {
    let naive = Naive::new();
    let document = json!({
        "openapi": "3.0.0",
        "info": {"title": "Zorbing", "version": "1"},
        "servers": [{"url": "https://zorb.example.com"}],
        "paths": {"/rides": {"post": {"operationId": "bookRide", "summary": "Book a zorbing ride"}}},
    });
    naive.fed("toolkits import - --slug zorb", &document.to_string()).exits(0);

    let found = naive.with("tools search --limit 1", &["book zorbing ride"]).exits(0).json();

    assert_eq!(found["result"]["tools"][0]["tool"], "ZORB_BOOK_RIDE");
    assert_eq!(found["result"]["tools"][0]["origin"], "added");
}

#[test]
fn the_catalog_is_counted() {
    let naive = Naive::new();

    let counts = naive.run("toolkits list --limit 1 --jq .result.catalog").exits(0).json();

    let count = |key: &str| counts[key].as_u64().unwrap();
    assert!(count("connectable") >= 1_150 && count("withTools") >= 930, "{counts}");
    assert!(count("tools") >= 60_000 && count("byHand") >= 71, "{counts}");
    assert!(count("vendors") <= count("connectable"), "{counts}");
}

#[test]
fn a_search_looks_in_slugs_names_and_descriptions() {
    let naive = Naive::new();

    let by_slug = naive.run("toolkits list --search gma").exits(0);
    let by_name = naive.with("toolkits list --search", &["hacker news"]).exits(0);
    let by_description = naive.run("toolkits list --search invoices").exits(0);
    let nothing = naive.run("toolkits list --search zzyzzx --output table").exits(0);

    assert_eq!(slugs(&by_slug)[0], "gmail");
    assert_eq!(slugs(&by_name)[0], "hackernews");
    assert_eq!(sorted(&slugs(&by_description)[..3]), ["quickbooks", "stripe", "xero"]);
    assert_eq!(nothing.out, "No app matches.\n");
}

/// Returns some slugs in order.
fn sorted(slugs: &[String]) -> Vec<&str> {
    let mut slugs: Vec<&str> = slugs.iter().map(String::as_str).collect();
    slugs.sort_unstable();
    slugs
}
