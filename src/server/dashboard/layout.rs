//! What stands around every page: head, navigation, the mark of the sandbox.

use maud::{DOCTYPE, Markup, html};

use super::{ROOT, at};

/// The parts of the dashboard, as its navigation lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// What waits for a person, and what became of it
    Inbox,
    /// Users' links to apps
    Connections,
    /// The apps themselves
    Toolkits,
    /// Brokerage accounts
    Trading,
    /// Policies
    Kits,
    /// Programs that act
    Keys,
    /// What happened
    Logs,
}

impl Place {
    const ALL: [Self; 7] = [
        Self::Inbox,
        Self::Connections,
        Self::Toolkits,
        Self::Trading,
        Self::Kits,
        Self::Keys,
        Self::Logs,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Inbox => "Inbox",
            Self::Connections => "Connections",
            Self::Toolkits => "Toolkits",
            Self::Trading => "Trading",
            Self::Kits => "Kits",
            Self::Keys => "Keys",
            Self::Logs => "Log",
        }
    }

    fn path(self) -> String {
        match self {
            Self::Inbox => at("", &[]),
            Self::Connections => at("/connections", &[]),
            Self::Toolkits => at("/toolkits", &[]),
            Self::Trading => at("/trading", &[]),
            Self::Kits => at("/kits", &[]),
            Self::Keys => at("/keys", &[]),
            Self::Logs => at("/logs", &[]),
        }
    }
}

/// What a page shows beside what it is about.
pub(super) struct Frame {
    /// Where in the dashboard it is
    pub(super) place: Option<Place>,
    /// How many approvals wait
    pub(super) waiting: usize,
    /// Whether this is the sandbox
    pub(super) simulated: bool,
    /// The field that shows whose a form is
    pub(super) token: Markup,
}

/// Returns a page of a signed-in person.
pub(super) fn page(frame: &Frame, title: &str, body: &Markup) -> Markup {
    document(
        title,
        &html! {},
        &html! {
            a.skip href="#main" { "Skip to the content" }
            header.top {
                div.bar {
                    a.brand href=(ROOT) { "naive" }
                    nav aria-label="Dashboard" { ul { @for place in Place::ALL { (entry(frame, place)) } } }
                    form.out method="post" action=(at("/sign-out", &[])) {
                        (frame.token)
                        button.link type="submit" { "Sign out" }
                    }
                }
                @if frame.simulated {
                    p.sandbox { strong { "Sandbox" } " The apps and the money here are simulated." }
                }
            }
            main #main tabindex="-1" { (body) }
        },
    )
}

fn entry(frame: &Frame, place: Place) -> Markup {
    let here = frame.place == Some(place);
    html! {
        li {
            a href=(place.path()) aria-current=[here.then_some("page")] {
                (place.name())
                @if place == Place::Inbox {
                    span.count id="waiting" hidden[frame.waiting == 0] {
                        span.number { (frame.waiting) } span.aside { " waiting" }
                    }
                }
            }
        }
    }
}

/// Returns a page that stands by itself.
pub(super) fn alone(title: &str, body: &Markup) -> Markup {
    by_itself(title, &html! {}, &html! { h1 { (title) } (body) })
}

fn by_itself(title: &str, head: &Markup, body: &Markup) -> Markup {
    document(title, head, &html! { main.alone #main { p.brand { "naive" } (body) } })
}

/// Returns a page that goes on by itself to another one here, whatever site the browser came from.
pub(super) fn onward(title: &str, path: &str) -> Markup {
    by_itself(
        title,
        &html! { meta http-equiv="refresh" content=(format!("0;url={path}")); },
        &html! { h1 { (title) } p { a.button.primary href=(path) { "Continue" } } },
    )
}

/// Returns the page of a link that is no longer good, or never was.
pub(super) fn link_is_over() -> Markup {
    alone(
        "This link is over",
        &html! {
            p { "A link to the dashboard is good once, for five minutes." }
            (run_again())
        },
    )
}

/// Returns the page of somebody who is not signed in.
pub(super) fn sign_in() -> Markup {
    alone(
        "Sign in from the terminal",
        &html! {
            p { "The dashboard opens by a link that is good once. There is no password." }
            (run_again())
        },
    )
}

/// Returns the page of somebody who has signed out.
pub(super) fn signed_out() -> Markup {
    alone("You are signed out", &run_again())
}

fn run_again() -> Markup {
    html! { p { "For a new one, run this where the store is:" } pre.command { code { "naive dashboard" } } }
}

fn document(title: &str, head: &Markup, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                title { (title) " · naive" }
                link rel="icon" href="data:,";
                link rel="stylesheet" href=(at("/style.css", &[]));
                script src=(at("/live.js", &[])) defer {}
                (head)
            }
            body { (body) }
        }
    }
}
