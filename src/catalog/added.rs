//! The tools of a toolkit that was added, as they are kept: each on a line of its own, and a listing that tells what
//! they are called and by which words they are found without any of them being read.

use std::collections::BTreeMap;
use std::ops::Range;

use super::manifest::Tool;
use super::pack::Name;
use super::shares::in_shares;
use super::words::{Named, of_tool};
use crate::api::error::{Error, Result};
use crate::api::ids::ToolSlug;
use crate::api::toolkits::Effect;

/// The tools of an added toolkit.
#[derive(Debug, Clone)]
pub(crate) struct Added {
    listing: Listing,
    /// Each as a line of JSON, in their order
    tools: String,
}

impl Added {
    /// Takes up tools as they are kept.
    pub(crate) fn read(listing: String, tools: String) -> Result<Self> {
        Ok(Self { listing: Listing::read(listing)?, tools })
    }

    /// Returns tools as they are to be kept: a line of JSON each.
    ///
    /// Fails if one cannot be written.
    pub(crate) fn written(tools: &[Tool]) -> Result<String> {
        let lines = in_shares(tools, |tools| {
            let mut lines = Vec::new();
            for tool in tools {
                serde_json::to_writer(&mut lines, tool)?;
                lines.push(b'\n');
            }
            Ok(lines)
        });
        let lines: serde_json::Result<Vec<Vec<u8>>> = lines.into_iter().collect();
        String::from_utf8(lines.map_err(unwritten)?.concat()).map_err(unwritten)
    }

    /// Returns what they are called.
    pub(crate) fn listing(&self) -> &Listing {
        &self.listing
    }

    /// Returns the tools that stand at these places, which are in order or not.
    pub(crate) fn at(&self, places: &[usize]) -> Result<Vec<Tool>> {
        let lines: Vec<&str> = self.tools.lines().collect();
        places.iter().map(|at| tool(lines.get(*at).copied().unwrap_or_default())).collect()
    }

    /// Returns the tool of that slug.
    pub(crate) fn tool(&self, slug: &ToolSlug) -> Result<Option<Tool>> {
        let Some(at) = self.listing.place(slug.as_str()) else { return Ok(None) };
        self.tools.lines().nth(at).map(tool).transpose()
    }

    /// Returns all of them.
    pub(crate) fn all(&self) -> Result<Vec<Tool>> {
        self.tools.lines().map(tool).collect()
    }
}

/// What tools are called, what they do, and which words say how much of them.
///
/// Written, it is a line for each tool, an empty one, and a line for each word in their order. Of a tool: its slug,
/// `r`, `w` or `d` for its effect, its name and its description, with tabs between them; the effect is a capital letter
/// if the tool answers in pages. Of a word: the word, and behind it each place where it says something, by the number of
/// the tool and the weight, as in `email 0:212 7:64`.
#[derive(Debug, Clone)]
pub(crate) struct Listing {
    text: String,
    tools: Vec<Range<usize>>,
    words: Vec<Range<usize>>,
}

impl Listing {
    /// Makes the listing of some tools.
    pub(crate) fn of(tools: &[Tool]) -> Self {
        let mut text = String::new();
        let mut words: BTreeMap<String, String> = BTreeMap::new();
        let said = in_shares(tools, |tools| tools.iter().map(named).collect::<Vec<_>>());
        for (at, (tool, said)) in tools.iter().zip(said.into_iter().flatten()).enumerate() {
            for (word, weight) in said {
                let places = words.entry(word).or_default();
                places.extend([" ", &at.to_string(), ":", &weight.to_string()]);
            }
            let fields =
                [tool.slug.as_str(), effect_of(tool), &tool.name, &tool.description].map(one_line);
            text.push_str(&fields.join("\t"));
            text.push('\n');
        }
        text.push('\n');
        for (word, places) in words {
            text.push_str(&word);
            text.push_str(&places);
            text.push('\n');
        }
        Self::split(text)
    }

    /// Takes up a listing that was kept, or makes one of tools that were kept without.
    ///
    /// Fails if those cannot be read.
    pub(crate) fn read(text: String) -> Result<Self> {
        if text.starts_with('{') {
            let tools = text.lines().map(tool).collect::<Result<Vec<_>>>()?;
            return Ok(Self::of(&tools));
        }
        Ok(Self::split(text))
    }

    fn split(text: String) -> Self {
        let (mut tools, mut words) = (Vec::new(), Vec::new());
        let (mut from, mut names) = (0, true);
        for line in text.split_inclusive('\n') {
            let place = from..from + line.trim_end_matches('\n').len();
            from += line.len();
            match names {
                true if place.is_empty() => names = false,
                true => tools.push(place),
                false => words.push(place),
            }
        }
        Self { text, tools, words }
    }

    /// Returns it as it is to be kept.
    pub(crate) fn into_text(self) -> String {
        self.text
    }

    /// Returns how many tools there are.
    pub(crate) fn len(&self) -> usize {
        self.tools.len()
    }

