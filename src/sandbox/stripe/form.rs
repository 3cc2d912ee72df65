//! Stripe's form encoding: `metadata[a]=1&items[0][price]=p&expand[]=x` as a tree of texts.

use serde_json::{Map, Value};

use crate::sandbox::http::Params;

/// How many brackets a name may have.
const DEEPEST: usize = 8;

/// Reads names with brackets into objects; `[]` counts up. A later value replaces an earlier one.
pub(super) fn tree(params: &Params) -> Map<String, Value> {
    let mut root = Map::new();
    for (name, value) in &params.0 {
        put(&mut root, &path(name), value);
    }
    root
}

/// Turns objects whose names are all numbers into lists and `true` and `false` into what they say,
/// here and below.
pub(super) fn listed(value: Value) -> Value {
    let map = match value {
        Value::Object(map) => map,
        Value::String(text) if text == "true" || text == "false" => return (text == "true").into(),
        other => return other,
    };
    let numbered = !map.is_empty() && map.keys().all(|key| key.parse::<u32>().is_ok());
    if !numbered {
        return map.into_iter().map(|(key, value)| (key, listed(value))).collect();
    }
    let mut items: Vec<_> = map.into_iter().collect();
    items.sort_by_key(|(key, _)| key.parse::<u32>().unwrap_or(u32::MAX));
    items.into_iter().map(|(_, value)| listed(value)).collect()
}

/// Takes `a[b][c]` apart; a name that is not well-formed stands for itself.
fn path(name: &str) -> Vec<&str> {
    let Some((first, rest)) = name.split_once('[') else { return vec![name] };
    let Some(inner) = rest.strip_suffix(']') else { return vec![name] };
    let parts: Vec<_> = std::iter::once(first).chain(inner.split("][")).collect();
    if first.is_empty() || parts.len() > DEEPEST { vec![name] } else { parts }
}

fn put(map: &mut Map<String, Value>, path: &[&str], value: &str) {
    let [first, rest @ ..] = path else { return };
    let key = if first.is_empty() { map.len().to_string() } else { (*first).to_owned() };
    if rest.is_empty() {
        map.insert(key, value.into());
        return;
    }
    let below = map.entry(key).or_insert_with(|| Map::new().into());
    if !below.is_object() {
        *below = Map::new().into();
    }
    if let Some(below) = below.as_object_mut() {
        put(below, rest, value);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn brackets_become_a_tree() {
        let params =
            Params::parse(b"a=1&metadata[x]=2&items[0][price]=p&items[1][price]=q&e[]=3&e[]=4");

        let tree = Value::Object(tree(&params));

        let lists = json!({
            "a": "1",
            "metadata": { "x": "2" },
            "items": [{ "price": "p" }, { "price": "q" }],
            "e": ["3", "4"],
        });
        assert_eq!(listed(tree), lists);
    }

    #[test]
    fn a_name_out_of_shape_stands_for_itself() {
        let deep = format!("a{}", "[b]".repeat(5000));

        assert_eq!(path(&deep).len(), 1);
        assert_eq!(path("a[b"), ["a[b"]);
        assert_eq!(path("[b]"), ["[b]"]);
    }
}
