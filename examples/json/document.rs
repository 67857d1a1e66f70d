//! The document: where its bytes come from, and how another process gets the same.

use crate::command::{Access, Settings, Source};
use crate::sample;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// How long standard input may be silent before a person is told what is being waited for.
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
    Input(Vec<u8>),
}

impl Document {
    /// Reads, maps or builds what `settings` ask for; the error is a sentence for the user.
    pub fn load(settings: &Settings) -> Result<Self, String> {
        match &settings.source {
            Source::Built(size) => Ok(Document {
                bytes: Bytes::Built(sample::document(*size)),
                name: "built-in document".into(),
                file: None,
            }),
            Source::Stdin => {
                let name = "standard input".to_string();
                let input = patiently(|| from_stdin(settings.access)).map_err(|error| format!("{name}: {error}"))?;
                Ok(Document { bytes: Bytes::Input(input), name, file: None })
            }
            Source::Path(path) => {
                let name = path.display().to_string();
                let input = from_path(path, settings.access).map_err(|error| format!("{name}: {error}"))?;
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
            Bytes::Input(_) => "read into memory",
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

/// All bytes of standard input, from where it stands.
pub fn from_stdin(_access: Access) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// All bytes of the file of this name.
fn from_path(path: &Path, _access: Access) -> io::Result<Vec<u8>> {
    std::fs::read(path)
}

/// Does what may wait for a silent pipe, and says so if it does.
fn patiently<T>(read: impl FnOnce() -> T) -> T {
    let (done, wait) = mpsc::channel::<()>();
    std::thread::spawn(move || {
        if wait.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
            let hint = "give a FILE, or < /dev/null for the built-in document";
            // With standard error gone there is nobody to tell.
            _ = writeln!(io::stderr(), "json: reading standard input until it ends; {hint}");
        }
    });
    let value = read();
    drop(done);
    value
}
