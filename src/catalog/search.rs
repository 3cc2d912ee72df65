//! Finding toolkits and tools by words, and names that were nearly right.

use std::collections::BTreeMap;

use super::manifest::{Manifest, Tool};
use super::pack::App;
use super::pack::index::{Query, tools};
use super::words::{Named, of_app, of_tool};

/// How well things fit what is looked for: 0 is not at all.
#[derive(Debug)]
pub(crate) struct Search(Option<Query>);

impl Search {
    /// Reads what is looked for; without words, everything fits.
    pub(crate) fn new(words: Option<&str>) -> Self {
        Self(words.and_then(Query::new))
    }

    /// Tells whether everything fits.
    pub(crate) fn is_any(&self) -> bool {
        self.0.is_none()
    }

    /// Returns how well each shipped app fits, in their order.
    pub(crate) fn apps(&self) -> Vec<f64> {
        self.0.as_ref().map_or_else(|| vec![1.0; App::all().len()], Query::shipped_apps)
    }

    /// Returns how well each tool of a shipped app fits, by their numbers.
    pub(crate) fn tools(&self) -> Vec<f64> {
        self.0.as_ref().map_or_else(|| vec![1.0; tools()], Query::shipped_tools)
    }

    /// Returns how well each tool of one shipped app fits, in its own order.
    pub(crate) fn tools_within(&self, app: App) -> Vec<f64> {
        match &self.0 {
            Some(query) => query.shipped_tools()[app.tools()].to_vec(),
            None => vec![1.0; app.tools().len()],
        }
    }

    /// Returns how well an added app fits.
    pub(crate) fn app(&self, app: &Manifest) -> f64 {
        let words = of_app(app.slug.as_str(), &app.name, &app.description);
        self.0.as_ref().map_or(1.0, |query| query.app(&words))
    }

    /// Returns how well a tool fits by what it is called, its app's name in its slug among it.
    pub(crate) fn words(&self, slug: &str, name: &str, description: &str) -> f64 {
        let words = of_tool(Named { slug, name, description, path: "", inputs: "" });
        self.0.as_ref().map_or(1.0, |query| query.tool(&words, &BTreeMap::new()))
    }

    /// Returns how well each tool of an added app fits.
    pub(crate) fn tools_of(&self, app: &Manifest) -> Vec<f64> {
        let Some(query) = &self.0 else { return vec![1.0; app.tools.len()] };
        let words = of_app(app.slug.as_str(), &app.name, &app.description);
        app.tools.iter().map(|tool| query.tool(&named(tool), &words)).collect()
    }
}

fn named(tool: &Tool) -> BTreeMap<String, u8> {
    let slug = tool.slug.as_str();
    of_tool(Named {
        slug: slug.split_once('_').map_or(slug, |(_, rest)| rest),
        name: &tool.name,
        description: &tool.description,
        path: &tool.request.path,
        inputs: &tool.inputs().collect::<Vec<_>>().join(" "),
    })
}

/// Leaves out what fits less than a third as well as the best does.
pub(crate) fn worthwhile<T>(found: &mut Vec<(f64, T)>) {
    let best = found.iter().map(|(score, _)| *score).fold(0.0, f64::max);
    found.retain(|(score, _)| *score > 0.0 && *score * 3.0 >= best);
}

/// Returns up to three of `known` that `wanted` may have meant, the nearest first.
pub(crate) fn nearest<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let wanted = wanted.to_lowercase();
    let mut close: Vec<(f64, &str)> = known
        .into_iter()
        .map(|name| {
            let lower = name.to_lowercase();
            let part = wanted.len() > 2 && lower.contains(&wanted);
            let likeness = strsim::jaro_winkler(&wanted, &lower);
            (if part { likeness.max(0.9) } else { likeness }, name)
        })
        .filter(|(likeness, _)| *likeness > 0.75)
        .collect();
    close.sort_by(|(a, x), (b, y)| b.total_cmp(a).then(x.cmp(y)));
    // Beside one that is much nearer, the others only distract.
    let best = close.first().map_or(0.0, |(likeness, _)| *likeness);
    close.retain(|(likeness, _)| best - likeness < 0.15);
    close.into_iter().take(3).map(|(_, name)| name).collect()
}

/// Returns "did you mean" as a hint, or `otherwise` where nothing is near.
pub(crate) fn did_you_mean(near: &[&str], otherwise: &str) -> String {
    match near {
        [] => otherwise.to_owned(),
        [one] => format!("did you mean `{one}`?"),
        [rest @ .., last] => format!("did you mean `{}` or `{last}`?", rest.join("`, `")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_name() {
        let tools = ["GMAIL_SEND_EMAIL", "GMAIL_SEND_DRAFT", "GMAIL_LIST_LABELS"];

        assert_eq!(nearest("gmail_send_emial", tools)[0], "GMAIL_SEND_EMAIL");
        assert_eq!(nearest("gmial", ["gmail", "stripe"]), ["gmail"]);
        assert!(nearest("zzz", ["gmail", "stripe"]).is_empty());
    }
}
