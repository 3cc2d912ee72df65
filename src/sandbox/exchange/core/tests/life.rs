//! Random lives of accounts: what somebody might do within a few days, over prices that jump.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{TestRng, TestRunner};

use super::deeds::{Deed, deed};
use super::*;
use crate::sandbox::exchange::prices::Replay;

/// Lives that each property is tried on; `PROPTEST_CASES=10000 cargo test --release exchange` tries more.
pub(super) const CASES: u32 = 1000;
/// What is traded in a life: a share, a coin and two options, with what they cost at first.
pub(super) const TRADED: [(&str, i64); 4] =
    [("AAPL", 270), ("BTC/USD", 90_000), ("AAPL261127C00270000", 5), ("AAPL261127P00270000", 4)];

/// A whole life: prices, switches and deeds.
#[derive(Debug, Clone)]
pub(super) struct Life {
    pins: Vec<(usize, i64, i64)>,
    /// Whether the share's prices are a recording of which each is good for half an hour
    recorded: bool,
    partial: bool,
    multiplier: u8,
    cash: i64,
    deeds: Vec<Deed>,
}

/// Returns lives of up to 23 deeds within some days.
pub(super) fn lives() -> impl Strategy<Value = Life> {
    let what = prop_oneof![4 => Just(0usize), 1 => Just(1), 1 => Just(2), 1 => Just(3)];
    let moment = prop_oneof![3 => 0i64..28_000_000, 2 => 0i64..200_000_000];
    let pin = (what, moment, -60i64..60);
    let many = (prop::collection::vec(pin, 0..24), prop::collection::vec(deed(), 1..24));
    let recorded = prop_oneof![4 => Just(false), 1 => Just(true)];
    let multiplier = prop_oneof![5 => Just(1u8), 1 => Just(2), 1 => Just(4)];
    let cash = prop_oneof![Just(3_000i64), Just(60_000), Just(1_000_000)];
    (many, any::<bool>(), recorded, multiplier, cash).prop_map(
        |((pins, deeds), partial, recorded, multiplier, cash)| Life {
            pins,
            recorded,
            partial,
            multiplier,
            cash,
            deeds,
        },
    )
}

/// One deed as it went.
pub(super) struct Scene {
    pub(super) at: Millis,
    /// What was laid aside before it
    pub(super) reserved: Decimal,
    /// What was free before it, of an account without margin
    pub(super) free: Option<Decimal>,
    pub(super) after: Account,
    pub(super) refused: bool,
    /// Whether the account is as it was before
    pub(super) unchanged: bool,
}

/// A life as it went.
pub(super) struct Story {
    pub(super) market: Market,
    /// Whether the share's prices are a recording
    pub(super) recorded: bool,
    pub(super) cash: Decimal,
    pub(super) scenes: Vec<Scene>,
    pub(super) journal: Vec<Effect>,
    pub(super) account: Account,
}

impl Life {
    pub(super) fn market(&self) -> Market {
        let start = at(MONDAY).0;
        let first = (0..TRADED.len()).map(|what| (what, 0, 0));
        let all = first.chain(self.pins.iter().copied());
        let (taped, pinned): (Vec<_>, Vec<_>) = all.partition(|pin| self.recorded && pin.0 == 0);
        let price = |what: usize, shift: i64| Decimal::new(TRADED[what].1 * (1000 + shift), 3);
        let pins = pinned.into_iter().map(|(what, after, shift)| Pin {
            symbol: symbol(TRADED[what].0),
            at: Millis(start + after),
            price: Amount(price(what, shift).round_dp(2)),
            spread: Some(Amount(dec("0.02"))),
        });
        let rows: BTreeMap<i64, Decimal> =
            taped.into_iter().map(|(what, after, shift)| (after, price(what, shift))).collect();
        let rows = rows.into_iter().map(|(after, bid)| {
            let (bid, name) = (bid.round_dp(2), TRADED[0].0);
            format!("{},{name},{bid},{}\n", Millis(start + after), bid + dec("0.02"))
        });
        let text: String = rows.collect();
        let tape = self.recorded.then(|| Replay::read(&text, 1_800_000).unwrap());
        Market::new(1, pins.collect(), Vec::new(), tape.into_iter().collect())
    }

