//! Where the credentials of an app without OAuth come from: environment, stdin, or a hidden prompt.

use dialoguer::{Input, Password};
use secrecy::SecretString;

use super::{App, arguments};
use crate::api::error::{Error, Result};
use crate::api::secrets::Secrets;
use crate::api::toolkits::{AuthType, CredentialField, ToolkitDetail};
use crate::settings::Settings;

/// Returns the fields that are still to be entered, beside those that the command line gave.
pub(crate) fn wanted(about: &ToolkitDetail, fields: &[(String, String)]) -> Vec<CredentialField> {
    let open = |field: &&CredentialField| !fields.iter().any(|(key, _)| *key == field.key);
    about.credential_fields.iter().filter(open).cloned().collect()
}

/// Returns what the environment and stdin give of some fields; stdin outranks the environment. At a
/// terminal nothing is read, because what is typed there would show: it is left to be asked for.
pub(crate) fn given(
    app: &App<'_>,
    about: &ToolkitDetail,
    fields: &[CredentialField],
    stdin: &[String],
) -> Result<Secrets> {
    let names = arguments::names(stdin)?;
    check_names(about, &names)?;
    let mut entered = Settings::credentials();
    entered.0.retain(|key, _| {
        fields.iter().any(|field| field.key == *key) && !names.contains(&key.as_str())
    });
    if !app.settings.terminals.person {
        entered.0.extend(arguments::secrets(&names)?.0);
    }
    Ok(entered)
}

/// Fails with a usage error if a credential is named that the app does not take.
fn check_names(about: &ToolkitDetail, names: &[&str]) -> Result<()> {
    let slug = &about.summary.slug;
    let takes_any = match about.summary.auth_type {
        AuthType::ApiKey | AuthType::Basic | AuthType::Unknown => true,
        AuthType::Oauth2 | AuthType::None => false,
    };
    if !takes_any && !names.is_empty() {
        return Err(Error::usage(format!("`{slug}` takes no credential")).hint("leave it out"));
    }
    let known: Vec<_> = about.credential_fields.iter().map(|field| field.key.as_str()).collect();
    match names.iter().find(|name| !known.contains(name)) {
        Some(name) => {
            let text = format!("`{slug}` has no credential field `{name}`");
            Err(Error::usage(text).hint(format!("it takes `{}`", known.join("`, `"))))
        }
        None => Ok(()),
    }
}

/// Fails with a usage error if a field is missing and there is nobody to ask; `before` is what stands
/// before a `key=-` that gives it.
pub(crate) fn check_complete(
    app: &App<'_>,
    fields: &[CredentialField],
    entered: &Secrets,
    before: &str,
) -> Result<()> {
    let missing = fields.iter().find(|field| !entered.0.contains_key(&field.key));
    match missing {
        Some(field) if !app.settings.terminals.person => {
            let key = &field.key;
            let text =
                format!("the credential `{key}` is missing and there is no terminal to ask at");
            Err(Error::usage(text).hint(format!(
                "give it on stdin with `{before} {key}=-`, or in `NAIVE_CREDENTIAL_{}`",
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
