//! Manifests: added from a file, refused with their faults, removed.

use serde_json::json;

use crate::support::{Naive, Upstream};
use crate::toolkits::{GOOD, KEYED, add, detail, good, local, slugs};

#[test]
fn a_manifest_is_added_from_toml_json_and_stdin_alike() {
    let (toml, json, stdin) = (local(), local(), local());
    let text = serde_json::to_string_pretty(&json!({
        "slug": "acme",
        "name": "Acme",
        "description": "A shop",
        "base_url": "https://acme.example.com",
        "auth": { "type": "none" },
        "tools": [
            {
                "slug": "ACME_GET_ITEM",
                "name": "Get an item",
                "description": "Get an item by its id",
                "request": "GET /items/{id}",
                "effect": "read",
                "input": {
                    "type": "object",
                    "required": ["id"],
                    "properties": { "id": { "type": "string" } },
                },
            },
            {
                "slug": "ACME_LIST_ITEMS",
                "name": "List items",
                "description": "List all items",
                "request": "GET /items",
                "effect": "read",
            },
        ],
    }))
    .unwrap();

    let runs = [
        add(&toml, "acme.toml", &good()).exits(0),
        add(&json, "acme.json", &text).exits(0),
        stdin.fed("toolkits add -", &text).exits(0),
    ];

    let expected = json!({
        "success": true,
        "action": "toolkits.add",
        "result": detail(),
        "next_steps": [
            { "command": "naive connections connect acme", "description": "connect it" },
        ],
    });
    for run in runs {
        assert_eq!(run.json(), expected);
        assert_eq!(run.err, "");
    }
    let got = stdin.run("toolkits get acme").exits(0);
    assert_eq!(got.json()["result"], detail());
}

#[test]
fn an_added_toolkit_is_called_like_any_other() {
    let app = Upstream::new(|request| (200, format!("{{\"asked\": \"{}\"}}", request.path)));
    let naive = local();
    add(&naive, "acme.toml", &GOOD.replace("URL", &app.url)).exits(0);
    naive.run("connections connect acme").exits(0);

    let args = ["{\"id\": \"a/b ?\"}"];
    let run = naive.with("connections execute acme ACME_GET_ITEM --args", &args).exits(0);

    assert_eq!(run.json()["result"]["data"], json!({ "asked": "/items/a%2Fb%20%3F" }));
    assert_eq!(app.received().len(), 1);
}

#[test]
fn a_manifest_that_leads_elsewhere_is_refused_while_somebody_is_connected() {
    let naive = local();
    let at = |host: &str| GOOD.replace("URL", &format!("https://{host}"));
    add(&naive, "acme.toml", &at("acme.example.com")).exits(0);
    naive.run("connections connect acme").exits(0);

    let moved = add(&naive, "acme.toml", &at("evil.example.com")).exits(1).json();
    add(&naive, "acme.toml", &at("acme.example.com/v2")).exits(0);
    naive.run("connections disconnect acme --purge --yes").exits(0);
    add(&naive, "acme.toml", &at("evil.example.com")).exits(0);

    assert_eq!(moved["error"]["reason"], "toolkit_in_use");
    let command = "run `naive connections disconnect acme --purge` first";
    assert_eq!(moved["error"]["hint"], command);
}

#[test]
fn a_manifest_added_again_takes_the_place_of_the_first() {
    let naive = local();
    add(&naive, "acme.toml", &good()).exits(0);

    add(&naive, "acme.toml", &good().replace("A shop", "A better shop")).exits(0);

    let got = naive.run("toolkits get acme").exits(0).json();
    assert_eq!(got["result"]["description"], "A better shop");
    assert_eq!(slugs(&naive.run("toolkits list --search acme").exits(0)), ["acme"]);
}

#[test]
fn a_built_in_toolkit_is_not_replaced() {
    let naive = Naive::new();
    let before = naive.run("toolkits get gmail").exits(0).json();

    let mine = good().replace("acme", "gmail").replace("ACME", "GMAIL");
    let run = add(&naive, "gmail.toml", &mine).exits(1);

    let expected = json!({
        "code": "duplicate_record",
        "message": "`gmail` is a toolkit that is built in",
        "hint": "choose another slug",
    });
    assert_eq!(run.json()["error"], expected);
    assert_eq!(naive.run("toolkits get gmail").exits(0).json(), before);
}

