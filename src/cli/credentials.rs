//! Where the credentials of an app without OAuth come from: environment, stdin, or a hidden prompt.

use dialoguer::{Input, Password};
use secrecy::SecretString;

use super::{App, arguments};
use crate::api::error::{Error, Result};
use crate::api::secrets::Secrets;
use crate::api::workspace::{CredentialField, ToolkitDetail};
use crate::settings::Settings;

/// Returns the fields that are still to be entered, beside those that the command line gave.
pub(crate) fn wanted(about: &ToolkitDetail, fields: &[(String, String)]) -> Vec<CredentialField> {
    let open = |field: &&CredentialField| !fields.iter().any(|(key, _)| *key == field.key);
    about.credential_fields.iter().filter(open).cloned().collect()
}

/// Returns what the environment and stdin give of some fields; stdin outranks the environment.
pub(crate) fn given(fields: &[CredentialField], stdin: &[String]) -> Result<Secrets> {
    let mut entered = Settings::credentials();
    entered.0.retain(|key, _| fields.iter().any(|field| field.key == *key));
    entered.0.extend(arguments::secrets(stdin)?.0);
    Ok(entered)
}

/// Fails with a usage error if a field is missing and there is nobody to ask.
pub(crate) fn check_complete(
    app: &App<'_>,
    fields: &[CredentialField],
    entered: &Secrets,
) -> Result<()> {
    let missing = fields.iter().find(|field| !entered.0.contains_key(&field.key));
    match missing {
        Some(field) if !app.settings.terminals.person => {
            let key = &field.key;
            let text =
                format!("the credential `{key}` is missing and there is no terminal to ask at");
            Err(Error::usage(text).hint(format!(
                "give it on stdin with `--credential {key}=-`, or in `NAIVE_CREDENTIAL_{}`",
                key.to_uppercase()
            )))
        }
        _ => Ok(()),
    }
}

/// Asks for each field that is not there yet, hidden where it is secret.
pub(crate) fn ask_for(fields: &[CredentialField], mut entered: Secrets) -> Result<Secrets> {
    for field in fields {
        if entered.0.contains_key(&field.key) {
            continue;
        }
        let answer = if field.secret {
            Password::new().with_prompt(&field.label).interact()
        } else {
            Input::<String>::new().with_prompt(&field.label).interact_text()
        };
        let answer = answer.map_err(|dialoguer::Error::IO(error)| {
            let left = error.kind() == std::io::ErrorKind::Interrupted;
            let text = format!("`{}` was not entered", field.key);
            if left { Error::interrupted() } else { Error::usage(text).because(error) }
        })?;
        entered.0.insert(field.key.clone(), SecretString::from(answer));
    }
    Ok(entered)
}
