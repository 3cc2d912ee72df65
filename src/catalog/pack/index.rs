//! The index of the shipped catalog: what a query's words say of each app and tool.

use std::collections::BTreeMap;
use std::mem;
use std::ops::Range;

use super::{App, PACK, number, partition_point, places, text};
use crate::catalog::added::Listing;
use crate::catalog::words::{split, stem};

/// The numbers of a word's row: where its name begins, where its tools do and where its apps, and how many there are.
#[derive(Clone, Copy)]
enum Column {
    Name,
    Tools,
    Apps,
    ToolCount,
    AppCount,
}

/// How many numbers a row has.
const COLUMNS: usize = 5;
/// How much a word that means the same counts.
const SYNONYM: f32 = 0.6;
/// How much a word counts that only begins as the one that is looked for.
const BEGINNING: f32 = 0.5;
/// How many words may be meant by their beginning.
const MEANT: usize = 64;
/// How many things have a place for their scores at a time.
const AT_A_TIME: usize = 2048;
/// How much a word of an app counts for its tools, beside one of their own.
const OF_APP: f32 = 0.8;

/// Words that are looked for.
#[derive(Debug)]
pub(crate) struct Query(Vec<Sought>);

/// One of them: the words of the index that it means, and how much each counts; or an app.
#[derive(Debug, Default)]
struct Sought {
    stems: Vec<(String, f32)>,
    words: Vec<(Word, f32)>,
    app: Option<App>,
}

/// A word of the index, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Word(usize);

impl Sought {
    /// Returns what it says of shipped apps, in several lists, each app standing for a range of numbers.
    fn apps(&self, of: fn(usize) -> Range<usize>, counts: f32) -> impl Iterator<Item = Said> {
        let all = App::all().len();
        let named = self.app.map(|app| Said::one(of(app.0), counts * rarity(1, all)));
        let words = self.words.iter().map(move |(word, own)| {
            let places = word.apps();
            Said::of(of, counts * own * rarity(places.len, all), places)
        });
        named.into_iter().chain(words)
    }

    /// Returns what it says of shipped tools, likewise.
    fn tools(&self) -> impl Iterator<Item = Said> {
        let words = self.words.iter().map(|(word, counts)| {
            let places = word.tools();
            Said::of(itself, counts * rarity(places.len, tools()), places)
        });
        words.chain(self.apps(|app| App(app).tools(), OF_APP))
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
                    let stems = alike(stem(&rest[0]));
                    Sought { words: meant(&stems), stems, app }
                }
                _ => Sought { app, ..Sought::default() },
            });
            rest = &rest[count..];
        }
        (!sought.is_empty()).then_some(Self(sought))
    }

    /// Returns the shipped apps that fit, in their order, and how well.
    pub(crate) fn shipped_apps(&self) -> impl Iterator<Item = (App, f32)> {
        let lists = self.0.iter().map(|sought| sought.apps(itself, 1.0).collect());
        let apps = together(lists.collect(), App::all().len());
        apps.map(|(app, score)| (App(app), score))
    }

    /// Returns the shipped tools that fit, by their numbers and in that order, and how well.
    pub(crate) fn shipped_tools(&self) -> impl Iterator<Item = (usize, f32)> {
        together(self.0.iter().map(|sought| sought.tools().collect()).collect(), tools())
    }

    /// Returns how well an app fits that is not shipped, by its words.
    pub(crate) fn app(&self, words: &BTreeMap<String, u8>) -> f32 {
        self.sum(words, |stem| rarities(stem).1)
    }

    /// Returns how well a tool fits that is not shipped, by its words.
    pub(crate) fn tool(&self, words: &BTreeMap<String, u8>) -> f32 {
        self.sum(words, |stem| rarities(stem).0)
    }

    /// Returns how well each tool of an app fits that is not shipped, by the listing of them and the app's words.
    pub(crate) fn tools(&self, listing: &Listing, app: &BTreeMap<String, u8>) -> Vec<f32> {
        let mut sums = vec![Sum::default(); listing.len()];
        for (word, sought) in self.0.iter().enumerate() {
            for (stem, counts) in &sought.stems {
                let (of_tools, of_apps) = rarities(stem);
                for (at, weight) in listing.places(stem) {
                    sums[at].raise(word, counts * of_tools * share(weight));
                }
                if let Some(weight) = app.get(stem) {
                    let said = counts * OF_APP * of_apps * share(*weight);
                    for sum in &mut sums {
                        sum.raise(word, said);
                    }
                }
            }
        }
        sums.into_iter().map(|sum| sum.whole(self.0.len())).collect()
    }

    /// Adds up what the words say of a thing with such words, each by its stems.
    fn sum(&self, words: &BTreeMap<String, u8>, rarity: impl Fn(&str) -> f32) -> f32 {
        let mut sum = Sum::default();
        for (word, sought) in self.0.iter().enumerate() {
            for (stem, counts) in &sought.stems {
                if let Some(weight) = words.get(stem) {
                    sum.raise(word, counts * rarity(stem) * share(*weight));
                }
            }
        }
        sum.whole(self.0.len())
    }
}