#[test]
fn a_manifest_with_a_fault_is_refused_whole_with_line_and_key() {
    let get = "GET /items/{id}";
    let schema = "properties = { id = { type = \"string\" } }";
    let cases = [
        (good().replace("name = \"Acme\"", "nome = \"Acme\""), "", "line 2: "),
        (good().replace("\"read\"\n[tools", "\"look\"\n[tools"), "/tools/0/effect", "line 14: "),
        (good().replace(get, "FETCH /items"), "/tools/0/request", "line 13: "),
        (good().replace(get, "GET //other.example.com"), "/tools/0/request", "line 13: "),
        (good().replace(get, "GET /items/{key}"), "/tools/0/request", "line 13: "),
        (good().replace("ACME_GET", "SHOP_GET"), "/tools/0/slug", "line 10: "),
        (good().replace("ACME_LIST_ITEMS", "ACME_GET_ITEM"), "/tools/1/slug", "line 21: "),
        (good().replace("https://acme", "ftp://acme"), "/base_url", "line 4: "),
        (good().replace(".com\"", ".com/\""), "/base_url", "line 4: "),
        (good().replace("https://acme", "https://{shop}"), "/base_url", "line 4: "),
        (good().replace("\"none\"", "\"magic\""), "/auth/type", "line 7: "),
        (good().replace("\"none\"", "\"oauth2\""), "/auth/issuer", "line "),
        (good().replace("\"none\"", "\"api_key\""), "/auth/fields", "line "),
        (good().replace("\"A shop\"", "\"A \\u001b[31mshop\""), "/description", "line 3: "),
        (good().replace("\"A shop\"", "\" \""), "/description", "line 3: "),
        (good().replace("type = \"object\"", "type = \"array\""), "/tools/0/input", "line 1"),
        (good().replace(schema, "properties = 7"), "/tools/0/input", "line 1"),
        (good().replace("slug = \"acme\"", "slug = \"../etc\""), "/slug", "line 1: "),
        (good().replace("slug = \"acme\"", "slug = \"acme"), "", "line 1: "),
        (KEYED.replace("\"{api_key}\"", "\"{token}\""), "/auth/place/value", "line 12: "),
        (KEYED.replace("place = ", "plaice = "), "/auth", "line 12: "),
        (KEYED.replace("key = \"shop\"", "key = \"My Shop\""), "/auth/fields", "line "),
    ];
    for (text, pointer, line) in cases {
        let naive = local();

        let run = add(&naive, "acme.toml", &text).exits(1);

        let error = run.json()["error"].clone();
        assert_eq!(error["code"], "invalid_input");
        assert_eq!(error["reason"], "manifest_invalid");
        let message = error["message"].as_str().unwrap();
        assert!(message.starts_with("the manifest `acme.toml` is refused: "), "{message}");
        let details = error["details"].as_array().unwrap();
        let named = details.iter().any(|fault| {
            fault["pointer"].as_str().unwrap().starts_with(pointer)
                && fault["message"].as_str().unwrap().starts_with(line)
        });
        assert!(named, "{pointer} {line}: {error:#}");
        assert_eq!(slugs(&naive.run("toolkits list --search acme").exits(0)), [""; 0]);
    }
}

#[test]
fn every_fault_of_a_manifest_is_told_at_once() {
    let naive = local();
    let text = good().replace("https://acme", "ftp://acme").replace("ACME_GET", "SHOP_GET");

    let run = add(&naive, "acme.toml", &text).exits(1);

    let error = run.json()["error"].clone();
    let expected = json!([
        { "pointer": "/base_url", "message": "line 4: `base_url`: is not an `https` address" },
        {
            "pointer": "/tools/0/slug",
            "message": "line 10: `tools[0].slug`: must begin with `ACME_`",
        },
    ]);
    assert_eq!(error["details"], expected);
    assert_eq!(
        error["message"],
        "the manifest `acme.toml` is refused: line 4: `base_url`: is not an `https` address (and 1 more)"
    );
}

