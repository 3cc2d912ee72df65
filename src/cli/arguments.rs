//! Inputs that are more than a word: JSON from a flag, a file or stdin, secrets, files inside JSON.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;
use serde_json::{Map, Value, json};

use crate::api::error::{Error, Result};
use crate::api::secrets::Secrets;

/// Largest file that is put into a call.
const FILE_CAP: u64 = 25 * 1024 * 1024;
/// Largest text that is read: more than a file is in base64.
const TEXT_CAP: u64 = 2 * FILE_CAP;

/// Reads what `flag` was given: JSON itself, `@file`, or `-` for stdin; nothing is an empty object.
///
/// Fails with a usage error if it is no JSON object.
pub(crate) fn object(flag: &str, text: Option<&str>) -> Result<Map<String, Value>> {
    let Some(text) = text else { return Ok(Map::new()) };
    match json(flag, text)? {
        Value::Object(map) => Ok(map),
        _ => Err(Error::usage(format!("`{flag}` is JSON, but no object"))
            .hint("write it as '{\"key\": \"value\"}'")),
    }
}

/// Reads what `flag` was given: JSON itself, `@file`, or `-` for stdin.
///
/// Fails with a usage error if it is no JSON.
pub(crate) fn json(flag: &str, text: &str) -> Result<Value> {
    let text = match (text, text.strip_prefix('@')) {
        ("-", _) => stdin()?,
        (_, Some(path)) => {
            let bytes = File::open(path).and_then(|file| read(file, TEXT_CAP));
            let bytes = bytes.map_err(|error| unreadable(path, error))?;
            String::from_utf8(bytes)
                .map_err(|error| Error::usage(format!("`{path}` is no text")).because(error))?
        }
        (_, None) => text.to_owned(),
    };
    serde_json::from_str(&text).map_err(|error| {
        Error::usage(format!("`{flag}` is no JSON: {error}"))
            .hint("write it as '{\"key\": \"value\"}', `@file` or `-` for stdin")
    })
}

