//! Finding toolkits and tools by words, and names that were nearly right.

use super::added::Listing;
use super::manifest::Manifest;
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

    /// Returns the shipped apps that fit, in their order, and how well.
    pub(crate) fn apps(&self) -> Box<dyn Iterator<Item = (App, f32)> + '_> {
        match &self.0 {
            Some(query) => Box::new(query.shipped_apps()),
            None => Box::new(App::all().map(|app| (app, 1.0))),
        }
    }

    /// Returns the shipped tools that fit, in the order of their apps: each by its place in its app's, and how well.
    pub(crate) fn tools(&self) -> impl Iterator<Item = (App, usize, f32)> {
        let scores: Box<dyn Iterator<Item = _>> = match &self.0 {
            Some(query) => Box::new(query.shipped_tools()),
            None => Box::new((0..tools()).map(|tool| (tool, 1.0))),
        };
        let (mut app, mut all) = (App::with(0), 0..0);
        scores.map(move |(tool, score)| {
            if !all.contains(&tool) {
                app = App::with(tool);
                all = app.tools();
            }
            (app, tool - all.start, score)
        })
    }

    /// Returns the tools of one shipped app that fit, by their places in its own order, and how well.
    pub(crate) fn tools_within(&self, app: App) -> impl Iterator<Item = (usize, f32)> {
        let within = self.tools().filter(move |(one, ..)| *one == app);
        within.map(|(_, at, score)| (at, score))
    }

    /// Returns how well an added app fits.
    pub(crate) fn app(&self, app: &Manifest) -> f32 {
        let words = of_app(app.slug.as_str(), &app.name, &app.description);
        self.0.as_ref().map_or(1.0, |query| query.app(&words))
    }

    /// Returns how well a tool fits by what it is called, its app's name in its slug among it.
    pub(crate) fn words(&self, slug: &str, name: &str, description: &str) -> f32 {
        let words = of_tool(Named { slug, name, description, path: "", inputs: "" });
        self.0.as_ref().map_or(1.0, |query| query.tool(&words))
    }

    /// Returns the tools of an added app that fit, by their places in its own order, and how well.
    pub(crate) fn tools_of(
        &self,
        app: &Manifest,
        listing: &Listing,
    ) -> impl Iterator<Item = (usize, f32)> + use<> {
        let words = of_app(app.slug.as_str(), &app.name, &app.description);
        let scores = match &self.0 {
            Some(query) => query.tools(listing, &words),
            None => vec![1.0; listing.len()],
        };
        scores.into_iter().enumerate().filter(|(_, score)| *score > 0.0)
    }
}

/// Tells whether what fits so well is worth telling beside the best: what fits less than a third as well is not.
pub(crate) fn is_worthwhile(score: f32, best: f32) -> bool {
    score > 0.0 && score * 3.0 >= best
}

/// Returns what fits and is worth telling, the best first.
pub(crate) fn worthwhile<T>(all: impl IntoIterator<Item = (f32, T)>) -> Vec<(f32, T)> {
    let mut best = 0.0_f32;
    let mut found: Vec<_> = all
        .into_iter()
        .filter(|(score, _)| {
            best = best.max(*score);
            is_worthwhile(*score, best)
        })
        .collect();
    found.retain(|(score, _)| is_worthwhile(*score, best));
    // The sort is stable: what fits alike stays in the order in which it came.
    found.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    found
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
    fn the_index_says_of_tools_what_their_words_say() {
        for query in ["send an email", "list files", "create issue comment"] {
            let search = Search::new(Some(query));
            let mut found = search.tools().filter(|(app, at, _)| *at < app.by_hand()).peekable();
            for app in App::all().filter(|app| app.by_hand() > 0) {
                let by_hand: Vec<_> = (0..app.by_hand()).collect();
                let tools = app.tools_at(&by_hand).unwrap();
                let listing = Listing::of(&tools);
                for (at, score) in search.tools_of(&app.card().unwrap(), &listing) {
                    let (known, place, own) = found.next().unwrap();
                    assert_eq!((known, place), (app, at), "{query}");
                    assert!((own - score).abs() < 1e-4, "{query}: {own} is not {score}");
                }
            }
            assert_eq!(found.next(), None, "{query}");
        }
    }

    #[test]
    fn what_is_much_worse_than_the_best_is_left_out_and_the_rest_keeps_its_order() {
        let scores = [(1.0, 'a'), (0.9, 'b'), (3.0, 'c'), (0.0, 'd'), (1.0, 'e')];

        let found: Vec<char> = worthwhile(scores).into_iter().map(|(_, what)| what).collect();

        assert_eq!(found, ['c', 'a', 'e']);
    }

    #[test]
    fn a_slip_finds_its_name() {
        let tools = ["GMAIL_SEND_EMAIL", "GMAIL_SEND_DRAFT", "GMAIL_LIST_LABELS"];

        assert_eq!(nearest("gmail_send_emial", tools)[0], "GMAIL_SEND_EMAIL");
        assert_eq!(nearest("gmial", ["gmail", "stripe"]), ["gmail"]);
        assert!(nearest("zzz", ["gmail", "stripe"]).is_empty());
    }
}
