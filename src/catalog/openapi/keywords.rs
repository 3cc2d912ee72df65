//! The keywords of a schema, as documents write them and as tools have them.

use serde_json::{Map, Value, json};

/// What the parts of a schema say: of each keyword the value in the last part that has it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Keywords<'a> {
    pub(super) example: Option<&'a Value>,
    pub(super) default: Option<&'a Value>,
    pub(super) pattern: Option<&'a Value>,
    pub(super) description: Option<&'a Value>,
    pub(super) properties: Option<&'a Value>,
    pub(super) additional_properties: Option<&'a Value>,
    pub(super) items: Option<&'a Value>,
    pub(super) any_of: Option<&'a Value>,
    pub(super) one_of: Option<&'a Value>,
    kind: Option<&'a Value>,
    format: Option<&'a Value>,
    nullable: Option<&'a Value>,
    enumeration: Option<&'a Value>,
    constant: Option<&'a Value>,
    minimum: Option<&'a Value>,
    exclusive_minimum: Option<&'a Value>,
    maximum: Option<&'a Value>,
    exclusive_maximum: Option<&'a Value>,
    multiple_of: Option<&'a Value>,
    unique_items: Option<&'a Value>,
    min_length: Option<&'a Value>,
    max_length: Option<&'a Value>,
    min_items: Option<&'a Value>,
    max_items: Option<&'a Value>,
    min_properties: Option<&'a Value>,
    max_properties: Option<&'a Value>,
}

/// The types of JSON Schema.
const TYPES: [&str; 7] = ["string", "number", "integer", "boolean", "object", "array", "null"];

impl<'a> Keywords<'a> {
    /// Reads the parts of a schema. What stands beside a reference, or after the others, is the last word.
    pub(super) fn of(parts: &[&'a Map<String, Value>]) -> Self {
        let mut said = Self::default();
        for (keyword, value) in parts.iter().copied().flatten() {
            if let Some(place) = said.place(keyword) {
                *place = Some(value);
            }
        }
        said
    }

    fn place(&mut self, keyword: &str) -> Option<&mut Option<&'a Value>> {
        Some(match keyword {
            "type" => &mut self.kind,
            "description" => &mut self.description,
            "format" => &mut self.format,
            "properties" => &mut self.properties,
            "items" => &mut self.items,
            "enum" => &mut self.enumeration,
            "nullable" => &mut self.nullable,
            "example" => &mut self.example,
            "default" => &mut self.default,
            "pattern" => &mut self.pattern,
            "additionalProperties" => &mut self.additional_properties,
            "anyOf" => &mut self.any_of,
            "oneOf" => &mut self.one_of,
            "const" => &mut self.constant,
            "minimum" => &mut self.minimum,
            "exclusiveMinimum" => &mut self.exclusive_minimum,
            "maximum" => &mut self.maximum,
            "exclusiveMaximum" => &mut self.exclusive_maximum,
            "multipleOf" => &mut self.multiple_of,
            "uniqueItems" => &mut self.unique_items,
            "minLength" => &mut self.min_length,
            "maxLength" => &mut self.max_length,
            "minItems" => &mut self.min_items,
            "maxItems" => &mut self.max_items,
            "minProperties" => &mut self.min_properties,
            "maxProperties" => &mut self.max_properties,
            _ => return None,
        })
    }

