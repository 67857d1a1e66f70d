//! The document: where its bytes come from, and how another process gets the same.

use crate::command::{Access, Settings, Source};
use crate::{Failure, sample};
use region::{Input, InputError};
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// How long standard input may be silent before a person reads what is being waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// A document, whole.
pub struct Document {
    bytes: Bytes,
    name: String,
    /// The regular file that another process can open for itself.
    file: Option<PathBuf>,
}

/// What holds a document's bytes.
enum Bytes {
    Built(String),
    Input(Input),
}

impl Document {
    /// Reads, maps or builds what `settings` ask for.
    pub fn load(settings: &Settings) -> Result<Self, Failure> {
        match &settings.source {
            Source::Built(size) => match sample::document(*size) {
                Ok(text) => Ok(Document { bytes: Bytes::Built(text), name: "built-in document".into(), file: None }),
                Err(_) => Err(Failure::Memory(format!("no memory for a document of {}", region::Bytes(*size)))),
            },
            Source::Stdin => {
                let name = "standard input".to_string();
                let input = patiently(|| from_stdin(settings.access)).map_err(|error| unreadable(&name, &error))?;
                Ok(Document { bytes: Bytes::Input(input), name, file: None })
            }
            Source::Path(path) => {
                let name = crate::program::shown(&path.to_string_lossy(), &std::io::stderr());
                let input = from_path(path, settings.access).map_err(|error| unreadable(&name, &error))?;
                let file = path.is_file().then(|| path.clone());
                Ok(Document { bytes: Bytes::Input(input), name, file })
            }
        }
    }

    pub fn bytes(&self) -> &[u8] {
        match &self.bytes {
            Bytes::Built(text) => text.as_bytes(),
            Bytes::Input(input) => input,
        }
    }

    /// What to call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How its bytes were had.
    pub fn origin(&self) -> &'static str {
        match &self.bytes {
            Bytes::Built(_) => "the same every time",
            Bytes::Input(input) => match input.source() {
                region::input::Source::Mapped => "mapped, not copied",
                region::input::Source::Read => "read into memory",
            },
        }
    }

    /// What a child is to have as its standard input, to find the document there.
    pub fn stdin_for_child(&self) -> io::Result<Stdio> {
        match &self.file {
            Some(path) => Ok(File::open(path)?.into()),
            None => Ok(Stdio::piped()),
        }
    }

    /// Writes the document to a child that was started with [`stdin_for_child`](Self::stdin_for_child), if
    /// it cannot open it for itself.
    pub fn feed(&self, child: &mut Child) -> io::Result<()> {
        match child.stdin.take() {
            Some(mut pipe) => pipe.write_all(self.bytes()),
            None => Ok(()),
        }
    }
}

/// Why an input could not be had, by what it is for lack of: the input or memory.
fn unreadable(name: &str, error: &InputError) -> Failure {
    let said = format!("{name}: {error}");
    if error.error().is(region::error::Errno::ENOMEM) { Failure::Memory(said) } else { Failure::Unreadable(said) }
}

/// All bytes of standard input, from where it stands.
pub fn from_stdin(access: Access) -> Result<Input, InputError> {
    match access {
        Access::Read => Input::read_stdin(),
        // SAFETY: as in `from_path`; a pipe is read anyway, and nobody can change what was read.
        Access::Map => unsafe { Input::stdin() },
    }
}

/// All bytes of the file of this name.
fn from_path(path: &Path, access: Access) -> Result<Input, InputError> {
    let path = path.as_os_str().as_encoded_bytes();
    match access {
        Access::Read => Input::read(path),
        // SAFETY: while the input lives nobody may write to the file or truncate it. This program opens it for
        // reading alone, and so do the processes it starts. That nobody else does is for the one to know who
        // named the file: `--help` asks it of them in so many words, and offers `--read` to those who cannot
        // promise it. A program that is given names by strangers should not map at all.
        Access::Map => unsafe { Input::open(path) },
    }
}

/// Does what may wait for a silent pipe, and says so if it does.
fn patiently<T>(read: impl FnOnce() -> T) -> T {
    let (done, wait) = mpsc::channel::<()>();
    let hint = move || {
        if wait.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
            let hint = "give a FILE, or < /dev/null for the built-in document";
            // Without standard error nothing can be shown.
            _ = writeln!(io::stderr(), "json: reading standard input until it ends; {hint}");
        }
    };
    // Without a thread there is no hint.
    _ = std::thread::Builder::new().spawn(hint);
    let value = read();
    drop(done);
    value
}
