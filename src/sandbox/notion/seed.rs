//! What a workspace holds when the app is let in for the first time: a page, one inside it, and a
//! database with a few rows.

use serde_json::{Value, json};

use super::{Desk, Refusal, blocks, databases, markdown, pages, rich, text};

const WELCOME: &str = "Everything here can be changed: nobody minds.\n\
    ## What is where\n\
    - **Tasks** is a database\n\
    - *Engine log* is a page of its own\n\
    ## Still to do\n\
    - [x] Tape the moth into the logbook\n\
    - [ ] Order more punched cards";

const LOG: &str = "# The week\n\
    The difference engine ran for `41` hours.\n\
    > A machine is not a genius, it makes what we tell it to.\n\
    1. Oil the carry levers\n\
    2. Count the cards";

/// Makes the pages and the database.
pub(super) fn workspace(desk: &Desk<'_>) -> Result<(), Refusal> {
    let top = json!({ "type": "workspace", "workspace": true });
    let home = page(desk, top, "Getting started", WELCOME)?;
    let inside = json!({ "type": "page_id", "page_id": home["id"] });
    page(desk, inside, "Engine log", LOG)?;
    let schema = json!({
        "Name": { "title": {} },
        "Status": { "status": {} },
        "Priority": { "select": { "options": [
            { "name": "High", "color": "red" },
            { "name": "Low", "color": "gray" },
        ] } },
        "Due": { "date": {} },
        "Hours": { "number": {} },
        "Created": { "created_time": {} },
    });
    let title = json!([rich::plain("Tasks")]);
    let database = databases::make(desk, text(&home, "id"), &title, &schema)?;
    let source = databases::only_source(desk, &database)?;
    let parent = json!({
        "type": "data_source_id",
        "data_source_id": source["id"],
        "database_id": database["id"],
    });
    for (name, status, priority, hours) in [
        ("Oil the carry levers", "In progress", "High", 2),
        ("Order punched cards", "Not started", "Low", 1),
        ("Write to the Royal Society", "Done", "High", 5),
    ] {
        let values = json!({
            "Name": { "title": [rich::plain(name)] },
            "Status": { "status": { "name": status } },
            "Priority": { "select": { "name": priority } },
            "Hours": { "number": hours },
        });
        pages::make(desk, parent.clone(), &values, &Value::Null)?;
    }
    Ok(())
}

fn page(desk: &Desk<'_>, parent: Value, title: &str, content: &str) -> Result<Value, Refusal> {
    let properties = json!({ "title": { "title": [rich::plain(title)] } });
    let page = pages::make(desk, parent, &properties, &Value::Null)?;
    let own = json!({ "type": "page_id", "page_id": page["id"] });
    blocks::add(desk, &own, &markdown::read(content), usize::MAX)?;
    Ok(page)
}
