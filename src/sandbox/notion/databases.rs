//! Databases, the data sources in them, and queries of these.

use serde_json::{Value, json};

use super::pages::{address, narrow, trashing};
use super::{Answer, Desk, Refusal, SOURCES, blocks, filters, pages, rich, schemas, text};
use crate::sandbox::store::objects;

/// Renders a database with the names of its data sources; of an old version with the only schema.
fn shown(desk: &Desk<'_>, database: &Value) -> Answer {
    let mut shown = database.clone();
    let sources = sources(desk, database)?;
    if desk.version < SOURCES {
        shown["properties"] = only_source(desk, database)?["properties"].take();
        return Ok(shown);
    }
    let brief =
        |source: &Value| json!({ "id": source["id"], "name": rich::spoken(&source["title"]) });
    shown["data_sources"] = sources.iter().map(brief).collect::<Vec<_>>().into();
    Ok(shown)
}

fn sources(desk: &Desk<'_>, database: &Value) -> Result<Vec<Value>, Refusal> {
    let mut all = desk.all("data_source")?;
    all.retain(|source| source["parent"]["database_id"] == database["id"]);
    Ok(all)
}

/// Returns the data source of a database that has one.
pub(super) fn only_source(desk: &Desk<'_>, database: &Value) -> Answer {
    let mut all = sources(desk, database)?;
    match (all.pop(), all.is_empty()) {
        (Some(source), true) => Ok(source),
        _ => Err(Refusal::invalid(
            "Databases with multiple data sources are not supported in this API version.",
        )),
    }
}

/// Makes a database under a page, with one data source.
pub(super) fn create(desk: &Desk<'_>) -> Answer {
    let body = &desk.body;
    let above = body["parent"]["page_id"].as_str();
    let page = desk.find("page", above.ok_or_else(|| Refusal::undefined("parent.page_id"))?)?;
    let title = match &body["title"] {
        Value::Null => json!([]),
        title => rich::read(title, "title")?,
    };
    let old = desk.version < SOURCES;
    let properties =
        if old { &body["properties"] } else { &body["initial_data_source"]["properties"] };
    let schema = match properties {
        Value::Null => json!({ "Name": { "title": {} } }),
        sent => sent.clone(),
    };
    let database = make(desk, text(&page, "id"), &title, &schema)?;
    shown(desk, &database)
}

/// Remembers a new database and its data source.
pub(super) fn make(desk: &Desk<'_>, page: &str, title: &Value, properties: &Value) -> Answer {
    let mut database = desk.begun("database");
    let id = text(&database, "id").to_owned();
    for (name, value) in [
        ("title", title.clone()),
        ("description", json!([])),
        ("icon", Value::Null),
        ("cover", Value::Null),
        ("parent", json!({ "type": "page_id", "page_id": page })),
        ("is_inline", desk.body["is_inline"].as_bool().unwrap_or(false).into()),
        ("is_locked", false.into()),
        ("url", address(&id).into()),
        ("public_url", Value::Null),
    ] {
        database[name] = value;
    }
    objects::insert(desk.db, desk.shelf("database"), &id, &database)?;
    blocks::place(desk, page, std::slice::from_ref(&id), usize::MAX)?;
    make_source(desk, &database, title, properties)?;
    Ok(database)
}

fn make_source(desk: &Desk<'_>, database: &Value, title: &Value, properties: &Value) -> Answer {
    let mut source = desk.begun("data_source");
    let id = text(&source, "id").to_owned();
    for (name, value) in [
        ("title", title.clone()),
        ("description", json!([])),
        ("icon", Value::Null),
        ("cover", Value::Null),
        ("parent", json!({ "type": "database_id", "database_id": database["id"] })),
        ("database_parent", database["parent"].clone()),
        ("is_inline", database["is_inline"].clone()),
        ("properties", schemas::read(properties)?),
        ("url", database["url"].clone()),
        ("public_url", Value::Null),
    ] {
        source[name] = value;
    }
    objects::insert(desk.db, desk.shelf("data_source"), &id, &source)?;
    Ok(source)
}

/// Answers with a database.
pub(super) fn get(desk: &Desk<'_>, id: &str) -> Answer {
    shown(desk, &desk.find("database", id)?)
}

fn describe(desk: &Desk<'_>, object: &mut Value) -> Result<(), Refusal> {
    for name in ["title", "description"] {
        if let Some(value) = desk.body.get(name) {
            object[name] = rich::read(value, name)?;
        }
    }
    for name in ["icon", "cover", "is_inline", "is_locked"] {
        if let Some(value) = desk.body.get(name) {
            object[name] = value.clone();
        }
    }
    if let Some(trashed) = trashing(&desk.body) {
        object["in_trash"] = trashed.into();
    }
    desk.touch(object);
    Ok(())
}

/// Changes what a database says of itself.
pub(super) fn update(desk: &Desk<'_>, id: &str) -> Answer {
    let mut database = desk.find("database", id)?;
    describe(desk, &mut database)?;
    desk.keep("database", &database)?;
    shown(desk, &database)
}

/// Adds a data source to a database.
pub(super) fn create_source(desk: &Desk<'_>) -> Answer {
    let id = desk.body["parent"]["database_id"].as_str();
    let id = id.ok_or_else(|| Refusal::undefined("parent.database_id"))?;
    let title = match &desk.body["title"] {
        Value::Null => json!([]),
        title => rich::read(title, "title")?,
    };
    make_source(desk, &desk.find("database", id)?, &title, &desk.body["properties"])
}

/// Answers with a data source.
pub(super) fn get_source(desk: &Desk<'_>, id: &str) -> Answer {
    desk.find("data_source", id)
}

/// Changes a data source and its properties.
pub(super) fn update_source(desk: &Desk<'_>, id: &str) -> Answer {
    let mut source = desk.find("data_source", id)?;
    describe(desk, &mut source)?;
    schemas::change(&mut source["properties"], &desk.body["properties"])?;
    desk.keep("data_source", &source)?;
    Ok(source)
}

/// Queries the only data source of a database, as it was before there were several.
pub(super) fn query_database(desk: &Desk<'_>, id: &str) -> Answer {
    let source = only_source(desk, &desk.find("database", id)?)?;
    query(desk, text(&source, "id"))
}

/// Lists rows of a data source, the newest first unless told.
pub(super) fn query(desk: &Desk<'_>, id: &str) -> Answer {
    let source = desk.find("data_source", id)?;
    let trashed = trashing(&desk.body).unwrap_or(false);
    let mut rows = Vec::new();
    for page in desk.all("page")?.iter().rev() {
        if page["parent"]["data_source_id"] == source["id"] && page["in_trash"] == trashed {
            rows.push(pages::shown(desk, page)?);
        }
    }
    let filter = filters::Filter::read(&desk.body["filter"], &source["properties"])?;
    rows.retain(|row| filter.holds(row));
    filters::sort(&mut rows, &desk.body["sorts"], &source["properties"])?;
    let query = desk.call.query.0.iter();
    let wanted: Vec<_> = query
        .filter(|(name, _)| matches!(name.as_str(), "filter_properties" | "filter_properties[]"))
        .flat_map(|(_, value)| value.split(','))
        .collect();
    for row in &mut rows {
        narrow(row, &wanted);
    }
    let old = desk.version < SOURCES;
    desk.list(if old { "page_or_database" } else { "page_or_data_source" }, rows)
}