/// Tells whether an input names files as `@path`.
pub(crate) fn names_files(value: &Value) -> bool {
    match value {
        Value::String(text) => text.len() > 1 && text.starts_with('@'),
        Value::Array(items) => items.iter().any(names_files),
        Value::Object(map) => map.values().any(names_files),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Puts the content of files where the schema wants one (`"format": "file"`) and the input says `@path`.
///
/// Fails with a usage error if a file cannot be read or is larger than 25 MiB.
pub(crate) fn load_files(value: &mut Value, schema: &Value) -> Result<()> {
    match value {
        Value::String(text) if schema["format"] == "file" => {
            if let Some(path) = text.strip_prefix('@') {
                *value = file(path)?;
            }
        }
        Value::Array(items) => {
            for item in items {
                load_files(item, &schema["items"])?;
            }
        }
        Value::Object(map) => {
            for (key, item) in map {
                load_files(item, &schema["properties"][key.as_str()])?;
            }
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
    Ok(())
}

fn file(path: &str) -> Result<Value> {
    // Asked before it is opened: to open a pipe is to wait for who writes to it.
    let about = fs::metadata(path).map_err(|error| unreadable(path, error))?;
    if !about.is_file() {
        return Err(Error::usage(format!("`{path}` is no regular file")));
    }
    if about.len() > FILE_CAP {
        return Err(unreadable(path, too_large(FILE_CAP)));
    }
    let bytes = File::open(path).and_then(|file| read(file, FILE_CAP));
    let bytes = bytes.map_err(|error| unreadable(path, error))?;
    let name = Path::new(path).file_name().map(|name| name.to_string_lossy().into_owned());
    Ok(json!({
        "filename": name.unwrap_or_else(|| "file".to_owned()),
        "mime_type": mime_type(path),
        "data": STANDARD.encode(bytes),
    }))
}

/// Returns the media type by the file's ending; what is not known is bytes.
fn mime_type(path: &str) -> &'static str {
    let ending = Path::new(path).extension().and_then(|ending| ending.to_str());
    match ending.map(str::to_ascii_lowercase).as_deref() {
        Some("csv") => "text/csv",
        Some("gif") => "image/gif",
        Some("html" | "htm") => "text/html",
        Some("ics") => "text/calendar",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("json") => "application/json",
        Some("md") => "text/markdown",
        Some("pdf") => "application/pdf",
        Some("png") => "image/png",
        Some("txt") => "text/plain",
        Some("zip") => "application/zip",
        _ => "application/octet-stream",
    }
}

/// Returns the names of credentials given as `key=-`.
///
/// Fails with a usage error if a value stands on the command line, where everybody could read it.
pub(crate) fn names(given: &[String]) -> Result<Vec<&str>> {
    let mut names = Vec::new();
    for one in given {
        let Some(name) = one.strip_suffix("=-") else {
            // What stands there may be the secret itself, so nothing of it is repeated.
            return Err(Error::usage("a credential is not read from the command line").hint(
                "write `KEY=-` and give the value on stdin, or set `NAIVE_CREDENTIAL_<KEY>`",
            ));
        };
        names.push(name);
    }
    Ok(names)
}

/// Reads credentials of these names, a line of stdin each, in this order.
pub(crate) fn secrets(keys: &[&str]) -> Result<Secrets> {
    if keys.is_empty() {
        return Ok(Secrets::default());
    }
    let text = stdin()?;
    let mut lines = text.lines();
    let mut secrets = BTreeMap::new();
    for key in keys {
        let line = lines
            .next()
            .filter(|line| !line.is_empty())
            .ok_or_else(|| Error::usage(format!("stdin has no line for the credential `{key}`")))?;
        secrets.insert((*key).to_owned(), SecretString::from(line));
    }
    Ok(Secrets(secrets))
}

/// Reads one secret from a flag whose only value is `-`.
pub(crate) fn secret(flag: &str, value: &str) -> Result<SecretString> {
    if value != "-" {
        return Err(Error::usage(format!("`{flag}` is not read from the command line"))
            .hint(format!("write `{flag} -` and give the value on stdin")));
    }
    let text = stdin()?;
    match text.trim() {
        "" => Err(Error::usage(format!("stdin has nothing for `{flag}`"))),
        text => Ok(SecretString::from(text)),
    }
}

/// Reads stdin to its end.
pub(crate) fn stdin() -> Result<String> {
    let bytes = read(io::stdin().lock(), TEXT_CAP)
        .map_err(|error| Error::usage(format!("stdin cannot be read: {error}")).because(error))?;
    String::from_utf8(bytes)
        .map_err(|error| Error::usage("stdin cannot be read as text").because(error))
}

/// Reads a document of at most `cap` bytes from a file, or from stdin for `-`.
pub(crate) fn document(source: &str, cap: u64) -> Result<String> {
    let bytes = match source {
        "-" => read(io::stdin().lock(), cap),
        path => File::open(path).and_then(|file| read(file, cap)),
    };
    let bytes = bytes.map_err(|error| unreadable(source, error))?;
    String::from_utf8(bytes)
        .map_err(|error| Error::usage(format!("`{source}` is no text")).because(error))
}

/// Reads to the end, which for some files never comes.
fn read(from: impl Read, cap: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = from.take(cap + 1).read_to_end(&mut bytes)?;
    if u64::try_from(read).unwrap_or(u64::MAX) > cap { Err(too_large(cap)) } else { Ok(bytes) }
}

fn too_large(cap: u64) -> io::Error {
    io::Error::other(format!("it is larger than {} MiB", cap >> 20))
}

fn unreadable(path: &str, error: io::Error) -> Error {
    Error::usage(format!("`{path}` cannot be read: {error}")).because(error)
}

/// Reads a span of time as people write it: `90s`, `5m`.
pub(crate) fn time(text: &str) -> std::result::Result<Duration, String> {
    let span: jiff::SignedDuration =
        text.parse().map_err(|_| "write it as 90s or 5m".to_owned())?;
    Duration::try_from(span).map_err(|_| "it must not be negative".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_object_is_an_input() {
        assert!(object("--args", Some("{\"a\": 1}")).is_ok());
        for bad in ["[1]", "{", "\"x\"", "@/nonexistent"] {
            assert_eq!(object("--args", Some(bad)).unwrap_err().exit(), 2, "{bad}");
        }
    }

    #[test]
    fn a_secret_never_comes_from_the_command_line() {
        let error = names(&["api_key=sk_live_1".to_owned()]).unwrap_err();

        assert_eq!(error.exit(), 2);
        assert!(!format!("{error:?}").contains("sk_live_1"));
    }

    #[test]
    fn files_are_read_only_where_the_schema_wants_them() {
        let schema = json!({"properties": {"files": {"items": {"format": "file"}}, "body": {}}});
        let mut input = json!({"body": "@alice", "files": ["@/nonexistent"]});

        assert!(names_files(&input));
        assert!(load_files(&mut input, &schema).is_err());

        input["files"] = json!([]);
        load_files(&mut input, &schema).unwrap();
        assert_eq!(input["body"], "@alice");
    }
}
