//! Finding tools in the shipped catalog, and importing a document, beside programs that read as much.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::Result;
use crate::measure::{Line, Side, found};
use crate::mirror::Mirror;

/// How many operations the document has that is imported.
const OPERATIONS: usize = 2_000;

/// Returns the lines.
pub(crate) fn lines(mirror: &Mirror) -> Result<Vec<Line>> {
    let document = document()?;
    // What is imported is searched by every command after that.
    let home = document.with_file_name("imports");
    let beside = |line: &str| mirror.naive(line).env("NAIVE_HOME", &home);
    let line = |what: &str, naive, aim| Line {
        what: format!("finding: {what}"),
        naive,
        name: "sqlite3 --version",
        beside: found("sqlite3")
            .map(|program| Side::new([program.into_os_string(), "--version".into()])),
        aim,
    };
    let finds = |what: &str, words: &str, aim| line(what, mirror.naive(words), aim);
    let jq = found("jq").map(|program| {
        Side::new([program.into_os_string(), ".".into(), document.clone().into_os_string()])
    });
    Ok(vec![
        finds(
            "tools search, all apps",
            "tools search send+an+email+with+attachment",
            "<= 2x, 12 MB",
        ),
        finds("tools search, one word", "tools search create", "<= 2x, 12 MB"),
        finds("toolkits list", "toolkits list", "12 MB"),
        finds("tools of one app", "connections tools github --brief", "<= 2x, 12 MB"),
        finds("one tool of a large app", "tools get GOOGLECOMPUTEENGINE_INSTANCES_INSERT", ""),
        Line {
            what: format!("import, {OPERATIONS} operations"),
            naive: beside(&format!("toolkits import {} --slug imported", document.display())),
            name: "jq . of the document",
            beside: jq,
            aim: "<= 1x",
        },
        line("tools search, and in what was imported", beside("tools search create"), ""),
    ])
}

/// Writes a document of many operations, each with parameters and a body.
fn document() -> Result<PathBuf> {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("process").join("document.json");
    std::fs::create_dir_all(path.parent().ok_or("the document lies in a directory")?)?;
    let mut paths = String::new();
    for number in 0..OPERATIONS {
        let comma = if number == 0 { "" } else { "," };
        write!(
            paths,
            r##"{comma}"/things{number}/{{id}}":{{"post":{{"operationId":"changeThing{number}",
            "summary":"Change thing {number}","parameters":[
            {{"name":"id","in":"path","required":true,"schema":{{"type":"string"}}}},
            {{"name":"fields","in":"query","schema":{{"type":"array","items":{{"type":"string"}}}}}}],
            "requestBody":{{"content":{{"application/json":{{"schema":{{"$ref":"#/components/schemas/Thing"}}}}}}}},
            "responses":{{"200":{{"description":"It is changed"}}}}}}}}"##
        )?;
    }
    let schema = r#"{"type":"object","required":["name"],"properties":{"name":{"type":"string"},
        "count":{"type":"integer"},"kind":{"enum":["a","b"]},"inner":{"type":"object",
        "properties":{"note":{"type":"string"},"when":{"type":"string","format":"date-time"}}}}}"#;
    let text = format!(
        r#"{{"openapi":"3.0.3","info":{{"title":"Things","version":"1"}},
        "servers":[{{"url":"https://things.example.com"}}],
        "components":{{"schemas":{{"Thing":{schema}}}}},"paths":{{{paths}}}}}"#
    );
    std::fs::write(&path, text)?;
    Ok(path)
}
