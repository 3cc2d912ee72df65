//! Hacker News: a small, fixed world of invented items, in the API's own shapes.
//!
//! Nothing here is remembered or needs a credential. Source: github.com/HackerNews/API, v0.

use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

use super::http::{self, Call};

/// Answers `/v0/…`: `null` for an item or a user nobody knows.
pub(super) fn answer(call: &Call, path: &[&str]) -> Response {
    if call.method != Method::GET {
        let body = json!({ "error": "Permission denied" });
        return http::json(StatusCode::UNAUTHORIZED, &body);
    }
    let world: Value = serde_json::from_str(include_str!("hackernews.json")).unwrap_or_default();
    let names: Option<Vec<&str>> = match path {
        [whole] => whole.strip_suffix(".json").map(|name| vec![name]),
        [kind, name] => name.strip_suffix(".json").map(|name| vec![*kind, name]),
        _ => None,
    };
    let Some(names) = names else {
        return http::not_found("the API's paths end in .json");
    };
    http::json(StatusCode::OK, &look_up(&world, &names))
}

fn look_up(world: &Value, names: &[&str]) -> Value {
    let items = world["items"].as_array().map(Vec::as_slice).unwrap_or_default();
    let ids = || items.iter().filter_map(|item| item["id"].as_u64());
    match names {
        ["maxitem"] => ids().max().into(),
        [
            list @ ("topstories" | "newstories" | "beststories" | "askstories" | "showstories"
            | "jobstories" | "updates"),
        ] => world[*list].clone(),
        ["item", id] => {
            let id: Option<u64> = id.parse().ok();
            items.iter().find(|item| item["id"].as_u64() == id).cloned().unwrap_or_default()
        }
        ["user", id] => world["users"].get(*id).cloned().unwrap_or_default(),
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_named_in_this_world_is_there() {
        let world: Value = serde_json::from_str(include_str!("hackernews.json")).unwrap();

        for list in
            ["topstories", "newstories", "beststories", "askstories", "showstories", "jobstories"]
        {
            for id in look_up(&world, &[list]).as_array().unwrap() {
                assert!(look_up(&world, &["item", &id.to_string()]).is_object(), "{list} {id}");
            }
        }
        for item in world["items"].as_array().unwrap() {
            assert!(look_up(&world, &["user", item["by"].as_str().unwrap()]).is_object(), "{item}");
            for kid in item["kids"].as_array().into_iter().flatten() {
                let kid = look_up(&world, &["item", &kid.to_string()]);
                assert_eq!(kid["parent"], item["id"]);
            }
        }
        assert_eq!(look_up(&world, &["item", "1"]), Value::Null);
    }
}
