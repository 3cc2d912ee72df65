//! The index of the shipped catalog: what a query's words say of each app and tool.

use std::collections::BTreeMap;
use std::ops::Range;

use super::{App, PACK, number, places, text};
use crate::catalog::words::{split, stem};

/// How many numbers a word's row has: where its name begins, where its places do, how many tools and apps there are.
const COLUMNS: usize = 4;
/// How much a word that means the same counts.
const SYNONYM: f64 = 0.6;
/// How much a word counts that only begins as the one that is looked for.
const BEGINNING: f64 = 0.5;
/// How many words may be meant by their beginning.
const MEANT: usize = 64;
/// How much a word of an app counts for its tools, beside one of their own.
const OF_APP: f64 = 0.8;

/// Words that are looked for.
#[derive(Debug)]
pub(crate) struct Query(Vec<Sought>);

/// One of them: the words of the index that it means, and how much each counts; or an app.
#[derive(Debug, Default)]
struct Sought {
    stems: Vec<(String, f64)>,
    words: Vec<(Word, f64)>,
    app: Option<App>,
}

/// A word of the index, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Word(usize);

impl Sought {
    /// Hands over the shipped apps of which it says something, and how much.
    fn of_apps(&self, mut each: impl FnMut(App, f64)) {
        if let Some(app) = self.app {
            each(app, rarity(1, App::all().len()));
        }
        for (word, counts) in &self.words {
            let places = word.places().1;
            let rare = counts * rarity(places.len, App::all().len());
            places.each(|app, weight| each(App(app), rare * weight));
        }
    }
}

impl Query {
    /// Reads what somebody looks for; `None` where that says nothing.
    pub(crate) fn new(asked: &str) -> Option<Self> {
        let words = split(asked);
        let mut sought = Vec::new();
        let mut rest = words.as_slice();
        while !rest.is_empty() {
            let mut longest = (1..=rest.len().min(3)).rev();
            let named = longest.find_map(|count| Some((count, nicknamed(&rest[..count])?)));
            let (count, app) = named.map_or((1, None), |(count, app)| (count, Some(app)));
            sought.push(match count {
                1 => {
                    let stem = stem(&rest[0]);
                    Sought { words: meant(&stem), stems: alike(&stem), app }
                }
                _ => Sought { app, ..Sought::default() },
            });
            rest = &rest[count..];
        }
        (!sought.is_empty()).then_some(Self(sought))
    }

    /// Returns how well each shipped app fits, by its number.
    pub(crate) fn shipped_apps(&self) -> Vec<f64> {
        let mut sum = Sum::new(App::all().len());
        for sought in &self.0 {
            sought.of_apps(|app, score| sum.raise(app.0, score));
            sum.next();
        }
        sum.whole(self.0.len())
    }

    /// Returns how well each tool of a shipped app fits, by its number.
    pub(crate) fn shipped_tools(&self) -> Vec<f64> {
        let mut sum = Sum::new(tools());
        for sought in &self.0 {
            for (word, counts) in &sought.words {
                let places = word.places().0;
                let rare = counts * rarity(places.len, tools());
                places.each(|tool, weight| sum.raise(tool, rare * weight));
            }
            sought.of_apps(|app, score| {
                app.tools().for_each(|tool| sum.raise(tool, OF_APP * score));
            });
            sum.next();
        }
        sum.whole(self.0.len())
    }

    /// Returns how well an app fits that is not shipped, by its words.
    pub(crate) fn app(&self, words: &BTreeMap<String, u8>) -> f64 {
        self.sum(|stem, counts| {
            let known = Word::of(stem).map_or(0, |word| word.places().1.len);
            let rare = counts * rarity(known, App::all().len());
            words.get(stem).map_or(0.0, |weight| rare * share(*weight))
        })
    }

    /// Returns how well a tool fits that is not shipped, by its words and those of its app.
    pub(crate) fn tool(&self, own: &BTreeMap<String, u8>, app: &BTreeMap<String, u8>) -> f64 {
        self.sum(|stem, counts| {
            let known = Word::of(stem).map(Word::places);
            let (of_tools, of_apps) = known.map_or((0, 0), |(tools, apps)| (tools.len, apps.len));
            let (of_tools, of_apps) =
                (rarity(of_tools, tools()), rarity(of_apps, App::all().len()));
            let said =
                |words: &BTreeMap<String, u8>| words.get(stem).map_or(0.0, |weight| share(*weight));
            counts * f64::max(of_tools * said(own), OF_APP * of_apps * said(app))
        })
    }

    /// Adds up what each word says by its stems.
    fn sum(&self, says: impl Fn(&str, f64) -> f64) -> f64 {
        let mut sum = Sum::new(1);
        for sought in &self.0 {
            for (stem, counts) in &sought.stems {
                let score = says(stem, *counts);
                if score > 0.0 {
                    sum.raise(0, score);
                }
            }
            sum.next();
        }
        sum.whole(self.0.len())[0]
    }
}

/// What words say together: of each the most that it says.
struct Sum {
    whole: Vec<f64>,
    hits: Vec<u8>,
    word: Vec<f64>,
    raised: Vec<usize>,
}

impl Sum {
    fn new(len: usize) -> Self {
        Self { whole: vec![0.0; len], hits: vec![0; len], word: vec![0.0; len], raised: Vec::new() }
    }

