//! How far the gate can be relied on, in the words that every card, `doctor` and the README share.

/// What the gate stops where this build runs, and what it does not.
pub(crate) const LEVEL: &str = "level L0: the gate stops accidents, and agents that keep to their key; \
    it does not stop a program with a shell that runs as your OS user";

/// What would stop such a program, and how much of that there is.
pub(crate) const RECIPE: &str = "what does is to keep the store under your own OS user, serve it from \
    there with `naive serve`, and run the agent under another OS user with an agent key";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_promises_what_the_gate_does_and_no_more() {
        let readme =
            include_str!("../../README.md").split_whitespace().collect::<Vec<_>>().join(" ");

        for text in [LEVEL, RECIPE] {
            assert!(readme.to_lowercase().contains(&text.to_lowercase()), "{text}");
        }
    }
}
