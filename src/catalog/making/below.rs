//! Tools of a document below the address that a toolkit was given by hand.

use serde_json::Value;

use crate::catalog::manifest::{RequestLine, Tool};
use crate::catalog::template::holes;

/// Returns a tool that stands below `server` as one below `base`; `None` where it is elsewhere.
///
/// A hole of the base stands for whatever the server has there. In the tool's own path it stands for a hole
/// alone, and the input that filled that one goes: the login says it.
pub(super) fn below(base: &str, server: &str, tool: &Tool) -> Option<Tool> {
    let whole = format!("{server}{}", tool.request.path);
    let mut parts = whole.split('/');
    let of_server = server.split('/').count();
    let mut said = Vec::new();
    for (at, own) in base.split('/').enumerate() {
        let filling = filling(own, parts.next()?)?;
        if at >= of_server && !filling.is_empty() {
            said.push(input(filling)?);
        }
    }
    let path: String = parts.flat_map(|part| ["/", part]).collect();
    if path.is_empty() {
        return None;
    }
    let request = RequestLine { path, ..tool.request.clone() };
    let mut tool = Tool { request, ..tool.clone() };
    for name in said {
        forget(&mut tool, name);
    }
    Some(tool)
}

/// Returns what stands in the hole of a part of the base, and nothing where it has no hole; `None` if the
/// parts differ.
fn filling<'a>(own: &str, part: &'a str) -> Option<&'a str> {
    let Some((before, rest)) = own.split_once('{') else {
        return (own == part).then_some("");
    };
    let after = rest.split_once('}').unwrap().1;
    assert!(!after.contains('{'), "`{own}` has several holes");
    let filling = part.strip_prefix(before)?.strip_suffix(after)?;
    Some(filling).filter(|filling| !filling.is_empty())
}

/// Returns the name of a hole, if that is all there is.
fn input(text: &str) -> Option<&str> {
    let name = text.strip_prefix('{')?.strip_suffix('}')?;
    (holes(text) == Ok(vec![name])).then_some(name)
}

/// Takes an input away from a tool.
fn forget(tool: &mut Tool, name: &str) {
    tool.wire.remove(name);
    if let Some(Value::Object(properties)) = tool.input.get_mut("properties") {
        properties.shift_remove(name);
    }
    if let Some(Value::Array(required)) = tool.input.get_mut("required") {
        required.retain(|one| one.as_str() != Some(name));
        if required.is_empty() {
            tool.input.shift_remove("required");
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tool(request: &str, inputs: &[&str]) -> Tool {
        let properties: serde_json::Map<_, _> =
            inputs.iter().map(|name| ((*name).to_owned(), json!({"type": "string"}))).collect();
        let wire: serde_json::Map<_, _> =
            inputs.iter().map(|name| ((*name).to_owned(), json!("path matrix"))).collect();
        let input = json!({"type": "object", "required": inputs, "properties": properties});
        let tool = json!({"slug": "ACME_GET", "name": "Get", "description": "Gets", "effect": "read",
            "request": request, "wire": wire, "input": input});
        serde_json::from_value(tool).unwrap()
    }

    #[test]
    fn what_the_base_says_is_not_said_again() {
        let list = tool("GET /v2/accounts/{accountId}/items", &["accountId"]);
        let one = tool("GET /v2/accounts/{accountId}/items/{id}", &["accountId", "id"]);
        let base = "https://{server}.acme.example/v2/accounts/{account}";

        let list = below(base, "https://www.acme.example", &list).unwrap();
        let one = below(base, "https://www.acme.example", &one).unwrap();

        assert_eq!(list.request.path, "/items");
        assert_eq!(Value::from(list.input), json!({"type": "object", "properties": {}}));
        assert!(list.wire.is_empty());
        assert_eq!(one.request.path, "/items/{id}");
        assert_eq!(one.input["required"], json!(["id"]));
        assert_eq!(one.inputs().collect::<Vec<_>>(), ["id"]);
        assert_eq!(one.wire.len(), 1);
    }

    #[test]
    fn the_path_of_the_server_counts() {
        let get = tool("GET /items?all=a/b", &[]);
        let path = |base, server| below(base, server, &get).map(|tool| tool.request.path);

        let whole = Some("/items?all=a/b".to_owned());
        assert_eq!(path("https://acme.example/v1", "https://acme.example/v1"), whole);
        assert_eq!(path("https://acme.example/bot{key}", "https://acme.example/bot12:ab"), whole);
        let deeper = Some("/v1/items?all=a/b".to_owned());
        assert_eq!(path("https://acme.example", "https://acme.example/v1"), deeper);
        assert_eq!(path("https://acme.example/v1", "https://acme.example/v1beta"), None);
        assert_eq!(path("https://acme.example/v2", "https://acme.example/v1"), None);
        assert_eq!(path("https://{site}.acme.example", "https://acme.example"), None);
    }

    #[test]
    fn what_is_beside_the_base_is_elsewhere() {
        let base = "https://acme.example/accounts/{account}";
        for (request, inputs) in [
            ("GET /accounts", &[][..]),
            ("GET /accounts/all", &[]),
            ("GET /accounts/all/items", &[]),
            ("GET /accounts/{id}", &["id"]),
            ("GET /accounts/{id}.json", &["id"]),
            ("GET /accounts/{id}{form}/items", &["id", "form"]),
            ("GET /health", &[]),
        ] {
            let tool = tool(request, inputs);

            assert!(below(base, "https://acme.example", &tool).is_none(), "{request}");
        }
    }
}