/// What a word says of things that have numbers, in their order.
struct Said {
    /// What the places stand for: for themselves, or for the tools of an app
    of: fn(usize) -> Range<usize>,
    /// How much the largest weight says
    most: f32,
    /// What is still to come
    places: Places,
    /// What is left of the place before, and how much is said of that
    left: (Range<usize>, f32),
}

impl Said {
    fn of(of: fn(usize) -> Range<usize>, most: f32, places: Places) -> Self {
        Self { of, most, places, left: (0..0, 0.0) }
    }

    /// Says so much of each of some numbers.
    fn one(numbers: Range<usize>, score: f32) -> Self {
        let places = Places { bytes: &[], len: 0, at: 0 };
        Self { left: (numbers, score), ..Self::of(itself, 0.0, places) }
    }

    /// Hands over what it says of those that come before `end`.
    fn until(&mut self, end: usize, mut each: impl FnMut(usize, f32)) {
        loop {
            let (left, score) = &mut self.left;
            while left.start < left.end.min(end) {
                each(left.start, *score);
                left.start += 1;
            }
            if left.start < left.end {
                return;
            }
            let Some((place, weight)) = self.places.next() else { return };
            self.left = ((self.of)(place), self.most * weight);
        }
    }
}

fn itself(number: usize) -> Range<usize> {
    number..number + 1
}

/// Returns what the lists of some words together say anything of, among so many things: by their numbers and in that
/// order, and how much.
///
/// All lists are gone through side by side, some numbers at a time: to have a place for each of all tools at once
/// would cost a small command more than anything else that it does.
fn together(mut words: Vec<Vec<Said>>, all: usize) -> impl Iterator<Item = (usize, f32)> {
    let mut sums = vec![Sum::default(); AT_A_TIME];
    (0..all).step_by(AT_A_TIME).flat_map(move |from| {
        let mut said = Vec::new();
        for (word, lists) in words.iter_mut().enumerate() {
            for list in lists {
                list.until(from + AT_A_TIME, |number, score| {
                    if sums[number - from].raise(word, score) {
                        said.push(number);
                    }
                });
            }
        }
        said.sort_unstable();
        let mut sum = |number: usize| mem::take(&mut sums[number - from]);
        said.into_iter().map(|number| (number, sum(number).whole(words.len()))).collect::<Vec<_>>()
    })
}

/// What words say together of one thing: of each the most that it says.
#[derive(Debug, Clone, Default)]
struct Sum {
    /// What the words before the last one say
    before: f32,
    /// How many words say something
    hits: u16,
    /// The number of the last one
    word: u16,
    /// The most that it says
    most: f32,
}

impl Sum {
    /// Takes in what a word says, by its number, and tells whether that is the first; words come in order.
    fn raise(&mut self, word: usize, score: f32) -> bool {
        let word = u16::try_from(word).unwrap_or(u16::MAX);
        if score <= 0.0 {
            return false;
        }
        if self.hits > 0 && self.word == word {
            self.most = self.most.max(score);
            return false;
        }
        self.before += self.most;
        self.hits = self.hits.saturating_add(1);
        (self.word, self.most) = (word, score);
        self.hits == 1
    }

    /// Returns the score: less for what lacks some of the words.
    fn whole(self, words: usize) -> f32 {
        let part = f32::from(self.hits) / real(words);
        (self.before + self.most) * part * part
    }
}

/// Where a word stands, and how much it says there: by the number of each app or tool, in order.
struct Places {
    bytes: &'static [u8],
    /// How many there are still
    len: usize,
    /// The one before
    at: usize,
}

impl Iterator for Places {
    type Item = (usize, f32);