    /// Returns what the tool at a place is called.
    pub(crate) fn name(&self, at: usize) -> Name {
        let [slug, _, name, description] = self.fields(at).map(str::to_owned);
        Name { slug, name, description }
    }

    /// Returns what the tool at a place does to the outside world.
    pub(crate) fn effect(&self, at: usize) -> Effect {
        match self.fields(at)[1] {
            "r" | "R" => Effect::Read,
            "d" | "D" => Effect::Destructive,
            _ => Effect::Write,
        }
    }

    /// Tells whether the tool at a place answers in pages.
    pub(crate) fn is_paged(&self, at: usize) -> bool {
        self.fields(at)[1].starts_with(char::is_uppercase)
    }

    /// Returns the place of the tool of that slug.
    fn place(&self, slug: &str) -> Option<usize> {
        (0..self.len()).find(|at| self.fields(*at)[0] == slug)
    }

    fn fields(&self, at: usize) -> [&str; 4] {
        let mut fields = self.text[self.tools[at].clone()].splitn(4, '\t');
        std::array::from_fn(|_| fields.next().unwrap_or_default())
    }

    /// Returns the places of the tools of which a word says something, and its weights there.
    pub(super) fn places(&self, word: &str) -> impl Iterator<Item = (usize, u8)> {
        let line = |place: &Range<usize>| self.text[place.clone()].split_once(' ');
        let name = |place: &Range<usize>| line(place).map_or("", |(name, _)| name);
        let at = self.words.partition_point(|place| name(place) < word);
        let found = self.words.get(at).and_then(line).filter(|(name, _)| *name == word);
        let places = found.into_iter().flat_map(|(_, places)| places.split(' '));
        places.filter_map(|place| {
            let (at, weight) = place.split_once(':')?;
            let at = at.parse().ok().filter(|at| *at < self.len())?;
            Some((at, weight.parse().ok()?))
        })
    }
}

fn tool(line: &str) -> Result<Tool> {
    serde_json::from_str(line).map_err(|error| {
        Error::internal("a tool of a toolkit that was added cannot be read", error)
            .hint("add the toolkit again with `naive toolkits add` or `import`")
    })
}

fn unwritten(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::internal("a tool cannot be written", error)
}

fn effect_of(tool: &Tool) -> &'static str {
    match (tool.effect, tool.page.is_some()) {
        (Effect::Read, false) => "r",
        (Effect::Read, true) => "R",
        (Effect::Write, false) => "w",
        (Effect::Write, true) => "W",
        (Effect::Destructive, false) => "d",
        (Effect::Destructive, true) => "D",
    }
}

/// Returns a text without what parts lines and fields: a server may say more of a tool than one line.
fn one_line(text: &str) -> String {
    text.replace(['\n', '\r', '\t'], " ")
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::pack::App;
    use crate::catalog::search::Search;

    fn tools() -> Vec<Tool> {
        let mut tools = App::of("github").unwrap().tools_at(&[0, 1, 2, 3, 4, 5, 6, 7]).unwrap();
        // As a server may have it.
        tools[3].description = "Takes two lines,\n\tand an empty one\n\nbehind them".to_owned();
        tools
    }

    #[test]
    fn a_listing_says_what_the_tools_say() {
        let tools = tools();

        let listing = Listing::read(Listing::of(&tools).into_text()).unwrap();

        assert_eq!(listing.len(), tools.len());
        for (at, tool) in tools.iter().enumerate() {
            let told = (listing.effect(at), listing.is_paged(at));
            assert_eq!(told, (tool.effect, tool.page.is_some()), "{}", tool.slug);
            assert_eq!(listing.place(tool.slug.as_str()), Some(at));
            let name = Name { description: one_line(&tool.description), ..Name::of(tool) };
            assert_eq!(listing.name(at), name);
        }
        assert!(tools.iter().any(|tool| tool.page.is_some()));
        assert_eq!(listing.place("GITHUB_NONE"), None);
    }

    #[test]
    fn tools_that_were_kept_without_a_listing_are_found_too() {
        let (tools, card) = (tools(), App::of("github").unwrap().card().unwrap());
        let text = Added::written(&tools).unwrap();
        let found = |listing: &Listing| {
            let search = Search::new(Some("issue"));
            search.tools_of(&card, listing).collect::<Vec<_>>()
        };

        let added = Added::read(text.clone(), text).unwrap();

        assert_eq!(found(added.listing()), found(&Listing::of(&tools)));
        assert!(!found(added.listing()).is_empty());
        assert_eq!(added.at(&[5, 2]).unwrap()[0].slug, tools[5].slug);
        assert_eq!(added.all().unwrap().len(), tools.len());
        let last = &tools[7].slug;
        assert_eq!(added.tool(last).unwrap().unwrap().request, tools[7].request);
        assert!(added.tool(&"GITHUB_NONE".parse().unwrap()).unwrap().is_none());
    }

    #[test]
    fn nothing_is_listed_of_no_tools() {
        for listing in [Listing::of(&[]), Listing::read(String::new()).unwrap()] {
            assert_eq!(listing.len(), 0);
            assert_eq!(listing.places("").next(), None);
        }
    }
}
