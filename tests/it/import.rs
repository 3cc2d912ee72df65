//! Documents that describe an API: imported, called, imported again.

use std::fs;

use serde_json::{Value, json};

use crate::support::{Naive, Received, Run, Upstream};
use crate::toolkits::local;

/// A shop whose operations want their inputs in every part of a request.
fn shop() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {"title": "Acme API"},
        "servers": [{"url": "https://acme.example.com"}],
        "security": [],
        "paths": {
            "/items{id}": {"get": {
                "operationId": "getItem",
                "parameters": [
                    {"name": "id", "in": "path", "required": true, "style": "matrix", "explode": true,
                        "schema": {"type": "array", "items": {"type": "string"}}},
                    {"name": "filter", "in": "query", "style": "deepObject", "explode": true,
                        "schema": {"type": "object", "additionalProperties": {"type": "string"}}},
                    {"name": "ids", "in": "query", "explode": false,
                        "schema": {"type": "array", "items": {"type": "integer"}}},
                    {"name": "X-Tags", "in": "header", "schema": {"type": "array", "items": {"type": "string"}}},
                    {"name": "sid", "in": "cookie", "schema": {"type": "string"}},
                ],
            }},
            "/items": {"post": {
                "operationId": "makeItems",
                "parameters": [{"name": "name", "in": "query", "schema": {"type": "string"}}],
                "requestBody": {"content": {"application/vnd.acme+json": {"schema": {"type": "object",
                    "properties": {"name": {"type": "string"}, "price": {"type": "number"}}}}}},
            }},
            "/list": {"put": {
                "operationId": "putList",
                "requestBody": {"required": true, "content": {"application/json": {"schema": {"type": "array"}}}},
            }},
        },
    })
}

/// Writes a document to `shop.json` and runs a command with that file.
fn with(naive: &Naive, line: &str, document: &Value, more: &[&str]) -> Run {
    fs::write(naive.home().join("shop.json"), document.to_string()).unwrap();
    let words: Vec<&str> = std::iter::once("shop.json").chain(more.iter().copied()).collect();
    naive.with(line, &words)
}

/// Runs a tool of the shop with an input.
fn call(naive: &Naive, tool: &str, input: &Value) {
    let line = format!("connections execute acme {tool} --args");
    naive.with(&line, &[&input.to_string()]).exits(0);
}

fn slugs(naive: &Naive) -> Value {
    naive.run("toolkits get acme").exits(0).json()["result"]["toolSlugs"].clone()
}