    fn next(&mut self) -> Option<Self::Item> {
        let mut shift = 0;
        loop {
            let (byte, rest) = self.bytes.split_first()?;
            self.bytes = rest;
            self.at += usize::from(byte & 127) << shift;
            shift += 7;
            if byte & 128 == 0 {
                break;
            }
        }
        let (weight, rest) = self.bytes.split_first()?;
        (self.bytes, self.len) = (rest, self.len - 1);
        Some((self.at, share(*weight)))
    }
}

impl Word {
    fn of(stem: &str) -> Option<Self> {
        let first = Self::first(stem);
        (first.0 < words() && first.name() == stem).then_some(first)
    }

    /// Returns the first word that does not come before a text.
    fn first(stem: &str) -> Self {
        Self(partition_point(words(), |at| Self(at).name() < stem))
    }

    fn name(self) -> &'static str {
        text(&PACK[places::NAMES][self.number(Column::Name)..self.next().number(Column::Name)])
    }

    /// Returns the tools of which it says something.
    fn tools(self) -> Places {
        let range = self.number(Column::Tools)..self.number(Column::Apps);
        self.places(range, Column::ToolCount)
    }

    /// Returns the apps of which it says something.
    fn apps(self) -> Places {
        let range = self.number(Column::Apps)..self.next().number(Column::Tools);
        self.places(range, Column::AppCount)
    }

    fn places(self, range: Range<usize>, count: Column) -> Places {
        Places { bytes: &PACK[places::PLACES][range], len: self.number(count), at: 0 }
    }

    /// Returns the word behind it; behind the last, a row that only says where that ends.
    fn next(self) -> Self {
        Self(self.0 + 1)
    }

    fn number(self, column: Column) -> usize {
        number(places::WORDS, self.0 * COLUMNS + column as usize)
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
#[expect(
    clippy::cast_precision_loss,
    reason = "there are fewer than sixteen million of anything here"
)]
fn real(count: usize) -> f32 {
    count as f32
}

/// Returns a weight as a share of the largest.
fn share(weight: u8) -> f32 {
    f32::from(weight) / 255.0
}

/// Returns how much a word tells that `places` of `all` have (the idf of Okapi BM25).
fn rarity(places: usize, all: usize) -> f32 {
    let (places, all) = (real(places), real(all));
    (1.0 + (all - places + 0.5) / (places + 0.5)).ln()
}

/// Returns how much a word tells of tools, and of apps: as the shipped ones have it.
fn rarities(stem: &str) -> (f32, f32) {
    let known = Word::of(stem);
    let rare = |places: Option<Places>, all| rarity(places.map_or(0, |some| some.len), all);
    (rare(known.map(Word::tools), tools()), rare(known.map(Word::apps), App::all().len()))
}

/// Returns a stem and those that mean what it does, and how much each counts.
fn alike(stem: String) -> Vec<(String, f32)> {
    let mut groups = text(&PACK[places::SYNONYMS]).lines().map(|line| line.split(' '));
    let group = groups.find(|group| group.clone().any(|word| word == stem));
    let others = group.into_iter().flatten().filter(|word| *word != stem);
    let others: Vec<_> = others.map(|word| (word.to_owned(), SYNONYM)).collect();
    std::iter::once((stem, 1.0)).chain(others).collect()
}

/// Returns the words of the index that some stems mean, the one that was looked for first: those like them, or else
/// those that begin with it.
fn meant(stems: &[(String, f32)]) -> Vec<(Word, f32)> {
    let mut found: Vec<_> =
        stems.iter().filter_map(|(stem, counts)| Some((Word::of(stem)?, *counts))).collect();
    let begins = stems.first().filter(|(stem, _)| Word::of(stem).is_none() && stem.len() > 2);
    if let Some((stem, _)) = begins {
        let from = Word::first(stem).0;
        let begins = (from..words()).map(Word).take_while(|word| word.name().starts_with(stem));
        found.extend(begins.take(MEANT).map(|word| (word, BEGINNING)));
    }
    found
}

/// Returns the app that people call so: by its slug, or as `synonyms.toml` says.
fn nicknamed(words: &[String]) -> Option<App> {
    let line = format!("\n{}\t", words.join(" "));
    let named = text(&PACK[places::NICKNAMES]).split_once(&line);
    let named = named.and_then(|(_, rest)| rest.lines().next());
    named.and_then(App::of).or_else(|| App::of(&words.join("-")))
}