    fn raise(&mut self, at: usize, score: f64) {
        if self.word[at] == 0.0 {
            self.raised.push(at);
        }
        self.word[at] = self.word[at].max(score);
    }

    /// Goes on with the next word.
    fn next(&mut self) {
        for at in self.raised.drain(..) {
            self.whole[at] += self.word[at];
            self.hits[at] = self.hits[at].saturating_add(1);
            self.word[at] = 0.0;
        }
    }

    /// Returns the scores: less for what lacks some of the words.
    fn whole(mut self, words: usize) -> Vec<f64> {
        for (score, hits) in self.whole.iter_mut().zip(&self.hits) {
            let part = f64::from(*hits) / real(words);
            *score *= part * part;
        }
        self.whole
    }
}

/// Where a word stands, and how much it says there.
struct Places {
    bytes: &'static [u8],
    len: usize,
}

impl Places {
    /// Hands over each place, and returns what stands behind them.
    fn each(self, mut each: impl FnMut(usize, f64)) -> &'static [u8] {
        let mut bytes = self.bytes.iter();
        let mut at = 0;
        for _ in 0..self.len {
            let (mut more, mut shift) = (0, 0);
            for byte in bytes.by_ref() {
                more |= usize::from(byte & 127) << shift;
                shift += 7;
                if byte & 128 == 0 {
                    break;
                }
            }
            at += more;
            each(at, share(bytes.next().copied().unwrap_or_default()));
        }
        bytes.as_slice()
    }
}

impl Word {
    fn of(stem: &str) -> Option<Self> {
        let first = Self::first(stem);
        (first.0 < words() && first.name() == stem).then_some(first)
    }

    /// Returns the first word that does not come before a text.
    fn first(stem: &str) -> Self {
        let (mut low, mut high) = (0, words());
        while low < high {
            let middle = usize::midpoint(low, high);
            if Self(middle).name() < stem { low = middle + 1 } else { high = middle }
        }
        Self(low)
    }

    fn name(self) -> &'static str {
        text(&PACK[places::NAMES][self.number(0)..Self(self.0 + 1).number(0)])
    }

    /// Returns the tools and the apps of which it says something.
    fn places(self) -> (Places, Places) {
        let bytes = &PACK[places::PLACES][self.number(1)..Self(self.0 + 1).number(1)];
        let (tools, apps) = (self.number(2), self.number(3));
        let behind = Places { bytes, len: tools }.each(|_, _| ());
        (Places { bytes, len: tools }, Places { bytes: behind, len: apps })
    }

    fn number(self, column: usize) -> usize {
        number(places::WORDS, self.0 * COLUMNS + column)
    }
}

fn words() -> usize {
    places::WORDS.len() / (4 * COLUMNS) - 1
}

/// Returns how many tools there are.
pub(crate) fn tools() -> usize {
    places::EFFECTS.len()
}

/// Returns a count as a number with a point.
fn real(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}

/// Returns a weight as a share of the largest.
fn share(weight: u8) -> f64 {
    f64::from(weight) / 255.0
}

/// Returns how much a word tells that `places` of `all` have (the idf of Okapi BM25).
fn rarity(places: usize, all: usize) -> f64 {
    let (places, all) = (real(places), real(all));
    (1.0 + (all - places + 0.5) / (places + 0.5)).ln()
}

/// Returns the stems that mean what one does, and how much each counts.
fn alike(stem: &str) -> Vec<(String, f64)> {
    let groups = synonyms().skip(1).take_while(|line| !line.is_empty());
    let mut group =
        groups.map(|line| line.split(' ')).find(|group| group.clone().any(|word| word == stem));
    let others = group.iter_mut().flatten().filter(|word| *word != stem);
    let others: Vec<_> = others.map(|word| (word.to_owned(), SYNONYM)).collect();
    std::iter::once((stem.to_owned(), 1.0)).chain(others).collect()
}

/// Returns the words of the index that a stem means: those like it, or else those that begin with it.
fn meant(stem: &str) -> Vec<(Word, f64)> {
    let alike = alike(stem);
    let mut found: Vec<_> =
        alike.iter().filter_map(|(stem, counts)| Some((Word::of(stem)?, *counts))).collect();
    if Word::of(stem).is_none() && stem.len() > 2 {
        let from = Word::first(stem).0;
        let begins = (from..words()).map(Word).take_while(|word| word.name().starts_with(stem));
        found.extend(begins.take(MEANT).map(|word| (word, BEGINNING)));
    }
    found
}

/// Returns the app that people call so: by its slug, or as `synonyms.toml` says.
fn nicknamed(words: &[String]) -> Option<App> {
    let called = words.join(" ");
    let nicknames = synonyms().skip_while(|line| !line.is_empty()).skip(1);
    let mut nicknames = nicknames.filter_map(|line| line.split_once('\t'));
    let slug = nicknames.find(|(nickname, _)| *nickname == called).map(|(_, slug)| slug);
    slug.and_then(App::of).or_else(|| App::of(&words.join("-")))
}

/// Returns how early people name an app: 1 is first of all, 0 is no earlier than others.
pub(crate) fn named_first(app: App) -> f64 {
    let mut first = synonyms().next().unwrap_or_default().split(' ');
    let all = first.clone().count();
    first.position(|slug| slug == app.slug()).map_or(0.0, |at| real(all - at) / real(all))
}

fn synonyms() -> std::str::Lines<'static> {
    let range: Range<usize> = places::SYNONYMS;
    text(&PACK[range]).lines()
}