#[test]
fn every_input_goes_where_the_document_has_it() {
    let upstream = Upstream::new(|_: &Received| (200, "{}".to_owned()));
    let naive = local();
    let run = with(&naive, "toolkits import", &shop(), &["--address", &upstream.url]).exits(0);

    call(
        &naive,
        "ACME_GET_ITEM",
        &json!({
            "id": ["a/b", "c"], "filter": {"x": "1 2"}, "ids": [3, 4], "X-Tags": ["t", "u"], "sid": "s",
        }),
    );
    call(&naive, "ACME_MAKE_ITEMS", &json!({"name": "query", "name_body": "body", "price": 1.5}));
    call(&naive, "ACME_PUT_LIST", &json!({"body": [1, "two"]}));

    assert_eq!(run.json()["result"]["tools"], 3);
    assert_eq!(run.json()["result"]["import"]["operations"], 3);
    let [get, post, put] = upstream.received().try_into().unwrap();
    assert_eq!(get.path, "/items;id=a%2Fb;id=c?filter%5Bx%5D=1+2&ids=3,4");
    assert_eq!((&*get.headers["x-tags"], &*get.headers["cookie"]), ("t,u", "sid=s"));
    assert_eq!(post.path, "/items?name=query");
    assert_eq!(post.headers["content-type"], "application/vnd.acme+json");
    assert_eq!(post.body, r#"{"name":"body","price":1.5}"#);
    assert_eq!(put.body, r#"[1,"two"]"#);
}

#[test]
fn a_document_that_changes_tools_is_taken_only_when_it_was_looked_at() {
    let naive = local();
    let mut document = shop();
    with(&naive, "toolkits import", &document, &[]).exits(0);
    with(&naive, "toolkits import", &document, &[]).exits(0);
    let before = slugs(&naive);
    // Another name for one operation, another input for a second, and no third.
    document["paths"]["/list"]["put"]["operationId"] = "replaceTheList".into();
    document["paths"]["/items"]["post"]["parameters"] = json!([]);
    document["paths"].as_object_mut().unwrap().shift_remove("/items{id}");
    document["paths"]["/new"] = json!({"get": {"operationId": "new"}});

    let refused = with(&naive, "toolkits import", &document, &[]).exits(1);
    let shown = with(&naive, "toolkits diff acme", &document, &[]).exits(0);
    let still = slugs(&naive);
    let taken = with(&naive, "toolkits diff acme", &document, &["--accept"]).exits(0);

    assert_eq!(refused.json()["error"]["reason"], "toolkit_differs");
    let shown = shown.json()["result"].clone();
    let tools = |list: &str| {
        shown[list].as_array().unwrap().iter().map(|one| one["tool"].clone()).collect::<Value>()
    };
    assert_eq!(tools("added"), json!(["ACME_NEW"]));
    assert_eq!(tools("removed"), json!(["ACME_GET_ITEM"]));
    assert_eq!(tools("changed"), json!(["ACME_MAKE_ITEMS"]));
    assert_eq!((&shown["unchanged"], &shown["accepted"]), (&json!(1), &json!(false)));
    assert_ne!(shown["changed"][0]["before"], shown["changed"][0]["after"]);
    assert_eq!(still, before);
    assert_eq!(taken.json()["result"]["accepted"], true);
    assert_eq!(slugs(&naive), json!(["ACME_MAKE_ITEMS", "ACME_PUT_LIST", "ACME_NEW"]));
}

#[test]
fn a_broken_document_is_taken_only_where_that_is_wanted() {
    let naive = local();
    let mut document = shop();
    document["paths"]["/items"]["post"]["parameters"][0] =
        json!({"$ref": "https://10.0.0.1/p.json"});
    document["paths"]["/a/../b"] = json!({"get": {}});

    let refused = with(&naive, "toolkits import", &document, &[]).exits(1);
    let nothing = naive.run("toolkits get acme").exits(1);
    let taken = with(&naive, "toolkits import", &document, &["--lenient"]).exits(0);

    let error = refused.json()["error"].clone();
    assert_eq!(error["reason"], "document_invalid");
    let pointers: Value =
        error["details"].as_array().unwrap().iter().map(|one| one["pointer"].clone()).collect();
    assert_eq!(pointers, json!(["/paths/~1items/post/parameters/0", "/paths/~1a~1..~1b"]));
    assert_eq!(nothing.json()["error"]["code"], "not_found");
    assert_eq!(taken.json()["result"]["import"]["faults"].as_array().unwrap().len(), 2);
    assert_eq!(slugs(&naive), json!(["ACME_GET_ITEM", "ACME_PUT_LIST"]));
}

#[test]
fn a_document_is_fetched_from_where_documents_may_be() {
    let upstream = Upstream::new(|request: &Received| match request.path.as_str() {
        "/shop.json" => (200, shop().to_string()),
        "/moved" => (
            0,
            "HTTP/1.1 302 X\r\nlocation: https://169.254.169.254/\r\ncontent-length: 0\r\n\r\n"
                .into(),
        ),
        _ => (404, "{}".to_owned()),
    });
    let naive = local();
    let import = |address: &str| naive.with("toolkits import", &[address]);

    import(&format!("{}/shop.json", upstream.url)).exits(0);
    let moved = import(&format!("{}/moved", upstream.url)).exits(1);
    let missing = import(&format!("{}/nope", upstream.url)).exits(1);
    let private = import("https://10.0.0.1/shop.json").exits(1);
    let file = import("file:///etc/passwd").exits(1);

    assert_eq!(moved.json()["error"]["reason"], "address_refused");
    assert_eq!(missing.json()["error"]["code"], "provider_error");
    for refused in [private, file] {
        assert_eq!(refused.json()["error"]["reason"], "address_refused");
    }
}

#[test]
fn a_dry_run_shows_the_manifest_and_stores_nothing() {
    let naive = local();

    let shown = with(&naive, "toolkits import --slug my-shop", &shop(), &["--dry-run"]).exits(0);
    let manifest = shown.json()["result"]["manifest"].clone();
    fs::write(naive.home().join("my.json"), manifest.to_string()).unwrap();
    let before = naive.run("toolkits get my-shop").exits(1);
    naive.run("toolkits add my.json").exits(0);
    let kept = naive.run("toolkits get my-shop --manifest").exits(0);

    assert_eq!(before.json()["error"]["code"], "not_found");
    assert_eq!(manifest["tools"][0]["slug"], "MYSHOP_GET_ITEM");
    assert_eq!(kept.json()["result"]["manifest"], manifest);
}

#[test]
fn a_login_that_nobody_declared_asks_for_what_to_send() {
    let upstream = Upstream::new(|_: &Received| (200, "{}".to_owned()));
    let naive = local();
    let mut document = shop();
    document.as_object_mut().unwrap().shift_remove("security");

    let added = with(&naive, "toolkits import", &document, &["--address", &upstream.url]).exits(0);
    naive
        .fed("connections connect acme --credential authorization=-", "Token abc-123-def\n")
        .exits(0);
    call(&naive, "ACME_PUT_LIST", &json!({"body": []}));

    assert_eq!(added.json()["result"]["authType"], "unknown");
    assert_eq!(upstream.received()[0].headers["authorization"], "Token abc-123-def");
}
