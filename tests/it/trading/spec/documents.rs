//! The two documents as validators: each is built when it is needed first, and kept.
//!
//! They are taken at their word and a little beyond: a field that they do not name is a fault, and so is
//! money that is not written as a plain decimal.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use jsonschema::Validator;
use serde_json::{Map, Value, json};
use url::{Url, form_urlencoded};

use super::exceptions;

/// The trading document as it was written down.
pub(super) const TRADING: &str = include_str!("../../../openapi/trading.json");
/// The market data document likewise.
pub(super) const MARKET_DATA: &str = include_str!("../../../openapi/market-data.json");

/// One of the two.
struct Document {
    root: Value,
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

static DOCUMENTS: LazyLock<[Document; 2]> = LazyLock::new(|| {
    [TRADING, MARKET_DATA].map(|text| {
        let mut root: Value = serde_json::from_str(text).unwrap();
        if text == TRADING {
            exceptions::write(&mut root);
        }
        for (name, schema) in root["components"]["schemas"].as_object_mut().unwrap() {
            let money = ["Account", "Order", "OrderLeg", "Position", "TradingActivities"];
            // A refusal may say more, and another schema builds on the snapshot.
            let open = ["Error", "stock_snapshot"].contains(&name.as_str());
            tighten(schema, money.contains(&name.as_str()), open);
        }
        Document { root, validators: Mutex::default() }
    })
});

/// Closes the objects of a schema, and has money written in one way.
fn tighten(schema: &mut Value, money: bool, open: bool) {
    let Some(schema) = schema.as_object_mut() else { return };
    if let Some(fields) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        for (name, field) in &mut *fields {
            tighten(field, money, open);
            if money && is_amount(name, field) {
                field["format"] = json!("decimal");
            }
        }
        if !open {
            schema.insert("unevaluatedProperties".to_owned(), json!(false));
        }
    }
    if let Some(items) = schema.get_mut("items") {
        tighten(items, money, open);
    }
    if schema.contains_key("allOf") {
        schema.insert("unevaluatedProperties".to_owned(), json!(false));
    }
}

/// Tells whether a field holds a price, a quantity or money.
fn is_amount(name: &str, field: &Value) -> bool {
    let ends = [
        "price",
        "qty",
        "cash",
        "equity",
        "value",
        "margin",
        "basis",
        "power",
        "_pl",
        "plpc",
        "notional",
        "hwm",
        "trail_percent",
        "multiplier",
        "_today",
        "fees",
    ];
    let text = field["type"] == "string" || field["type"] == json!(["string", "null"]);
    text && ends.iter().any(|end| name.ends_with(end))
}

/// Tells whether a text is a decimal number without an exponent, of at most nine digits after the point.
fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let numeric = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    numeric(whole) && numeric(part) && part.len() <= 9
}

impl Document {
    /// Returns everything that a schema finds wrong; `pointer` is where it stands.
    fn faults(&self, pointer: &str, place: &str, value: &Value) -> Vec<String> {
        let validator = self.validator(pointer);
        let errors = validator.iter_errors(value).map(|error| {
            let at = error.instance_path().to_string();
            let space = if at.is_empty() { "" } else { " " };
            format!("{place}{space}{at}: {error}")
        });
        errors.collect()
    }

    fn validator(&self, pointer: &str) -> Arc<Validator> {
        let mut kept = self.validators.lock().unwrap_or_else(PoisonError::into_inner);
        let made = kept.entry(pointer.to_owned()).or_insert_with(|| {
            let mut root = self.root.pointer(pointer).unwrap().clone();
            root["components"] = self.root["components"].clone();
            let options = jsonschema::options().should_validate_formats(true);
            Arc::new(options.with_format("decimal", is_decimal).build(&root).unwrap())
        });
        Arc::clone(made)
    }

    /// Returns a schema with its reference followed.
    fn followed<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let to = schema["$ref"].as_str().and_then(|to| to.strip_prefix('#'));
        to.map_or(schema, |to| self.root.pointer(to).unwrap())
    }

    /// Returns a text of a path or a query as what its schema says it is.
    fn read(&self, schema: &Value, text: &str) -> Value {
        let schema = self.followed(schema);
        let number = || serde_json::from_str::<Value>(text).ok().filter(Value::is_number);
        let read = match schema["type"].as_str() {
            Some("integer" | "number") => number(),
            Some("boolean") => text.parse().ok().map(Value::Bool),
            _ => None,
        };
        read.unwrap_or_else(|| text.into())
    }
}

/// An operation of a document, and where a request stands in it.
struct Found<'a> {
    document: &'a Document,
    /// Of the operation
    pointer: String,
    operation: &'a Value,
    /// Parts of the path by name, decoded
    parts: Vec<(String, String)>,
}

fn decoded(text: &str) -> String {
    // A plus is a plus in a path.
    let query = format!("v={}", text.replace('+', "%2B").replace('&', "%26"));
    form_urlencoded::parse(query.as_bytes()).map(|(_, value)| value.into_owned()).collect()
}

/// Returns the variable parts of a path if it is of this form.
fn matched(template: &str, path: &str) -> Option<Vec<(String, String)>> {
    let (words, given) = (template.split('/'), path.split('/'));
    if words.clone().count() != given.clone().count() {
        return None;
    }
    let mut parts = Vec::new();
    for (word, text) in words.zip(given) {
        match word.strip_prefix('{').and_then(|word| word.strip_suffix('}')) {
            Some(name) if !text.is_empty() => parts.push((name.to_owned(), decoded(text))),
            None if word == text => {}
            Some(_) | None => return None,
        }
    }
    Some(parts)
}

