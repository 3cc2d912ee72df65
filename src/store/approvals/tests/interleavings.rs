//! Ten thousand random lives of an approval, each step held to a small model of what may happen.
//!
//! `NAIVE_TEST_SEED=<number> cargo test --bin naive interleavings` repeats one of them.

use super::*;

/// How many lives are led.
const LIVES: u64 = 10_000;
/// How many steps each has at most.
const STEPS: u64 = 14;

/// A small generator (splitmix64): the same seed leads the same life.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }
}

/// What an upstream has seen, and what we may know of it.
#[derive(Debug, Default)]
struct Upstream {
    /// How often it acted on what it was sent, one key counted once where it honours keys
    effects: u32,
    /// Whether it was sent anything whose end nobody was told
    doubt: bool,
}

/// One life of an approval.
struct Life<'a> {
    desk: &'a mut Desk,
    dice: Dice,
    class: Class,
    now: i64,
    row: ApprovalRow,
    /// Claims that some process still believes it holds
    held: Vec<ApprovalRow>,
    /// Claims of processes that were taken for dead, and write what they have learnt all the same
    late: Vec<ApprovalRow>,
    upstream: Upstream,
    /// How many lines of the log there have to be
    lines: i64,
    told: Vec<String>,
}

impl Life<'_> {
    fn step(&mut self) {
        self.now += i64::try_from(self.dice.roll(300)).unwrap();
        let before = self.desk.row(&self.row).status;
        let what = match self.dice.roll(10) {
            0 | 1 => self.decide(before),
            2 => self.look(before),
            3 => self.claim(before),
            4..=6 => self.answer(),
            7 => self.die(),
            8 => self.reconcile(),
            _ => self.resolve(before),
        };
        let after = self.desk.row(&self.row);
        self.told.push(format!("{what} at {}: {before:?} to {:?}", self.now, after.status));
        assert!(after.epoch >= self.row.epoch && after.sends >= self.row.sends);
        self.lines += i64::from(self.changes(before, &after));
        assert_eq!(self.desk.logged(), self.lines, "every change has its line");
        self.row = after;
        self.hold_true();
    }

    /// Returns how many lines a step has to have added.
    fn changes(&self, before: ApprovalStatus, after: &ApprovalRow) -> i32 {
        let sent = i32::try_from(after.sends - self.row.sends).unwrap();
        let last = self.told.last().map(String::as_str).unwrap_or_default();
        match (before, after.status) {
            // Approved and claimed.
            (ApprovalStatus::Pending, ApprovalStatus::Sending) => 2,
            (ApprovalStatus::Sending, ApprovalStatus::Sending) => {
                sent + i32::from(last.starts_with("lost ") || last.starts_with("later "))
            }
            (before, after) => i32::from(before != after),
        }
    }

    fn hold_true(&self) {
        let (row, effects) = (&self.row, self.upstream.effects);
        assert!(effects <= 1, "done {effects} times");
        match row.status {
            ApprovalStatus::Executed => assert_eq!(effects, 1, "executed without effect"),
            ApprovalStatus::Pending
            | ApprovalStatus::Approved
            | ApprovalStatus::Failed
            | ApprovalStatus::Denied
            | ApprovalStatus::Expired
            | ApprovalStatus::Cancelled => assert_eq!(effects, 0, "done, but {:?}", row.status),
            ApprovalStatus::Sending | ApprovalStatus::Unknown => {}
        }
    }

    /// Approves, denies or takes back.
    fn decide(&mut self, before: ApprovalStatus) -> &'static str {
        let by = operator();
        let decision = Decision { by: &by, reason: None, at: Millis(self.now) };
        let (what, decided) = match self.dice.roll(4) {
            0 => ("deny", self.desk.store.deny(&self.row.id, &decision)),
            1 => ("cancel", self.desk.store.cancel(&self.row.id, &decision)),
            _ => {
                let settle = Millis(self.now + 100);
                let by = (Millis(self.now + 2000), Then::Send(settle));
                ("approve", self.desk.store.approve(&self.row.id, &decision, by))
            }
        };
        let (row, won) = decided.unwrap().unwrap();
        let in_time = before == ApprovalStatus::Pending && self.now < row.expires_at.0;
        assert_eq!(won, in_time, "{what}");
        if won && row.status == ApprovalStatus::Sending {
            self.held.push(row);
        }
        what
    }

    /// Reads, which ends what is over.
    fn look(&mut self, before: ApprovalStatus) -> &'static str {
        let row = self.desk.store.approval(&self.row.id, Millis(self.now)).unwrap().unwrap();
        let over = match before {
            ApprovalStatus::Pending => self.now >= row.expires_at.0,
            ApprovalStatus::Approved => self.now >= row.execute_by.unwrap().0,
            _ => false,
        };
        assert_eq!(row.status, if over { ApprovalStatus::Expired } else { before });
        "look"
    }

    fn claim(&mut self, before: ApprovalStatus) -> &'static str {
        let at = (Millis(self.now), Millis(self.now + 100));
        let claimed = self.desk.store.claim(&self.row.id, &operator(), at).unwrap();
        let until = self.row.execute_by.map_or(0, |until| until.0);
        assert_eq!(claimed.is_some(), before == ApprovalStatus::Approved && self.now < until);
        self.held.extend(claimed);
        "claim"
    }

    /// Whoever believes to hold a claim sends, and writes what came of it; a claim that was lost since may
    /// still be sent once, by a process that was stopped in between.
    fn answer(&mut self) -> &'static str {
        if self.held.is_empty() || (!self.late.is_empty() && self.dice.roll(2) == 0) {
            return self.come_late();
        }
        let at = usize::try_from(self.dice.roll(self.held.len() as u64)).unwrap();
        let claim = self.held.remove(at);
        let valid = self.row.status == ApprovalStatus::Sending && self.row.epoch == claim.epoch;
        // A process that lost its claim before it sent anything is not modelled: it holds the claim on disk.
        let (what, status, kept) = match self.dice.roll(6) {
            0 if valid && !self.upstream.doubt => ("not sent", ApprovalStatus::Approved, false),
            1 if valid && !self.upstream.doubt => ("rejected", ApprovalStatus::Failed, false),
            2 if self.class == Class::C => {
                self.arrive(valid);
                self.upstream.doubt |= valid;
                ("lost", ApprovalStatus::Unknown, false)
            }
            2 | 3 if self.class != Class::C => {
                self.arrive(valid);
                self.upstream.doubt |= valid;
                ("lost", ApprovalStatus::Sending, false)
            }
            _ => {
                if valid {
                    self.upstream.effects = self.upstream.effects.max(1);
                }
                ("done", ApprovalStatus::Executed, false)
            }
        };
        let wrote = self.desk.end(&claim, status, kept);
        assert_eq!(wrote.is_some(), valid, "a claim that was lost is fenced");
        if valid { what } else { "fenced" }
    }

    /// A process that was taken for dead writes its result: another has the claim by now.
    fn come_late(&mut self) -> &'static str {
        let is_present = |claim: &ApprovalRow| {
            claim.epoch == self.row.epoch && self.row.status == ApprovalStatus::Sending
        };
        let Some(at) = self.late.iter().position(|claim| !is_present(claim)) else {
            return "idle";
        };
        let claim = self.late.remove(at);
        let wrote = self.desk.end(&claim, ApprovalStatus::Executed, false);
        assert!(wrote.is_none(), "a result of an earlier claim counted");
        "late"
    }

    /// What was lost may have arrived all the same. An upstream that honours keys acts on one once.
    fn arrive(&mut self, valid: bool) {
        let arrives = valid && self.dice.roll(2) == 0;
        if arrives && !(self.class == Class::A && self.upstream.effects > 0) {
            self.upstream.effects += 1;
        }
    }

    /// The process ends, perhaps after what it sent has arrived.
    fn die(&mut self) -> &'static str {
        let holds = |claim: &&ApprovalRow| claim.epoch == self.row.epoch;
        if self.row.status == ApprovalStatus::Sending && self.held.iter().any(|one| holds(&one)) {
            self.arrive(true);
            self.upstream.doubt = true;
        }
        self.late.append(&mut self.held);
        drop(self.desk.become_another());
        "die"
    }

    /// Does what the engine does about a claim whose process ended.
    fn reconcile(&mut self) -> &'static str {
        let row = self.desk.row(&self.row);
        let lives = self.desk.store.is_owned(row.owner.as_deref());
        if row.status != ApprovalStatus::Sending || lives {
            return "nothing to reconcile";
        }
        let taken = self.desk.store.adopt(&row, Millis(self.now)).unwrap().unwrap();
        let settled = row.settle_until.is_none_or(|until| self.now >= until.0);
        match self.class {
            Class::A if self.upstream.effects > 0 && self.dice.roll(2) == 0 => {
                self.desk.end(&taken, ApprovalStatus::Executed, false).unwrap();
                "found"
            }
            Class::A => {
                let at = (Millis(self.now), Millis(self.now + 100));
                let again = self.desk.store.resend(&taken, &operator(), at).unwrap().unwrap();
                self.held.push(again);
                "resend"
            }
            Class::B if !settled => {
                self.desk.end(&taken, ApprovalStatus::Sending, false).unwrap();
                "later"
            }
            Class::B if self.upstream.effects > 0 => {
                self.desk.end(&taken, ApprovalStatus::Executed, false).unwrap();
                "found"
            }
            Class::B if row.sends < 2 => {
                self.upstream.doubt = false;
                let at = (Millis(self.now), Millis(self.now + 100));
                let again = self.desk.store.resend(&taken, &operator(), at).unwrap().unwrap();
                self.held.push(again);
                "resend"
            }
            Class::B | Class::C => {
                self.desk.end(&taken, ApprovalStatus::Unknown, false).unwrap();
                "given up"
            }
        }
    }

    /// A person says what they found.
    fn resolve(&mut self, before: ApprovalStatus) -> &'static str {
        let found = self.upstream.effects > 0;
        let status = if found { ApprovalStatus::Executed } else { ApprovalStatus::Failed };
        let by = operator();
        let decision = Decision { by: &by, reason: Some("looked"), at: Millis(self.now) };
        let resolved = self.desk.store.resolve(&self.row.id, &decision, (status, b"said"));
        assert_eq!(resolved.unwrap().unwrap().1, before == ApprovalStatus::Unknown);
        "resolve"
    }

    /// Once nothing goes wrong any more, everything ends or waits for a person.
    fn comes_to_an_end(&mut self) {
        self.die();
        self.row = self.desk.row(&self.row);
        let open = [ApprovalStatus::Pending, ApprovalStatus::Approved, ApprovalStatus::Sending];
        for _ in 0..6 {
            if !open.contains(&self.row.status) {
                return;
            }
            self.now += 5000;
            let before = self.desk.row(&self.row).status;
            self.look(before);
            self.reconcile();
            self.row = self.desk.row(&self.row);
            if let Some(claim) = self.held.pop() {
                self.upstream.effects = 1;
                self.desk.end(&claim, ApprovalStatus::Executed, false).unwrap();
            }
            self.row = self.desk.row(&self.row);
            self.hold_true();
        }
        let status = self.row.status;
        assert!(!open.contains(&status), "stuck as {status:?}");
    }
}

