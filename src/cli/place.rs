//! `--output-file`: a file that is to hold an answer, beside its place until it is whole.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tempfile::NamedTempFile;

use crate::api::error::{Code, Error, Result};
use crate::api::tools::{Executed, FileAnswer};

/// How many links lead from one name to the next at most, as on Linux.
const LINKS: usize = 40;

/// Where an answer goes.
pub(super) struct Place {
    /// As it was named
    shown: String,
    /// Where that leads
    path: PathBuf,
    file: NamedTempFile,
}

impl Place {
    /// Fails with a usage error if no file can be made there, or what is there is none that may be replaced.
    pub(super) fn reserve(named: &Path) -> Result<Self> {
        let shown = named.display().to_string();
        if shown == "-" {
            return Err(Error::usage("`--output-file` takes the name of a file, not `-`")
                .hint("leave it out: the answer goes to stdout, and `--jq` picks from it"));
        }
        let unwritable = |error: io::Error| {
            Error::usage(format!("`{shown}` cannot be written: {}", error.kind()))
        };
        let path = target(named).map_err(unwritable)?;
        if path.file_name().is_none() {
            return Err(Error::usage(format!("`{shown}` is no name for a file")));
        }
        let there = match fs::metadata(&path) {
            Ok(there) => Some(there),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(unwritable(error)),
        };
        if there.as_ref().is_some_and(|there| !there.is_file()) {
            return Err(Error::usage(format!("`{shown}` is there, and is no regular file")));
        }
        if let Some(there) = &there {
            if there.permissions().readonly() {
                return Err(Error::usage(format!("`{shown}` is there, and may only be read")));
            }
            // It is replaced, not written to, so nobody else asks whether that is allowed.
            File::options().write(true).open(&path).map_err(unwritable)?;
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let file = NamedTempFile::new_in(folder.unwrap_or_else(|| Path::new(".")));
        let file = file.map_err(unwritable)?;
        if let Some(there) = there {
            file.as_file().set_permissions(there.permissions()).map_err(unwritable)?;
        }
        Ok(Self { shown, path, file })
    }

    /// Returns a file of that name in a folder of our own; the folder is made if it is not there.
    ///
    /// Only its owner can read what is in it.
    pub(super) fn own(folder: &Path, name: &str) -> io::Result<Self> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder)?;
        let path = folder.join(name);
        let file = NamedTempFile::new_in(folder)?;
        Ok(Self { shown: path.display().to_string(), path, file })
    }

    /// Moves what a tool answered into the file, and says so in its stead; if that fails, the answer
    /// stays where it was, and what it is lost to is returned.
    pub(super) fn keep(mut self, executed: &mut Executed) -> Result<Option<Error>> {
        let (mime_type, bytes) = if let Some(file) = &executed.file {
            (file.mime_type.clone(), bytes(file)?)
        } else {
            let json = serde_json::to_vec_pretty(&executed.data);
            let json = json.map_err(|error| Error::internal("no JSON can be made", error))?;
            ("application/json".to_owned(), json)
        };
        let file = self.file.as_file_mut();
        let written = file.write_all(&bytes).and_then(|()| file.sync_all());
        let saved = written
            .and_then(|()| self.file.persist(&self.path).map(drop).map_err(|failed| failed.error));
        let shown = self.shown;
        if let Err(error) = saved {
            let text = format!(
                "`{}` has run, but `{shown}` cannot be written: {}",
                executed.tool_slug,
                error.kind()
            );
            return Ok(Some(
                Error::new(Code::InternalError, text)
                    .hint(
                        "take the answer from this reply: the tool runs again if you call it again",
                    )
                    .reason("not_saved"),
            ));
        }
        executed.data = Value::Null;
        let size = bytes.len();
        executed.file =
            Some(FileAnswer { path: Some(shown), ..FileAnswer::empty(mime_type, size) });
        Ok(None)
    }
}

/// Returns where a name leads through links, also if nothing is there yet.
fn target(named: &Path) -> io::Result<PathBuf> {
    let mut path = named.to_owned();
    for _ in 0..LINKS {
        if !fs::symlink_metadata(&path).is_ok_and(|there| there.is_symlink()) {
            return Ok(path);
        }
        let next = fs::read_link(&path)?;
        path = path.parent().map_or(next.clone(), |folder| folder.join(next));
    }
    // A ring, of which the system tells whoever asks what is there.
    Ok(path)
}

fn bytes(file: &FileAnswer) -> Result<Vec<u8>> {
    match (&file.text, &file.data) {
        (Some(text), _) => Ok(text.clone().into_bytes()),
        (None, Some(data)) => STANDARD
            .decode(data)
            .map_err(|error| Error::internal("the file that came is not base64", error)),
        (None, None) => Ok(Vec::new()),
    }
}
