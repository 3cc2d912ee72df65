//! How the tools of a document get from page to page, and where nobody can be sure.

use serde_json::{Value, json};

use super::{document, imported};

/// Returns how the list of a document with these inputs and that answer is paged.
fn paged(inputs: &Value, answer: &Value) -> Value {
    let operation = json!({
        "operationId": "list",
        "parameters": inputs,
        "responses": {"200": {
            "description": "ok",
            "headers": answer.get("headers").cloned().unwrap_or(json!({})),
            "content": {"application/json": {"schema": answer["schema"]}},
        }},
    });
    let made = imported(&document(
        &json!({"/things": {"get": operation}}),
        &json!({
            "components": {"schemas": {
                "Thing": {"type": "object", "properties": {"id": {"type": "string"}}},
                "Paged": {"type": "object", "properties": {"meta": {"type": "object", "properties": {
                    "next_cursor": {"type": "string", "nullable": true},
                }}}},
            }},
        }),
    ));
    let tool = made.manifest.unwrap().tools.remove(0);
    json!(tool.page)
}

fn input(name: &str, schema: &Value) -> Value {
    json!({"name": name, "in": "query", "schema": schema})
}

fn number(name: &str) -> Value {
    input(name, &json!({"type": "integer"}))
}

fn text(name: &str) -> Value {
    input(name, &json!({"type": "string"}))
}

/// An object with a list and these fields beside it.
fn object(list: &str, beside: &Value) -> Value {
    let things = json!({"type": "array", "items": {"$ref": "#/components/schemas/Thing"}});
    let mut fields = beside.clone();
    fields[list] = things;
    json!({"schema": {"type": "object", "properties": fields}})
}

fn things() -> Value {
    json!({"type": "array", "items": {"$ref": "#/components/schemas/Thing"}})
}

#[test]
fn a_list_is_paged_by_what_its_answer_calls_the_next_page() {
    let string = json!({"type": "string"});
    let uri = json!({"type": "string", "format": "uri"});
    let of = |fields: Value| json!({"type": "object", "properties": fields});
    let table = [
        (
            json!([text("pageToken")]),
            object("items", &json!({"nextPageToken": string, "unreachable": things()})),
            json!({"items": "/items", "next": "/nextPageToken", "input": "pageToken"}),
        ),
        (
            json!([text("cursor"), number("limit")]),
            json!({"schema": {"allOf": [
                {"$ref": "#/components/schemas/Paged"},
                {"type": "object", "properties": {"things": things()}},
            ]}}),
            json!({"items": "/things", "next": "/meta/next_cursor", "input": "cursor"}),
        ),
        (
            json!([text("after")]),
            object(
                "results",
                &json!({"paging": of(json!({"next": of(json!({"after": string}))}))}),
            ),
            json!({"items": "/results", "next": "/paging/next/after", "input": "after"}),
        ),
        (
            json!([text("starting_after"), number("limit")]),
            object("data", &json!({"has_more": {"type": "boolean"}})),
            json!({
                "items": "/data", "next": "/data/-1/id", "more": "/has_more",
                "input": "starting_after",
            }),
        ),
        (
            json!([number("page")]),
            object("data", &json!({"links": of(json!({"next": string, "prev": string}))})),
            json!({"items": "/data", "next": "/links/next", "input": "page"}),
        ),
        (
            json!([number("offset"), number("limit")]),
            object("results", &json!({"count": {"type": "integer"}, "next": uri, "previous": uri})),
            json!({"items": "/results", "next": "/next", "input": "offset"}),
        ),
        (
            json!([number("$skip"), number("$top")]),
            object("value", &json!({"@odata.nextLink": string})),
            json!({"items": "/value", "next": "/@odata.nextLink", "input": "$skip"}),
        ),
        (
            json!([number("page"), number("per_page")]),
            json!({"schema": things(), "headers": {"Link": {"schema": string}}}),
            json!({"items": "", "next": "link", "input": "page"}),
        ),
    ];
    for (inputs, answer, expected) in table {
        assert_eq!(paged(&inputs, &answer), expected, "{inputs}");
    }
}

