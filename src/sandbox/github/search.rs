//! Search: words, and the qualifiers `repo: user: is: state: type: author: assignee: label: in:`,
//! each also with `-` before it. Other qualifiers are ignored.

use serde_json::{Value, json};

use super::issues::{self, has, sorted};
use super::{Answer, Desk, Refusal, Reply, of, repositories, text};
use crate::sandbox::store::objects;

/// One part of a query.
#[derive(Debug, PartialEq, Eq)]
struct Term {
    negated: bool,
    /// Nothing for a word.
    qualifier: String,
    value: String,
}

fn terms(desk: &Desk<'_>) -> Result<Vec<Term>, Refusal> {
    let q = desk.call.query.get("q").map(str::trim).unwrap_or_default();
    if q.is_empty() {
        return Err(Refusal::field("Search", "q", "missing"));
    }
    Ok(read(q))
}

/// Separates at blanks outside quotes.
fn read(q: &str) -> Vec<Term> {
    let (mut words, mut current, mut quoted) = (Vec::new(), String::new(), false);
    for c in q.chars().chain([' ']) {
        match c {
            '"' => quoted = !quoted,
            c if c.is_whitespace() && !quoted => words.push(std::mem::take(&mut current)),
            c => current.push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    let term = |word: String| {
        let (negated, word) = match word.strip_prefix('-') {
            Some(rest) => (true, rest.to_owned()),
            None => (false, word),
        };
        let (qualifier, value) = word.split_once(':').unwrap_or(("", &word));
        Term { negated, qualifier: qualifier.to_lowercase(), value: value.to_lowercase() }
    };
    words.into_iter().map(term).collect()
}

fn fits(desk: &Desk<'_>, repository: &Value, issue: &Value, term: &Term) -> bool {
    let value = term.value.as_str();
    let login = if value == "@me" { desk.login } else { value };
    let pull = !issue["pull"].is_null();
    let holds = match (term.qualifier.as_str(), value) {
        ("repo", _) => repository["key"] == value,
        ("user" | "org", _) => repository["owner"] == login,
        ("is" | "type", "issue") => !pull,
        ("is" | "type", "pr" | "pull-request") => pull,
        ("is", "merged") => issue["pull"]["merged_at"].is_string(),
        ("is" | "state", "open" | "closed") => issue["state"] == value,
        ("is", "public") => repository["private"] != true,
        ("is", "private") => repository["private"] == true,
        ("author", _) => issue["user"] == login,
        ("assignee", _) => has(&issue["assignees"], login),
        ("label", _) => has(&issue["labels"], value),
        ("", _) => {
            let said = |name: &str| text(issue, name).to_lowercase().contains(value);
            said("title") || said("body")
        }
        // What is not played does not narrow the search, negated or not.
        _ => return true,
    };
    holds != term.negated
}

fn scored(mut shown: Value) -> Value {
    shown["score"] = json!(1.0);
    shown
}

/// Searches issues and pull requests.
pub(super) fn issues(desk: &Desk<'_>) -> Answer {
    let terms = terms(desk)?;
    let found = collect(desk, |repository, issue| {
        terms.iter().all(|term| fits(desk, repository, issue, term))
    })?;
    let found: Vec<_> = found
        .iter()
        .map(|(repository, issue)| scored(issues::shown(desk, repository, issue)))
        .collect();
    Ok(Reply::found(desk, &found))
}

/// Lists the open issues that the caller is to do.
pub(super) fn assigned(desk: &Desk<'_>) -> Answer {
    let state = desk.call.query.get("state").unwrap_or("open");
    let found = collect(desk, |_, issue| {
        has(&issue["assignees"], desk.login) && (state == "all" || issue["state"] == state)
    })?;
    let with_repository = |(repository, issue): &(Value, Value)| {
        let mut one = issues::shown(desk, repository, issue);
        one["repository"] = repositories::shown(desk, repository);
        one
    };
    let found: Vec<_> = found.iter().map(with_repository).collect();
    Ok(Reply::page(desk, &found))
}

/// Returns fitting issues with their repositories, in the order that is asked for.
fn collect(
    desk: &Desk<'_>,
    fits: impl Fn(&Value, &Value) -> bool,
) -> Result<Vec<(Value, Value)>, Refusal> {
    let mut found = Vec::new();
    for repository in repositories::visible(desk)? {
        let mut own = objects::all(desk.db, of(&repository, "issue"))?;
        own.retain(|issue| fits(&repository, issue));
        for mut issue in own {
            issue["repository"] = repository.clone();
            found.push(issue);
        }
    }
    sorted(desk, &mut found);
    Ok(found.into_iter().map(|mut issue| (issue["repository"].take(), issue)).collect())
}

/// Searches repositories.
pub(super) fn repositories(desk: &Desk<'_>) -> Answer {
    let terms = terms(desk)?;
    let mut all = repositories::visible(desk)?;
    all.retain(|repository| {
        terms.iter().all(|term| {
            let value = term.value.as_str();
            let said = |name: &str| text(repository, name).to_lowercase().contains(value);
            let holds = match (term.qualifier.as_str(), value) {
                ("user" | "org", _) => {
                    repository["owner"] == if value == "@me" { desk.login } else { value }
                }
                ("repo", _) => repository["key"] == value,
                ("is", "public") => repository["private"] != true,
                ("is", "private") => repository["private"] == true,
                ("topic", _) => has(&repository["topics"], value),
                ("", _) => said("name") || said("description"),
                _ => return true,
            };
            holds != term.negated
        })
    });
    let all: Vec<_> =
        all.iter().map(|repository| scored(repositories::shown(desk, repository))).collect();
    Ok(Reply::found(desk, &all))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_words_and_qualifiers() {
        let term = |negated, qualifier: &str, value: &str| Term {
            negated,
            qualifier: qualifier.to_owned(),
            value: value.to_owned(),
        };

        let terms = read("carry is:Open -label:\"good first\" repo:ada/engine");

        let expected = [
            term(false, "", "carry"),
            term(false, "is", "open"),
            term(true, "label", "good first"),
            term(false, "repo", "ada/engine"),
        ];
        assert_eq!(terms, expected);
    }
}
