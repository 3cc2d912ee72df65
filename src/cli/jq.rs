//! `--jq`: a jq expression over the envelope.

use jaq_core::load::{Arena, File, Loader};
use jaq_core::{Compiler, Ctx, Vars, data, unwrap_valr};
use jaq_json::{Val, read};
use serde_json::Value;

use crate::api::error::{Code, Error, Result};

/// A compiled expression.
pub(crate) struct Filter {
    text: String,
    filter: jaq_core::Filter<data::JustLut<Val>>,
}

impl std::fmt::Debug for Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Filter").field(&self.text).finish()
    }
}

impl Filter {
    /// Fails with a usage error if the text is no jq expression.
    pub(crate) fn compile(text: &str) -> Result<Self> {
        let defs = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
        let funs = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
        let arena = Arena::default();
        let program = File { code: text, path: () };
        let wrong = || {
            Error::usage(format!("`{text}` is no jq expression"))
                .hint("try `--jq .result`; the whole envelope is `--jq .`")
        };
        let modules = Loader::new(defs).load(&arena, program).map_err(|_| wrong())?;
        let filter = Compiler::default().with_funs(funs).compile(modules).map_err(|_| wrong())?;
        Ok(Self { text: text.to_owned(), filter })
    }

    /// Returns the outputs, a line each; strings without their quotes.
    ///
    /// Fails with `InvalidInput` if the expression does not fit the value.
    pub(crate) fn run(&self, value: &Value) -> Result<String> {
        let input = read::parse_single(value.to_string().as_bytes()).map_err(|error| {
            Error::internal("the envelope cannot be filtered", error.to_string())
        })?;
        let context = Ctx::<data::JustLut<Val>>::new(&self.filter.lut, Vars::new([]));
        let mut lines = String::new();
        for output in self.filter.id.run((context, input)).map(unwrap_valr) {
            let output = output.map_err(|error| {
                Error::new(
                    Code::InvalidInput,
                    format!("`{}` does not fit the reply: {error}", self.text),
                )
                .hint("the call itself was done; see the whole reply with `--jq .`")
            })?;
            let text = output.to_string();
            match serde_json::from_str::<String>(&text) {
                Ok(plain) => lines.push_str(&plain),
                Err(_) => lines.push_str(&text),
            }
            lines.push('\n');
        }
        Ok(lines)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn strings_come_without_quotes_and_lists_line_by_line() {
        let filter = Filter::compile(".result[].slug").unwrap();

        let lines =
            filter.run(&json!({"result": [{"slug": "gmail"}, {"slug": "stripe"}]})).unwrap();

        assert_eq!(lines, "gmail\nstripe\n");
        assert!(Filter::compile(".[").is_err());
        assert!(Filter::compile(".x").unwrap().run(&json!([])).is_err());
    }
}
