//! The index: which tools and apps a word says something of, and how much.

use std::collections::BTreeMap;

use crate::apps::App;
use crate::words::{Named, of_app, of_tool};
use crate::{Pack, Result, row};

/// Where a word stands: by the number of the tool, and of the app, how much it says of it.
#[derive(Default)]
struct Places {
    tools: Vec<(usize, u8)>,
    apps: Vec<(usize, u8)>,
}

/// Writes the index.
pub(crate) fn write(apps: &[App], pack: &mut Pack) -> Result<()> {
    let mut words: BTreeMap<String, Places> = BTreeMap::new();
    let mut number = 0;
    for (at, app) in apps.iter().enumerate() {
        let (name, description) = app.said()?;
        for (word, weight) in of_app(&app.slug, &name, &description) {
            words.entry(word).or_default().apps.push((at, weight));
        }
        for tool in &app.tools {
            let path = tool.request.split_once(' ').map_or("", |(_, path)| path);
            let name = tool.name.as_deref().unwrap_or(&tool.slug);
            let description = tool.description.as_deref().unwrap_or(&tool.request);
            for (word, weight) in
                of_tool(Named { slug: &tool.slug, name, description, path, inputs: &tool.inputs })
            {
                words.entry(word).or_default().tools.push((number, weight));
            }
            number += 1;
        }
    }
    let (mut table, mut names, mut places) = (Vec::new(), String::new(), Vec::new());
    for (word, found) in &words {
        let tools_at = places.len();
        put(&found.tools, &mut places);
        let apps_at = places.len();
        put(&found.apps, &mut places);
        row(&mut table, [names.len(), tools_at, apps_at, found.tools.len(), found.apps.len()])?;
        names.push_str(word);
    }
    row(&mut table, [names.len(), places.len(), places.len(), 0, 0])?;
    pack.section("WORDS", &table)?;
    pack.section("NAMES", names.as_bytes())?;
    pack.section("PLACES", &places)
}

/// Writes numbers as what they are more than the one before, seven bits a byte, each with its weight.
fn put(list: &[(usize, u8)], places: &mut Vec<u8>) {
    let mut before = 0;
    for (number, weight) in list {
        let mut more = number - before;
        before = *number;
        while more >= 128 {
            places.push(more.to_le_bytes()[0] | 128);
            more >>= 7;
        }
        places.push(more.to_le_bytes()[0]);
        places.push(*weight);
    }
}