    pub(super) fn account(&self) -> Account {
        let id = "5f0d0a3c-0000-4000-8000-000000000001".to_owned();
        let mut account = Account::open(id, Decimal::from(self.cash), at(MONDAY));
        account.multiplier = self.multiplier;
        if self.partial {
            account.switches.partial_fills = Some(PartialFills { per_mille: 500, seed: 9 });
        }
        account
    }

    /// Lives it, looking at the account between two deeds as well if `looks` says so.
    pub(super) fn live(&self, looks: Option<i64>) -> Story {
        let market = self.market();
        let mut story = Story {
            cash: Decimal::from(self.cash),
            recorded: self.recorded,
            account: self.account(),
            market,
            scenes: Vec::new(),
            journal: Vec::new(),
        };
        let mut now = at(MONDAY).0;
        for (number, deed) in self.deeds.iter().enumerate() {
            let next = now + deed.pause;
            if let Some(part) = looks {
                for look in 1..3 {
                    let moment = Millis(now + deed.pause * part * look / 300);
                    let seen = catch_up(&mut story.account, &story.market, moment);
                    story.journal.extend(seen);
                }
            }
            now = next;
            story.play(deed, number, Millis(now));
        }
        let end = Millis(now + 400_000_000);
        story.journal.extend(catch_up(&mut story.account, &story.market, end));
        story
    }
}

impl Story {
    fn play(&mut self, deed: &Deed, number: usize, now: Millis) {
        self.journal.extend(catch_up(&mut self.account, &self.market, now));
        let before = self.account.clone();
        let free = self.free(now);
        let refused = match self.event(&deed.act, number, now) {
            None => false,
            Some(event) => {
                let outcome = step(&mut self.account, event, &self.market, now);
                self.journal.extend(outcome.effects);
                outcome.answer.is_err()
            }
        };
        let (reserved, after) = (before.orders.reserved(), self.account.clone());
        let unchanged = before == after;
        self.scenes.push(Scene { at: now, reserved, free, after, refused, unchanged });
    }

    fn free(&self, now: Millis) -> Option<Decimal> {
        let free = || super::super::funds::free_cash(&self.account, &self.market, now);
        (multiplier(&self.account) == 1).then(free)
    }
}

/// What a property may find wrong.
pub(super) type Verdict = Result<(), TestCaseError>;

fn config() -> ProptestConfig {
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    ProptestConfig { cases: config.cases.max(CASES), ..config }
}

fn rng() -> TestRng {
    TestRng::deterministic_rng(config().rng_algorithm)
}

/// Tries a property on random lives, the same ones in every run.
pub(super) fn for_each_life(property: impl Fn(&Life) -> Verdict) {
    let mut runner = TestRunner::new_with_rng(config(), rng());
    if let Err(error) = runner.run(&lives(), |life| property(&life)) {
        panic!("{error}");
    }
}

/// Lives as they went, lived once for all properties.
static STORIES: LazyLock<Vec<Story>> = LazyLock::new(|| {
    let mut runner = TestRunner::new_with_rng(config(), rng());
    let life = |_| lives().new_tree(&mut runner).unwrap().current();
    (0..CASES).map(life).map(|life| life.live(None)).collect()
});

/// The same, on lives as they went. A property that fails is tried once more on lives that can shrink.
pub(super) fn for_each_story(property: impl Fn(&Story) -> Verdict) {
    let failed = STORIES.iter().find_map(|story| property(story).err());
    if failed.is_some() || config().cases > CASES {
        for_each_life(|life| property(&life.live(None)));
    }
    if let Some(error) = failed {
        panic!("{error}");
    }
}

/// Returns all states of each order in their order, by id.
pub(super) fn histories(journal: &[Effect]) -> BTreeMap<String, Vec<Order>> {
    let mut histories: BTreeMap<String, Vec<Order>> = BTreeMap::new();
    for effect in journal {
        if let Effect::Order(order) = effect {
            histories.entry(order.id.clone()).or_default().push((**order).clone());
        }
    }
    histories
}

/// Returns all activities in their order.
pub(super) fn activities(journal: &[Effect]) -> Vec<&Activity> {
    let mut all = Vec::new();
    for effect in journal {
        if let Effect::Activity(activity) = effect {
            all.push(&**activity);
        }
    }
    all
}
