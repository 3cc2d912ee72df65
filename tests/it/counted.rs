//! Lists whose answers do not say that there is more: their pages are counted.

use serde_json::{Value, json};

use crate::app::{App, OPEN};
use crate::support::{Naive, Received};

/// Tools whose pages have numbers, or whose items have.
const TOOLS: &str = r#"
[[tools]]
slug = "ACME_PAGES"
name = "Pages"
description = "List by page"
request = "GET /pages"
effect = "read"
page = { items = "", next = "page", input = "page" }
[tools.input]
type = "object"
properties = { page = { type = "integer", maximum = 50 } }

[[tools]]
slug = "ACME_ITEMS"
name = "Items"
description = "List by offset"
request = "GET /items"
effect = "read"
page = { items = "/data", next = "offset", input = "offset" }
[tools.input]
type = "object"
properties = { offset = { type = "integer", default = 0 }, limit = { type = "integer" } }
"#;

fn acme(answer: impl Fn(&Received) -> Option<(u16, String)> + Send + Sync + 'static) -> App {
    App::on(Naive::new(), &format!("{OPEN}{TOOLS}"), answer)
}

/// Returns what the query of a request asks for.
fn asked(request: &Received, name: &str) -> Option<usize> {
    let (_, query) = request.path.split_once('?')?;
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.into_iter().find(|(key, _)| *key == name)?.1.parse().ok()
}

/// Answers five things in pages of two, of which the first has that number.
fn numbered(request: &Received, first: usize) -> Option<(u16, String)> {
    request.path.strip_prefix("/pages")?;
    let page = asked(request, "page").unwrap_or(first) - first;
    let things: Vec<_> = (0..5).skip(page * 2).take(2).map(|id| json!({ "id": id })).collect();
    Some((200, json!(things).to_string()))
}

fn ids(run: &Value) -> Vec<u64> {
    let data = &run["result"]["data"];
    let items = data.as_array().or(data["data"].as_array()).unwrap();
    items.iter().map(|item| item["id"].as_u64().unwrap()).collect()
}

#[test]
fn pages_are_counted_to_the_first_empty_one_wherever_their_numbers_begin() {
    for first in [0, 1] {
        let app = acme(move |request| numbered(request, first));

        let all = app.execute("ACME_PAGES --all").exits(0).json();
        let some = app.execute("ACME_PAGES --all --max-items 3").exits(0).json();
        let exact = app.execute("ACME_PAGES --all --max-items 5").exits(0).json();

        assert_eq!(ids(&all), [0, 1, 2, 3, 4], "{first}");
        assert_eq!(all["result"].get("hint"), None);
        assert_eq!(ids(&some), [0, 1, 2]);
        assert_eq!(some["hints"][0], "there is more than these 3 items: raise `--max-items`");
        assert_eq!(exact["result"].get("hint"), None, "nothing is missing");
    }
}

#[test]
fn a_later_page_that_is_not_there_is_the_end_and_another_trouble_is_none() {
    for (status, exit) in [(404, 0), (403, 1)] {
        let app = acme(move |request| match asked(request, "page") {
            Some(4) => Some((status, json!({ "message": "no page 4" }).to_string())),
            _ => numbered(request, 1),
        });

        let line = "connections execute acme ACME_PAGES --all --args {\"page\":2}";
        let run = app.naive.run(line).exits(exit).json();
        let enough = app.naive.run(&format!("{line} --max-items 3")).exits(0).json();

        assert_eq!(ids(&run), [2, 3, 4], "{status}");
        assert_eq!(ids(&enough), [2, 3, 4], "{status}");
    }
}

#[test]
fn items_are_counted_by_how_many_came_and_not_by_how_many_were_asked_for() {
    let app = acme(|request| {
        request.path.strip_prefix("/items")?;
        let from = asked(request, "offset").unwrap_or(0);
        // The app caps what it gives, and hides one thing.
        let things = (0..7).skip(from).take(3).map(|id| json!({ "id": id }));
        Some((200, json!({ "data": things.collect::<Vec<_>>() }).to_string()))
    });

    let line = "connections execute acme ACME_ITEMS --all --args {\"limit\":100}";
    let run = app.naive.run(line).exits(0).json();

    assert_eq!(ids(&run), [0, 1, 2, 3, 4, 5, 6]);
    let sent: Vec<_> = app.upstream.received().iter().map(|one| asked(one, "offset")).collect();
    assert_eq!(sent, [None, Some(3), Some(6), Some(7)]);
}

#[test]
fn an_app_that_answers_with_its_last_page_again_and_again_is_found_out() {
    let app = acme(|request| {
        request.path.strip_prefix("/pages")?;
        let page = asked(request, "page").unwrap_or(1).min(2);
        Some((200, json!([{ "id": page }]).to_string()))
    });

    let run = app.execute("ACME_PAGES --all").exits(0).json();

    assert_eq!(ids(&run), [1, 2]);
    let hint = run["hints"][0].as_str().unwrap();
    assert!(hint.starts_with("the app leads from page to page in a circle"), "{hint}");
}

#[test]
fn a_list_that_no_input_leads_on_in_says_so() {
    let app = acme(|request| {
        request.path.strip_prefix("/pages")?;
        let page = asked(request, "page").unwrap_or(1);
        Some((200, json!([{ "id": page }]).to_string()))
    });

    let line = "connections execute acme ACME_PAGES --all --args {\"page\":49}";
    let run = app.naive.run(line).exits(0).json();

    assert_eq!(ids(&run), [49, 50]);
    let hint = run["hints"][0].as_str().unwrap();
    assert!(hint.starts_with("there may be more than these 2 items"), "{hint}");
}

#[test]
fn a_number_needs_an_input_that_takes_one() {
    let naive = Naive::new().env("NAIVE_PROFILE", "local");
    let tools = TOOLS
        .replace("page = { type = \"integer\", maximum = 50 }", "page = { type = \"string\" }");
    let manifest = format!(
        "slug = \"acme\"\nname = \"Acme\"\ndescription = \"An app\"\nbase_url = \"https://acme.test\"\n[auth]\n{OPEN}{tools}"
    );
    std::fs::write(naive.home().join("acme.toml"), manifest).unwrap();

    let run = naive.run("toolkits add acme.toml").exits(1).json();

    let faults = run["error"]["details"].to_string();
    assert!(faults.contains("`page` takes no number"), "{faults}");
}