    /// Returns the types that it names, those left out that JSON Schema does not have.
    pub(super) fn types(&self) -> Vec<&'a str> {
        let known = |word: &&str| TYPES.contains(word);
        let types: Vec<&str> = match self.kind {
            Some(Value::String(one)) => Some(one.as_str()).filter(known).into_iter().collect(),
            Some(Value::Array(several)) => {
                several.iter().filter_map(Value::as_str).filter(known).collect()
            }
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => {
                Vec::new()
            }
        };
        if types == ["number"] && matches!(self.format(), "int32" | "int64") {
            return vec!["integer"];
        }
        types
    }

    /// Tells whether what it describes is a file, where there can be one.
    pub(super) fn is_file(&self, types: &[&str]) -> bool {
        self.kind.is_some_and(|kind| kind == "file")
            || (self.format() == "binary" && types.iter().all(|one| *one == "string"))
    }

    /// Puts in the type.
    pub(super) fn put_type(&self, types: &[&str], made: &mut Map<String, Value>) {
        let mut types = types.to_vec();
        if self.is_nullable() && !types.is_empty() && !types.contains(&"null") {
            types.push("null");
        }
        match types.as_slice() {
            [] => {}
            [one] => {
                made.insert("type".to_owned(), (*one).into());
            }
            several => {
                made.insert("type".to_owned(), several.into());
            }
        }
    }

    /// Puts in what bounds a single value, where it is written as JSON Schema has it.
    pub(super) fn put_bounds(&self, types: &[&str], made: &mut Map<String, Value>) {
        self.put_enum(types, made);
        let short = |text: &str| text.len() <= 40 && text.chars().all(|c| c.is_ascii_graphic());
        let format = self.format.filter(|format| format.as_str().is_some_and(short));
        let default = self.default.filter(|one| !one.is_object() && !one.is_null());
        put("format", format, made);
        put("const", self.constant, made);
        put("default", default, made);
        for (key, bound, exclusive, beyond) in [
            ("minimum", self.minimum, "exclusiveMinimum", self.exclusive_minimum),
            ("maximum", self.maximum, "exclusiveMaximum", self.exclusive_maximum),
        ] {
            match (bound.filter(|bound| bound.is_number()), beyond) {
                (Some(bound), Some(Value::Bool(true))) => put(exclusive, Some(bound), made),
                (bound, beyond) => {
                    put(key, bound, made);
                    put(exclusive, beyond.filter(|beyond| beyond.is_number()), made);
                }
            }
        }
        put("uniqueItems", self.unique_items.filter(|unique| **unique == Value::Bool(true)), made);
        let step = self.multiple_of.filter(|step| step.as_f64().is_some_and(|step| step > 0.0));
        put("multipleOf", step, made);
        for (key, bound) in [
            ("minLength", self.min_length),
            ("maxLength", self.max_length),
            ("minItems", self.min_items),
            ("maxItems", self.max_items),
            ("minProperties", self.min_properties),
            ("maxProperties", self.max_properties),
        ] {
            put(key, bound.filter(|bound| bound.is_u64()), made);
        }
    }

    fn put_enum(&self, types: &[&str], made: &mut Map<String, Value>) {
        let Some(values) = self.enumeration.and_then(Value::as_array) else { return };
        let mut values: Vec<Value> =
            values.iter().filter_map(|value| fitting(value, types)).collect();
        if self.is_nullable() && !values.contains(&Value::Null) {
            values.push(Value::Null);
        }
        values.dedup();
        if !values.iter().all(Value::is_null) {
            made.insert("enum".to_owned(), values.into());
        }
    }

    fn format(&self) -> &'a str {
        self.format.and_then(Value::as_str).unwrap_or_default()
    }

    fn is_nullable(&self) -> bool {
        self.nullable == Some(&Value::Bool(true))
    }
}

fn put(keyword: &str, value: Option<&Value>, made: &mut Map<String, Value>) {
    made.extend(value.map(|value| (keyword.to_owned(), value.clone())));
}

/// Returns a value of an enumeration as its type has it; YAML reads `on` and `1` as no text.
fn fitting(value: &Value, types: &[&str]) -> Option<Value> {
    if types == ["string"] {
        return match value {
            Value::Bool(_) | Value::Number(_) => Some(value.to_string().into()),
            Value::Null => None,
            other => Some(other.clone()),
        };
    }
    if types == ["array"] && !value.is_array() {
        // Meant for the items.
        return None;
    }
    let numeric = !types.is_empty() && types.iter().all(|one| matches!(*one, "integer" | "number"));
    if numeric && let Some(text) = value.as_str() {
        return serde_json::from_str(text).ok().filter(Value::is_number);
    }
    Some(value.clone())
}

/// Returns the schema of a file, which users name as `@path`.
pub(super) fn file() -> Map<String, Value> {
    let schema = json!({
        "type": "object",
        "format": "file",
        "required": ["filename", "data"],
        "additionalProperties": false,
        "properties": {
            "filename": {"type": "string", "minLength": 1, "maxLength": 255},
            "mime_type": {"type": "string"},
            "data": {"type": "string", "contentEncoding": "base64"},
        },
    });
    match schema {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