#[test]
fn a_fault_in_json_is_told_with_its_line_too() {
    let tool = "{\n\"slug\": \"ACME_A\",\n\"name\": \"A\",\n\"description\": \"A\",\n\"request\": \"GET /a\",\n\"effect\": \"read\"\n}";
    let whole = format!(
        "{{\n\"slug\": \"acme\",\n\"name\": \"Acme\",\n\"description\": \"A shop\",\n\"base_url\": \"https://acme.example.com\",\n\"tools\": [{tool}]\n}}\n"
    );
    let cases = [
        (whole.replace("GET /a", "FETCH /a"), "/tools/0/request", "line 10: "),
        (whole.replace("\"ACME_A\"", "\"SHOP_A\""), "/tools/0/slug", "line 7: "),
        (whole.replace("\"name\": \"Acme\"", "\"nome\": \"Acme\""), "", "line 3: "),
        (whole.replace("\"acme\",", "\"acme\""), "", "line 3: "),
        ("[]".to_owned(), "", "line 1: "),
        (String::new(), "", "line 1: "),
    ];
    for (text, pointer, line) in cases {
        let naive = local();

        let run = add(&naive, "acme.json", &text).exits(1);
        let fed = naive.fed("toolkits add -", &text).exits(1);

        let error = run.json()["error"].clone();
        let fault = &error["details"][0];
        assert!(fault["pointer"].as_str().unwrap().starts_with(pointer), "{error:#}");
        assert!(fault["message"].as_str().unwrap().starts_with(line), "{error:#}");
        assert_eq!(fed.json()["error"]["details"], error["details"]);
    }
    let naive = local();
    add(&naive, "acme.json", &whole).exits(0);
}

#[test]
fn a_manifest_from_stdin_is_not_called_dash() {
    let naive = local();

    let run = naive.fed("toolkits add -", "{}").exits(1);

    let message = run.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("stdin") && !message.contains("`-`"), "{message}");
}

#[test]
fn a_manifest_that_cannot_be_read_is_a_usage_error() {
    let naive = local();

    let run = naive.run("toolkits add nowhere.toml").exits(2);

    let error = run.json()["error"].clone();
    assert_eq!(error["code"], "invalid_input");
    let message = error["message"].as_str().unwrap();
    assert!(message.starts_with("`nowhere.toml` cannot be read: "), "{message}");
}

#[test]
fn a_removed_toolkit_is_gone() {
    let naive = local();
    add(&naive, "acme.toml", &good()).exits(0);

    let run = naive.run("toolkits remove acme --output table").exits(0);

    assert_eq!(run.out, "acme is removed.\n");
    assert_eq!(naive.run("toolkits get acme").exits(1).json()["error"]["code"], "not_found");
}

#[test]
fn a_toolkit_somebody_is_connected_to_is_not_removed() {
    let naive = local();
    add(&naive, "acme.toml", &good()).exits(0);
    naive.run("users create alice").exits(0);
    naive.run("connections connect acme --user alice").exits(0);

    let refused = naive.run("toolkits remove acme").exits(1);
    naive.run("connections disconnect acme --user alice --purge --yes").exits(0);
    let removed = naive.run("toolkits remove acme").exits(0);

    let expected = json!({
        "code": "invalid_input",
        "message": "`alice` is still connected to `acme`",
        "hint": "run `naive connections disconnect acme --user alice --purge` first",
        "reason": "toolkit_in_use",
    });
    assert_eq!(refused.json()["error"], expected);
    assert_eq!(removed.json()["result"], detail());
}

#[test]
fn a_built_in_toolkit_is_not_removed() {
    let naive = Naive::new();

    let run = naive.run("toolkits remove gmail").exits(1);

    let expected = json!({
        "code": "invalid_input",
        "message": "`gmail` is built in and cannot be removed",
        "hint": "run `naive toolkits disable gmail` instead",
    });
    assert_eq!(run.json()["error"], expected);
}

#[test]
fn a_toolkit_is_removed_once_its_users_have_disconnected() {
    let naive = local();
    add(&naive, "acme.toml", &good()).exits(0);
    naive.run("connections connect acme").exits(0);
    naive.run("connections disconnect acme").exits(0);

    let run = naive.run("toolkits remove acme").exits(1);

    // A soft disconnect keeps the credential, and that is what the hint takes away.
    let hint = run.json()["error"]["hint"].as_str().unwrap().to_owned();
    naive.run("connections disconnect acme --purge --yes").exits(0);
    naive.run("toolkits remove acme").exits(0);
    assert!(hint.contains("--purge"), "{hint}");
}

#[test]
fn whoever_keeps_a_toolkit_from_being_removed_is_named() {
    let naive = local();
    add(&naive, "acme.toml", &good()).exits(0);
    naive.run("users create alice").exits(0);
    naive.run("connections connect acme --user alice").exits(0);

    let run = naive.run("toolkits remove acme").exits(1);

    let error = run.json()["error"].to_string();
    assert!(error.contains("naive connections disconnect acme --user alice --purge"), "{error}");
}