/// Leads one life, and returns how it went.
fn lead(desk: &mut Desk, seed: u64) -> (ApprovalStatus, u32) {
    let mut dice = Dice(seed);
    let class = Class::ALL[usize::try_from(dice.roll(3)).unwrap()];
    let row = desk.freeze(class, 0);
    let lines = desk.logged();
    let (upstream, told) = (Upstream::default(), Vec::new());
    let (held, late) = (Vec::new(), Vec::new());
    let mut life = Life { desk, dice, class, now: 0, row, held, late, upstream, lines, told };
    let steps = 2 + life.dice.roll(STEPS);
    for _ in 0..steps {
        let failed =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| life.step())).is_err();
        assert!(!failed, "seed {seed}, class {class:?}: {:#?}", life.told);
    }
    let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| life.comes_to_an_end()));
    assert!(ended.is_ok(), "seed {seed}, class {class:?}: {:#?}", life.told);
    (life.row.status, life.row.sends)
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a seed that somebody wants to see again")]
fn interleavings_of_everything_keep_to_the_model() {
    let mut desk = Desk::new();
    if let Some(seed) = std::env::var("NAIVE_TEST_SEED").ok().and_then(|seed| seed.parse().ok()) {
        lead(&mut desk, seed);
        return;
    }
    let mut ends = std::collections::HashMap::new();
    let mut sent_again = 0;

    for seed in 0..LIVES {
        let (status, sends) = lead(&mut desk, seed);
        *ends.entry(status).or_insert(0) += 1;
        sent_again += u32::from(sends > 1);
    }

    // Every end is met, or the model proves little.
    for status in ["executed", "failed", "denied", "expired", "cancelled", "unknown"] {
        let met = ends.iter().find(|(end, _)| end.as_str() == status).map_or(0, |(_, met)| *met);
        assert!(met > 100, "{status}: {met}");
    }
    assert!(sent_again > 100, "{sent_again}");
}