#[test]
fn a_list_that_says_nothing_of_its_next_page_is_counted() {
    let first = json!({"type": "integer", "default": 1});
    let table = [
        (json!([number("page"), number("per_page")]), json!({"schema": things()}), "", "page"),
        (
            json!([number("pageNumber"), number("pageSize")]),
            object("data", &json!({})),
            "/data",
            "page",
        ),
        (
            json!([number("offset"), number("limit")]),
            object("things", &json!({})),
            "/things",
            "offset",
        ),
    ];
    for (inputs, answer, items, next) in table {
        let page = paged(&inputs, &answer);

        assert_eq!((&page["items"], &page["next"]), (&json!(items), &json!(next)), "{inputs}");
    }
    let mut alone = input("page", &first);
    alone["description"] = "Which page of results to return".into();
    assert_eq!(paged(&json!([alone]), &json!({"schema": things()}))["next"], "page");
}

#[test]
fn where_nobody_can_be_sure_there_are_no_pages() {
    let string = json!({"type": "string"});
    let mut of_pages = number("offset");
    of_pages["description"] = "The page offset. The default page offset is 0.".into();
    let table = [
        // No list, two lists, or one whose companions come beside it.
        (
            json!([text("pageToken")]),
            json!({"schema": {"type": "object", "properties": {"nextPageToken": string}}}),
        ),
        (json!([text("pageToken")]), object("a", &json!({"b": things(), "nextPageToken": string}))),
        (
            json!([text("cursor")]),
            object("data", &json!({"included": things(), "next_cursor": string})),
        ),
        // A cursor that the answer does not have, and a number beside it.
        (json!([text("cursor"), number("page"), number("limit")]), object("data", &json!({}))),
        // Names that say too little.
        (json!([number("page")]), json!({"schema": things()})),
        (json!([number("start"), number("limit")]), json!({"schema": things()})),
        (json!([of_pages, number("limit")]), json!({"schema": things()})),
        (json!([text("page"), number("limit")]), json!({"schema": things()})),
        // An address that could hold either.
        (json!([text("page"), text("offset")]), object("data", &json!({"next_url": string}))),
        // An offset that begins elsewhere.
        (
            json!([input("offset", &json!({"type": "integer", "default": 1})), number("limit")]),
            json!({"schema": things()}),
        ),
    ];
    for (inputs, answer) in table {
        assert_eq!(paged(&inputs, &answer), Value::Null, "{inputs}");
    }
}

#[test]
fn what_changes_something_is_never_sent_again_for_more() {
    let operation = json!({
        "parameters": [text("pageToken")],
        "responses": {"200": {"content": {"application/json": object("items", &json!({
            "nextPageToken": {"type": "string"},
        }))}}},
    });

    let made = imported(&document(&json!({"/search": {"post": operation}}), &json!({})));

    assert_eq!(made.manifest.unwrap().tools[0].page, None);
}

#[test]
fn a_discovery_document_says_how_its_lists_are_paged() {
    let document = json!({
        "kind": "discovery#restDescription", "name": "acme", "rootUrl": "https://acme.googleapis.com/",
        "servicePath": "",
        "schemas": {
            "List": {"id": "List", "type": "object", "properties": {
                "nextPageToken": {"type": "string"},
                "things": {"type": "array", "items": {"$ref": "Thing"}},
            }},
            "Thing": {"id": "Thing", "type": "object"},
        },
        "methods": {"list": {
            "id": "acme.list", "path": "v1/things", "httpMethod": "GET",
            "parameters": {"pageToken": {"location": "query", "type": "string"}},
            "response": {"$ref": "List"},
        }},
    });

    let tool = imported(&document).manifest.unwrap().tools.remove(0);

    let page = json!({"items": "/things", "next": "/nextPageToken", "input": "pageToken"});
    assert_eq!(json!(tool.page), page);
}
