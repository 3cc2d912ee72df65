//! Which of a manifest's requests was sent, and what stands in the holes of its path.

use crate::catalog::manifest::{Manifest, RequestLine, Tool};
use crate::sandbox::http::{Call, Params};

/// One segment of a path, as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// A word of the API
    Word(String),
    /// What stands in a hole: its name, the value, and the verb behind it (`{range}:append`)
    Id { name: String, value: String, verb: Option<String> },
}

/// A segment of a path in a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Pattern {
    Word(String),
    Hole { before: String, name: String, after: String },
}

/// What was asked, in the manifest's terms.
#[derive(Debug)]
pub(super) struct Route<'a> {
    /// The tools whose request this is; none for the identity request, and where there is no manifest.
    pub(super) tools: Vec<&'a Tool>,
    /// Whether this asks who the caller is.
    pub(super) identity: bool,
    /// The path below the API's own.
    pub(super) path: Vec<Step>,
    /// The parts of the address itself: a token, a subdomain.
    pub(super) address: Vec<(String, String)>,
}

impl<'a> Route<'a> {
    /// Finds the requests of a manifest that a call fits best: most words, then most of the fixed query.
    pub(super) fn find(app: &'a Manifest, call: &Call) -> Option<Self> {
        let base = base(app);
        let sent = call.path();
        let sent = sent.get(1..)?;
        let mut best: Option<((usize, usize), Self)> = None;
        let identity = app.identity.as_ref().and_then(|identity| identity.request.as_ref());
        let lines = app.tools.iter().map(|tool| (Some(tool), &tool.request));
        for (tool, line) in lines.chain(identity.map(|line| (None, line))) {
            let Some((score, steps)) = fits(&base, line, call, sent) else { continue };
            let better = best.as_ref().is_none_or(|(own, _)| score > *own);
            if better {
                let (address, path) = steps.split_at(base.len());
                let address = address.iter().filter_map(Step::named).collect();
                let path = path.to_vec();
                best = Some((score, Self { tools: Vec::new(), identity: false, path, address }));
            }
            if let Some((own, route)) = &mut best
                && *own == score
            {
                route.identity |= tool.is_none();
                route.tools.extend(tool);
            }
        }
        best.map(|(_, route)| route)
    }

    /// Takes a path as it is, where no manifest says what its segments are.
    pub(super) fn bare(call: &Call) -> Self {
        let path = call.path().iter().skip(1).map(|word| Step::Word((*word).to_owned())).collect();
        Self { tools: Vec::new(), identity: false, path, address: Vec::new() }
    }
}

impl Step {
    /// Returns the segment without its verb.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Word(word) => word,
            Self::Id { value, .. } => value,
        }
    }

    fn named(&self) -> Option<(String, String)> {
        match self {
            Self::Word(_) => None,
            Self::Id { name, value, .. } => Some((name.clone(), value.clone())),
        }
    }
}

/// Tells whether a request of the manifest has this path, holes standing for any value; `below` asks
/// for one that goes on with a hole.
pub(super) fn has_path(line: &RequestLine, path: &[Step], below: bool) -> bool {
    let patterns = patterns(&line.path);
    let same = |(pattern, step): (&Pattern, &Step)| match (pattern, step) {
        (Pattern::Word(own), Step::Word(word)) => own == word,
        (Pattern::Hole { after, .. }, Step::Id { verb, .. }) => {
            after.strip_prefix(':') == verb.as_deref()
        }
        (Pattern::Word(_), Step::Id { .. }) | (Pattern::Hole { .. }, Step::Word(_)) => false,
    };
    let start = unloaded(&patterns);
    let goes_on = start
        .get(path.len())
        .is_some_and(|next| matches!(next, Pattern::Hole { after, .. } if !after.starts_with(':')));
    let long_enough = start.len() == path.len() + usize::from(below);
    long_enough && goes_on == below && start.iter().zip(path).all(same)
}

/// Returns the name of the hole in which a path ends.
pub(super) fn last_hole(line: &RequestLine) -> Option<String> {
    match patterns(&line.path).pop()? {
        Pattern::Hole { name, .. } => Some(name),
        Pattern::Word(_) => None,
    }
}

/// Leaves out the `upload` that Google's APIs put before the path of what is uploaded.
fn unloaded(patterns: &[Pattern]) -> &[Pattern] {
    match patterns {
        [Pattern::Word(first), rest @ ..] if first == "upload" => rest,
        all => all,
    }
}

fn base(app: &Manifest) -> Vec<Pattern> {
    patterns(app.base_url.splitn(4, '/').nth(3).unwrap_or_default())
}

fn patterns(path: &str) -> Vec<Pattern> {
    let path = path.split('?').next().unwrap_or_default().replace(".json", "");
    let pattern = |segment: &str| {
        let hole = segment.split_once('{').and_then(|(before, rest)| {
            let (name, after) = rest.split_once('}')?;
            let [before, name, after] = [before, name, after].map(str::to_owned);
            Some(Pattern::Hole { before, name, after })
        });
        hole.unwrap_or_else(|| Pattern::Word(segment.to_owned()))
    };
    path.split('/').filter(|segment| !segment.is_empty()).map(pattern).collect()
}

/// Returns how well a call fits a request, and its path, if it fits at all.
fn fits(
    base: &[Pattern],
    line: &RequestLine,
    call: &Call,
    sent: &[&str],
) -> Option<((usize, usize), Vec<Step>)> {
    if line.method.as_str() != call.method.as_str() {
        return None;
    }
    let own = patterns(&line.path);
    if base.len() + own.len() != sent.len() {
        return None;
    }
    // Where the form of the answer ends a path (`Messages.json`), it is no part of what is meant.
    let form = if line.path.contains(".json") { ".json" } else { "" };
    let sent = sent.iter().map(|segment| segment.strip_suffix(form).unwrap_or(segment));
    let steps = base.iter().chain(&own).zip(sent).map(|(pattern, segment)| pattern.step(segment));
    let steps = steps.collect::<Option<Vec<_>>>()?;
    let fixed = Params::parse(line.path.split_once('?').map_or("", |(_, query)| query).as_bytes());
    if !fixed.0.iter().all(|(name, value)| call.query.all(name).any(|sent| sent == value)) {
        return None;
    }
    let words = steps.iter().filter(|step| matches!(step, Step::Word(_)));
    let verbs = steps.iter().filter(|step| matches!(step, Step::Id { verb: Some(_), .. }));
    Some(((words.count() + verbs.count(), fixed.0.len()), steps))
}

impl Pattern {
    fn step(&self, segment: &str) -> Option<Step> {
        match self {
            Self::Word(word) => (word == segment).then(|| Step::Word(word.clone())),
            Self::Hole { before, name, after } => {
                let value = segment.strip_prefix(before.as_str())?.strip_suffix(after.as_str())?;
                let verb = after.strip_prefix(':').map(str::to_owned);
                let (name, value) = (name.clone(), value.to_owned());
                (!value.is_empty()).then_some(Step::Id { name, value, verb })
            }
        }
    }
}