/// Finds the operation, or says why there is none. A form with fewer variable parts is the better one.
fn find(method: &str, path: &str) -> Result<Found<'static>, String> {
    let all = DOCUMENTS.iter().flat_map(|document| {
        let paths: &Map<String, Value> = document.root["paths"].as_object().unwrap();
        paths.iter().map(move |(template, item)| (document, template, item))
    });
    let fitting = all.filter_map(|(document, template, item)| {
        matched(template, path).map(|parts| (document, template, item, parts))
    });
    let best = fitting.min_by_key(|(.., parts)| parts.len());
    let (document, template, item, parts) = best.ok_or("there is no such path")?;
    let verb = method.to_ascii_lowercase();
    let operation = item.get(&verb).ok_or("there is no such verb")?;
    let escaped = template.replace('~', "~0").replace('/', "~1");
    Ok(Found { document, pointer: format!("/paths/{escaped}/{verb}"), operation, parts })
}

impl Found<'_> {
    fn parameters(&self, query: &str) -> Vec<String> {
        let pairs: Vec<(String, String)> =
            form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let described = self.operation["parameters"].as_array().map_or(&[][..], Vec::as_slice);
        let mut faults = Vec::new();
        for (name, _) in &pairs {
            if !described.iter().any(|one| one["in"] == "query" && one["name"] == name.as_str()) {
                faults.push(format!("query {name}: there is no such parameter"));
            }
        }
        for (index, one) in described.iter().enumerate() {
            let (name, place) = (one["name"].as_str().unwrap(), one["in"].as_str().unwrap());
            let given = if place == "path" { &self.parts } else { &pairs };
            let texts = given.iter().filter(|(key, _)| key == name).map(|(_, text)| text.as_str());
            let texts: Vec<&str> = texts.collect();
            let spot = format!("{place} {name}");
            match (texts.as_slice(), one["required"] == true) {
                ([], true) => faults.push(format!("{spot}: it is missing")),
                ([], false) => {}
                (texts, _) => {
                    let pointer = format!("{}/parameters/{index}/schema", self.pointer);
                    let value = self.value(one, texts);
                    faults.extend(self.document.faults(&pointer, &spot, &value));
                }
            }
        }
        faults
    }

    /// Returns what a parameter was given; one that is given twice and is no list is a list, which is a fault.
    fn value(&self, parameter: &Value, texts: &[&str]) -> Value {
        let schema = self.document.followed(&parameter["schema"]);
        let read = |text: &str| self.document.read(&schema["items"], text);
        match (schema["type"] == "array", texts) {
            (true, [text]) if parameter["explode"] == false => text.split(',').map(read).collect(),
            (false, [text]) => self.document.read(schema, text),
            (true | false, texts) => texts.iter().map(|text| read(text)).collect(),
        }
    }

    /// Checks a body against what stands at `place` of the operation.
    fn body(&self, place: &str, body: Option<&Value>) -> Vec<String> {
        let pointer = format!("{}/{place}/content/application~1json/schema", self.pointer);
        match (self.document.root.pointer(&pointer), body) {
            (None, None) => Vec::new(),
            (None, Some(_)) => vec!["body: there is none here".to_owned()],
            (Some(_), None) => vec!["body: it is missing".to_owned()],
            (Some(_), Some(body)) => self.document.faults(&pointer, "body", body),
        }
    }
}

/// Returns everything that is wrong with a request.
pub(super) fn request_faults(
    method: &str,
    path_and_query: &str,
    body: Option<&Value>,
) -> Vec<String> {
    let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
    let found = match find(method, path) {
        Ok(found) => found,
        Err(fault) => return vec![fault],
    };
    let mut faults = found.parameters(query);
    if Url::parse(&format!("http://broker{path_and_query}")).is_err() {
        faults.push("it is no URL".to_owned());
    }
    faults.extend(found.body("requestBody", body));
    faults
}

/// Returns everything that is wrong with an answer.
///
/// The documents hardly describe refusals: that of the trading API is its `Error`, but for a credential that
/// nobody knows; market data has a message alone.
pub(super) fn reply_faults(
    method: &str,
    path_and_query: &str,
    status: u16,
    body: Option<&Value>,
) -> Vec<String> {
    let path = path_and_query.split_once('?').map_or(path_and_query, |(path, _)| path);
    let found = match find(method, path) {
        Ok(found) => found,
        Err(fault) => return vec![fault],
    };
    let Some(body) = body.filter(|_| status >= 400) else {
        let described = found.operation["responses"].get(status.to_string()).is_some();
        let faults = (!described).then(|| "there is no such status".to_owned());
        return faults
            .into_iter()
            .chain(found.body(&format!("responses/{status}"), body))
            .collect();
    };
    let [trading, _] = &*DOCUMENTS;
    if status == 401 || !std::ptr::eq(found.document, trading) {
        let said = body["message"].as_str().is_some_and(|text| !text.is_empty());
        return if said { Vec::new() } else { vec!["body: it has no message".to_owned()] };
    }
    let code = body["code"].as_u64();
    let odd = code.is_some_and(|code| !(10_000_000..=99_999_999).contains(&code));
    let odd = odd.then(|| format!("body /code: {code:?} has not eight digits"));
    let faults = trading.faults("/components/schemas/Error", "body", body);
    faults.into_iter().chain(odd).collect()
}
