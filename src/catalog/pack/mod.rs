//! The shipped catalog as `build/` packs it: read in place, and only as much of it as is asked for.

pub(crate) mod index;
mod tools;

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;

#[cfg(test)]
pub(crate) use tools::PART;
pub(crate) use tools::{Name, titled};

use super::manifest::{Manifest, Tool};
use crate::api::error::{Error, Result};
use crate::api::ids::ToolSlug;
use crate::api::toolkits::{AuthType, Counts, Effect, Origin};
use tools::{Names, Whole};

/// All of it.
static PACK: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/pack.bin"));

/// Where its sections are.
mod places {
    use std::ops::Range;

    include!(concat!(env!("OUT_DIR"), "/places.rs"));
}

/// The numbers of an app's row.
#[derive(Clone, Copy)]
enum Column {
    Slug,
    Card,
    Tools,
    Blocks,
    ByHand,
    Vendor,
    Auth,
    Rank,
}

/// How many numbers a row has.
const COLUMNS: usize = 8;

/// An app of the shipped catalog, by its number: they are in the order of their slugs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct App(usize);

impl App {
    /// Returns all of them.
    pub(crate) fn all() -> impl DoubleEndedIterator<Item = Self> + ExactSizeIterator {
        // The last row only says where the others end.
        (0..places::APPS.len() / (4 * COLUMNS) - 1).map(Self)
    }

    /// Returns the app of that slug.
    pub(crate) fn of(slug: &str) -> Option<Self> {
        let count = Self::all().len();
        let app = Self(partition_point(count, |at| Self(at).slug() < slug));
        (app.0 < count && app.slug() == slug).then_some(app)
    }

    /// Returns the app whose tool has that number among those of all apps.
    pub(crate) fn with(tool: usize) -> Self {
        Self(partition_point(Self::all().len(), |at| Self(at).tools().end <= tool))
    }

    /// Returns its slug.
    pub(crate) fn slug(self) -> &'static str {
        text(&PACK[places::SLUGS][self.range(Column::Slug)])
    }

    /// Returns its manifest without its tools.
    pub(crate) fn card(self) -> Result<Manifest> {
        let card = &PACK[places::CARDS][self.range(Column::Card)];
        serde_json::from_slice(card).map_err(unreadable)
    }

    /// Returns its manifest with all of its tools.
    pub(crate) fn manifest(self) -> Result<Manifest> {
        let places: Vec<_> = (0..self.tools().len()).collect();
        Ok(Manifest { tools: self.tools_at(&places)?, ..self.card()? })
    }

    /// Returns the numbers of its tools, among those of all apps.
    pub(crate) fn tools(self) -> Range<usize> {
        self.range(Column::Tools)
    }

    /// Returns how many of its tools were written by hand; they are the first ones.
    pub(crate) fn by_hand(self) -> usize {
        self.number(Column::ByHand)
    }

    /// Returns who wrote its tools.
    pub(crate) fn origin(self) -> Origin {
        if self.by_hand() > 0 { Origin::Builtin } else { Origin::Catalog }
    }

    /// Returns how one logs in to it.
    pub(crate) fn auth(self) -> AuthType {
        match self.number(Column::Auth) {
            0 => AuthType::None,
            1 => AuthType::Oauth2,
            2 => AuthType::ApiKey,
            3 => AuthType::Basic,
            _ => AuthType::Unknown,
        }
    }

    /// Returns the number of whoever runs it, the same for all apps of one vendor.
    pub(crate) fn vendor(self) -> usize {
        self.number(Column::Vendor)
    }

    /// Returns how early people name it: 1 is first of all, 0 is no earlier than others.
    pub(crate) fn rank(self) -> f32 {
        let thousandths = u16::try_from(self.number(Column::Rank));
        thousandths.map_or(0.0, f32::from) / 1000.0
    }

    /// Returns what its tools are called, in its own order.
    pub(crate) fn names(self) -> Result<Vec<Name>> {
        self.names_at(&(0..self.tools().len()).collect::<Vec<_>>())
    }

    /// Returns what the tool is called that stands at a place of its own order.
    pub(crate) fn name(self, at: usize) -> Result<Name> {
        Names::of(self).name(at)
    }

    /// Returns what the tools are called that stand at these places of its own order.
    pub(crate) fn names_at(self, places: &[usize]) -> Result<Vec<Name>> {
        let mut names = Names::of(self);
        places.iter().map(|at| names.name(*at)).collect()
    }

    /// Returns the tool of that slug.
    pub(crate) fn tool(self, slug: &ToolSlug) -> Result<Option<Tool>> {
        let at = Names::of(self).place(slug.as_str())?;
        let tools = at.map(|at| self.tools_at(&[at])).transpose()?;
        Ok(tools.and_then(|tools| tools.into_iter().next()))
    }

    /// Returns the tools that stand at these places of its own order.
    pub(crate) fn tools_at(self, places: &[usize]) -> Result<Vec<Tool>> {
        Whole::of(self)?.at(places)
    }

    /// Returns the block of that number among those of this app: first those of names, then that of the parts, then
    /// those of tools.
    fn block(self, at: usize) -> &'static [u8] {
        let place = |at| number(places::BLOCK_PLACES, self.number(Column::Blocks) + at);
        &PACK[places::BLOCKS][place(at)..place(at + 1)]
    }

    /// Returns what a column says of this app, up to where the next one begins.
    fn range(self, column: Column) -> Range<usize> {
        self.number(column)..Self(self.0 + 1).number(column)
    }

    fn number(self, column: Column) -> usize {
        number(places::APPS, self.0 * COLUMNS + column as usize)
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "App({})", self.slug())
    }
}

/// Returns what a tool does to the outside world, by its number.
pub(crate) fn effect(tool: usize) -> Effect {
    match PACK[places::EFFECTS][tool].to_ascii_lowercase() {
        b'r' => Effect::Read,
        b'd' => Effect::Destructive,
        _ => Effect::Write,
    }
}

/// Tells whether a tool answers in pages, by its number.
pub(crate) fn is_paged(tool: usize) -> bool {
    PACK[places::EFFECTS][tool].is_ascii_uppercase()
}

/// Returns how large the catalog is.
pub(crate) fn counts() -> Counts {
    let connectable = || App::all().filter(|app| app.auth() != AuthType::Unknown);
    let vendors: BTreeSet<usize> = connectable().map(App::vendor).collect();
    Counts {
        apps: App::all().len(),
        connectable: connectable().count(),
        with_tools: connectable().filter(|app| !app.tools().is_empty()).count(),
        by_hand: App::all().filter(|app| app.by_hand() > 0).count(),
        tools: index::tools(),
        vendors: vendors.len(),
    }
}

/// Returns the first of so many rows that does not come before what is looked for.
fn partition_point(rows: usize, is_before: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, rows);
    while low < high {
        let middle = usize::midpoint(low, high);
        if is_before(middle) { low = middle + 1 } else { high = middle }
    }
    low
}

/// Returns the number at a place of a table.
fn number(table: Range<usize>, at: usize) -> usize {
    let from = table.start + 4 * at;
    let bytes = PACK[from..from + 4].try_into().unwrap_or_default();
    u32::from_le_bytes(bytes) as usize
}

fn text(bytes: &'static [u8]) -> &'static str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

fn unreadable(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::internal("the shipped catalog cannot be read", error)
}
