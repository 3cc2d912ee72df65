//! Names of tools: made from operation ids, unique in a toolkit, the same whenever they are made again.

use std::collections::{BTreeMap, HashMap};

use sha2::{Digest as _, Sha256};

use crate::api::ids::{Slug, ToolSlug, hex};
use crate::catalog::manifest::{Manifest, RequestLine};

/// How long a name may be: what programs that speak MCP take as the name of a tool.
const LONGEST: usize = 64;

/// An operation that wants a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Nameless<'a> {
    /// What the document calls it, if it does
    pub(crate) id: Option<&'a str>,
    /// Its method
    pub(crate) method: &'a str,
    /// Its path
    pub(crate) path: &'a str,
}

/// The names that operations of a toolkit have already, by method and path.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kept(BTreeMap<String, ToolSlug>);

impl Kept {
    /// Returns the names that the tools of a manifest have.
    pub(crate) fn of(manifest: &Manifest) -> Self {
        let mut names = BTreeMap::new();
        for tool in &manifest.tools {
            let RequestLine { method, path } = &tool.request;
            let path = tool.remote.as_ref().unwrap_or(path);
            names.entry(line(method.as_str(), path)).or_insert_with(|| tool.slug.clone());
        }
        Self(names)
    }

    /// Keeps a name for an operation, unless it has one.
    pub(crate) fn keep(&mut self, method: &str, path: &str, name: ToolSlug) {
        self.0.entry(line(method, path)).or_insert(name);
    }
}

/// Returns a request line without the names in its holes: to call a parameter otherwise makes no new
/// operation.
fn line(method: &str, path: &str) -> String {
    let mut blank = format!("{method} ");
    let mut inside = false;
    for c in path.chars() {
        inside = (inside || c == '{') && c != '}';
        if !inside || c == '{' {
            blank.push(c);
        }
    }
    blank
}

/// Returns a name for each operation, in their order.
///
/// Where several would have the same, the shortest path has it, and the others end in four letters that
/// come from their method and path; so nobody's name depends on the order.
pub(crate) fn names(slug: &Slug, operations: &[Nameless<'_>], kept: &Kept) -> Vec<ToolSlug> {
    let prefix = slug.tool_prefix();
    let mut taken: HashMap<String, usize> = HashMap::new();
    let mut names: Vec<Option<String>> = vec![None; operations.len()];
    for (at, one) in operations.iter().enumerate() {
        if let Some(name) = kept.0.get(&line(one.method, one.path))
            && name.as_str().starts_with(&prefix)
            && taken.insert(name.to_string(), at).is_none()
        {
            names[at] = Some(name.to_string());
        }
    }
    let mut order: Vec<usize> = (0..operations.len()).filter(|at| names[*at].is_none()).collect();
    order.sort_by_key(|at| {
        let one = &operations[*at];
        (one.path.len(), one.path, one.method)
    });
    for at in order {
        let name = fresh(&prefix, &operations[at], |name| taken.contains_key(name));
        taken.insert(name.clone(), at);
        names[at] = Some(name);
    }
    names.into_iter().flatten().filter_map(|name| name.parse().ok()).collect()
}

fn fresh(prefix: &str, one: &Nameless<'_>, taken: impl Fn(&str) -> bool) -> String {
    let app = prefix.trim_end_matches('_');
    let words = one.id.map(words).filter(|words| !words.is_empty());
    let words = words.unwrap_or_else(|| words_of_line(one.method, one.path));
    let word = words.strip_prefix(app).and_then(|rest| rest.strip_prefix('_')).unwrap_or(&words);
    let name = format!("{prefix}{word}");
    let longest = LONGEST.max(prefix.len() + 24);
    if name.len() <= longest && !taken(&name) {
        return name;
    }
    let digest = hex(&Sha256::digest(format!("{} {}", one.method, one.path))).to_uppercase();
    // A few letters nearly always do; if not, more of them.
    let ends = (4..=16).step_by(4).map(|letters| {
        let mut kept = &name[..name.len().min(longest - letters - 1)];
        if kept.len() < name.len() && kept.rfind('_').is_some_and(|end| end >= prefix.len() + 8) {
            kept = &kept[..kept.rfind('_').unwrap_or(kept.len())];
        }
        format!("{}_{}", kept.trim_end_matches('_'), &digest[..letters])
    });
    ends.clone().find(|name| !taken(name)).or_else(|| ends.last()).unwrap_or(name)
}

fn words_of_line(method: &str, path: &str) -> String {
    let named = words(&path.replace('{', "by_"));
    if named.is_empty() { method.to_owned() } else { format!("{method}_{named}") }
}

/// Returns a name in upper case with `_` between its words: `issues/list-forRepo` → `ISSUES_LIST_FOR_REPO`.
pub(super) fn words(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut upper = String::new();
    for (at, c) in letters.iter().enumerate() {
        if !c.is_ascii_alphanumeric() {
            if !upper.is_empty() && !upper.ends_with('_') {
                upper.push('_');
            }
            continue;
        }
        let before = at.checked_sub(1).map(|at| letters[at]);
        let after = letters.get(at + 1);
        let begins = c.is_ascii_uppercase()
            && before.is_some_and(|before| {
                before.is_ascii_lowercase()
                    || before.is_ascii_digit()
                    || (before.is_ascii_uppercase() && after.is_some_and(char::is_ascii_lowercase))
            });
        if begins && !upper.ends_with('_') {
            upper.push('_');
        }
        upper.push(c.to_ascii_uppercase());
    }
    upper.trim_end_matches('_').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(ids: &[(Option<&str>, &str, &str)], kept: &Kept) -> Vec<String> {
        let operations: Vec<_> =
            ids.iter().map(|(id, method, path)| Nameless { id: *id, method, path }).collect();
        let names = names(&"acme-shop".parse().unwrap(), &operations, kept);
        names.into_iter().map(String::from).collect()
    }

    #[test]
    fn a_name_comes_from_the_operation_id_or_the_request() {
        let names = named(
            &[
                (Some("issues/list-forRepo"), "GET", "/a"),
                (Some("acmeShop.getHTMLPage"), "GET", "/b"),
                (None, "PUT", "/users/{user-id}/avatar"),
                (Some("\u{202e}"), "GET", "/"),
                (Some("ACMESHOP_ping"), "GET", "/p"),
            ],
            &Kept::default(),
        );

        assert_eq!(names[0], "ACMESHOP_ISSUES_LIST_FOR_REPO");
        assert_eq!(names[1], "ACMESHOP_ACME_SHOP_GET_HTML_PAGE");
        assert_eq!(names[2], "ACMESHOP_PUT_USERS_BY_USER_ID_AVATAR");
        assert_eq!(names[3], "ACMESHOP_GET");
        assert_eq!(names[4], "ACMESHOP_PING");
    }

    #[test]
    fn names_do_not_depend_on_the_order() {
        let long = "a very long operation id that goes on and on for more than a name may have";
        let ids = [
            (Some("get"), "GET", "/a/{id}/b"),
            (Some("get"), "GET", "/a"),
            (Some("GET"), "POST", "/a"),
            (Some(long), "GET", "/l"),
        ];
        let mut back = ids;
        back.reverse();

        let (there, mut again) = (named(&ids, &Kept::default()), named(&back, &Kept::default()));
        again.reverse();

        assert_eq!(there, again);
        assert_eq!(there[1], "ACMESHOP_GET");
        assert!(there.iter().all(|name| name.len() <= LONGEST), "{there:?}");
        assert_eq!(there.iter().collect::<std::collections::BTreeSet<_>>().len(), 4);
    }
}
