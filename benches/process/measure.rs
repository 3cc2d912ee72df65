//! Running processes by turns, and what their times and sizes come to.

use std::cell::RefCell;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::Result;

/// How many pairs run before the first one that counts.
const WARM_UP: usize = 3;
/// How many runs the peak is the median of.
const PEAKS: usize = 5;
/// The table's first lines.
pub(crate) const HEADER: &str = "\
what                               | naive ms | beside                    | beside ms | ratio (median, min..max) | peak MB      | aim
-----------------------------------|----------|---------------------------|-----------|--------------------------|--------------|----";

/// A program with its arguments and the whole of its environment.
#[derive(Debug, Clone)]
pub(crate) struct Side {
    words: Vec<OsString>,
    variables: Vec<(&'static str, OsString)>,
    /// What stands for the word `{}`, another one in each run
    each: RefCell<Vec<OsString>>,
}

/// What one line of the table compares.
#[derive(Debug)]
pub(crate) struct Line {
    /// What runs
    pub(crate) what: String,
    /// Our side
    pub(crate) naive: Side,
    /// What it is compared with
    pub(crate) name: &'static str,
    /// The other side, where this machine has it
    pub(crate) beside: Option<Side>,
    /// What we want
    pub(crate) aim: &'static str,
}

/// Takes the measurements.
#[derive(Debug)]
pub(crate) struct Sampler {
    pairs: usize,
    gnu_time: Option<PathBuf>,
}

impl Side {
    /// Makes a call with an empty environment; the first word is the program.
    pub(crate) fn new(words: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        let words = words.into_iter().map(Into::into).collect();
        Self { words, variables: Vec::new(), each: RefCell::default() }
    }

    /// Puts another one of these texts for the word `{}` in each run; there must be enough of them.
    pub(crate) fn each(self, texts: Vec<OsString>) -> Self {
        Self { each: RefCell::new(texts), ..self }
    }

    /// Sets a variable.
    pub(crate) fn env(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.variables.push((name, value.into()));
        self
    }

    fn command(&self, before: &[OsString]) -> Command {
        let word = |word: &OsString| {
            let next = if word == "{}" { self.each.borrow_mut().pop() } else { None };
            next.unwrap_or_else(|| word.clone())
        };
        let mut words = before.iter().chain(&self.words).map(word);
        let mut command = Command::new(words.next().unwrap_or_default());
        command
            .args(words)
            .env_clear()
            .envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// Runs it once and returns its stdout.
    ///
    /// Fails if it does: a side that does nothing would be fast.
    pub(crate) fn answer(&self) -> Result<String> {
        let ended = self.command(&[]).stdout(Stdio::piped()).stderr(Stdio::piped()).output()?;
        let (out, err) = (String::from_utf8(ended.stdout)?, String::from_utf8(ended.stderr)?);
        if ended.status.success() {
            return Ok(out);
        }
        Err(format!("{:?} ended with {}:\n{out}{err}", self.words, ended.status).into())
    }

    /// Runs it once, and returns the stdout of a call that was held for approval.
    pub(crate) fn held(&self) -> Result<String> {
        let ended = self.command(&[]).stdout(Stdio::piped()).output()?;
        match ended.status.code() {
            Some(8) => Ok(String::from_utf8(ended.stdout)?),
            _ => Err(format!("{:?} ended with {}", self.words, ended.status).into()),
        }
    }

    fn time(&self) -> Result<Duration> {
        let mut command = self.command(&[]);
        let began = Instant::now();
        let status = command.status()?;
        let took = began.elapsed();
        if status.success() { Ok(took) } else { Err(format!("{:?}: {status}", self.words).into()) }
    }
}

impl Sampler {
    /// Looks for what this machine measures memory with.
    pub(crate) fn new(pairs: usize) -> Self {
        let path = PathBuf::from("/usr/bin/time");
        let version = Command::new(&path).arg("--version").output();
        let is_gnu = version.is_ok_and(|told| {
            String::from_utf8_lossy(&told.stdout).contains("GNU")
                || String::from_utf8_lossy(&told.stderr).contains("GNU")
        });
        Self { pairs, gnu_time: is_gnu.then_some(path) }
    }

    /// Returns how often a line's own side runs at most.
    pub(crate) fn runs(&self) -> usize {
        self.pairs + WARM_UP + PEAKS + 2
    }

    /// Returns how many pairs a line takes.
    pub(crate) fn pairs(&self) -> usize {
        self.pairs
    }

    /// Measures one line and returns it as a row of the table.
    pub(crate) fn measured(&self, line: &Line) -> Result<String> {
        line.naive.answer()?;
        let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for turn in 0..self.pairs + WARM_UP {
            let our = line.naive.time()?;
            let their = line.beside.as_ref().map(Side::time).transpose()?;
            if turn < WARM_UP {
                continue;
            }
            ours.push(our.as_secs_f64() * 1e3);
            if let Some(their) = their {
                theirs.push(their.as_secs_f64() * 1e3);
                ratios.push(our.as_secs_f64() / their.as_secs_f64());
            }
        }
        let none = line.beside.is_none();
        let beside = if none { format!("{} (missing)", line.name) } else { line.name.to_owned() };
        let ratio = match (median(&mut ratios), ratios.first(), ratios.last()) {
            (Some(middle), Some(least), Some(most)) => {
                format!("{middle:.2} ({least:.2}..{most:.2})")
            }
            _ => "-".to_owned(),
        };
        let mut row =
            format!("{:<34} | {:>8} | {beside:<25} | ", line.what, shown(median(&mut ours)));
        write!(row, "{:>9} | {ratio:>24} | ", shown(median(&mut theirs)))?;
        write!(row, "{:>12} | {}", self.peak(&line.naive)?, line.aim)?;
        Ok(row)
    }

    /// Returns the median peak of some runs, in megabytes of 1,000,000 bytes.
    fn peak(&self, side: &Side) -> Result<String> {
        let Some(gnu_time) = &self.gnu_time else { return Ok("not measured".to_owned()) };
        let before = [gnu_time.clone().into_os_string(), "-f".into(), "%M".into()];
        let mut peaks = Vec::new();
        for _ in 0..PEAKS {
            let ended = side.command(&before).stderr(Stdio::piped()).output()?;
            let told = String::from_utf8(ended.stderr)?;
            let kib: f64 = told.lines().last().unwrap_or_default().trim().parse()?;
            peaks.push(kib * 1024.0 / 1e6);
        }
        Ok(median(&mut peaks).map_or_else(|| "-".to_owned(), |peak| format!("{peak:.1}")))
    }
}

/// Sorts the values and returns the one in the middle.
fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

fn shown(ms: Option<f64>) -> String {
    ms.map_or_else(|| "-".to_owned(), |ms| format!("{ms:.2}"))
}

/// Returns where a program lies, so that no side looks it up along a path.
pub(crate) fn found(program: &str) -> Option<PathBuf> {
    let path = std::env::split_paths("/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin");
    path.map(|dir| dir.join(program)).find(|path| path.is_file())
}
