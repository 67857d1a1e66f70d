//! The C library for C programs: `cargo capi`, `capi-small`, `capi-freestanding` and `capi-checked`; and a malloc made of it,
//! `capi-malloc`.
//!
//! Cargo compiles (`cargo rustc`, with the flags of `flavour`); what it cannot do is done here: the archive's objects
//! become one (`archive`, by the tools of `tool`), and the shared library is made of it (`shared`). `cargo capi-install`
//! puts what `cargo capi` makes into a prefix (`install`), with the headers, a region.pc and the CMake files.
//!
//! What is made is always in the same place, whatever it was made for: include/region.pc and include/cmake look there.
//! `<target>/release/` for `capi`, `<target>/<flavour>/release/` for the others; cargo's own files are in
//! `<target>/capi/`. `<target>` is target/, or what `--target-dir` says.

mod archive;
mod artifact;
mod flavour;
mod install;
mod shared;
mod tool;
mod turn;

use flavour::{Flavour, Object};
use install::Prefix;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::{env, fs};

const USAGE: &str = "\
usage: cargo capi|capi-small|capi-freestanding|capi-checked|capi-malloc|capi-install [FLAGS OF CARGO]...
         [-- FLAGS OF RUSTC...]

  -j N, --offline, --target TRIPLE and the like are handed on to `cargo rustc`.
  --target-dir DIR   what is made goes below DIR, and not below target/ of this clone

capi-install makes what capi makes, and installs it:
  --prefix DIR       where it is found once it is installed (or the variable PREFIX; /usr/local)
  --libdir DIR       where libraries go, in the prefix or absolute (or LIBDIR; lib)
  --multiarch        libraries go to lib/TRIPLET of the prefix, as Debian has it: what `cc -print-multiarch` says
  --destdir DIR      a root that all of this is put below, to be packed (or DESTDIR)
";

/// What the command line asks for.
struct Request {
    flavour: &'static Flavour,
    /// Where all that is made goes.
    target: PathBuf,
    /// What is made is installed there.
    install: Option<Prefix>,
    cargo: Vec<OsString>,
    rustc: Vec<OsString>,
}

fn main() -> ExitCode {
    let words: Vec<OsString> = env::args_os().skip(1).collect();
    if words.iter().take_while(|word| *word != "--").any(|word| word == "--help" || word == "-h") {
        print!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    match request(&root(), words).and_then(|request| make(&root(), &request)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The top of the clone.
fn root() -> PathBuf {
    let own =
        env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    own.parent().map_or(own.clone(), Path::to_path_buf)
}

fn request(root: &Path, words: Vec<OsString>) -> Result<Request, String> {
    let mut words = words.into_iter();
    let name = words.next().unwrap_or_default();
    let installs = name == "capi-install";
    let command = if installs { OsString::from("capi") } else { name };
    let flavour = flavour::ALL.iter().find(|flavour| command == flavour.command).ok_or(USAGE)?;
    let (target, install) = (root.join("target"), installs.then(Prefix::of_the_environment));
    let mut request = Request { flavour, target, install, cargo: Vec::new(), rustc: Vec::new() };
    while let Some(word) = words.next() {
        if word == "--" {
            request.rustc = words.collect();
            break;
        }
        let text = word.to_str().unwrap_or_default();
        if text == "--multiarch" && installs {
            request.install = request.install.map(Prefix::multiarch).transpose()?;
            continue;
        }
        let (flag, joined) = text.split_once('=').map_or((text, None), |(flag, value)| (flag, Some(value)));
        let place = match flag {
            "--target-dir" => Some(&mut request.target),
            _ => request.install.as_mut().and_then(|prefix| prefix.part(flag)),
        };
        match (place, joined) {
            (Some(place), Some(value)) => *place = value.into(),
            (Some(place), None) => *place = words.next().ok_or(format!("{flag} wants a directory"))?.into(),
            (None, _) => request.cargo.push(word),
        }
    }
    Ok(request)
}

fn make(root: &Path, request: &Request) -> Result<(), String> {
    let Request { flavour, target, install, .. } = request;
    let work = target.join("capi");
    create(&work)?;
    let _turn = turn::wait_for(&work)?;
    let made = artifact::paths(&compile(root, &work, request)?);
    let find = |name: &str| made.iter().find(|path| path.file_name().is_some_and(|file| file == name));
    let library = find("libregion.a").ok_or("cargo did not say where it put libregion.a")?;
    let place = target.join(flavour.directory).join("release");
    create(&place)?;
    let triple = artifact::triple(&work, library);
    let object = archive::join(library, flavour.symbols, &work, triple.as_deref())?;
    let (from, name) = match flavour.object {
        Object::Archive => (archive::pack(&object, triple.as_deref())?, archive::ARCHIVE),
        Object::Alone(name) => (object.clone(), name),
    };
    put(&from, &place.join(name))?;
    say(&place.join(name));
    if let Some(shared) = &flavour.shared {
        let made = shared::link(&object, shared, flavour.symbols, &work, triple.as_deref())?;
        put(&made, &place.join(shared.soname.unwrap_or(shared.file)))?;
        if let Some(soname) = shared.soname {
            link(soname, &place.join(shared.file))?;
        }
        say(&place.join(shared.file));
    }
    install.as_ref().map_or(Ok(()), |prefix| prefix.fill(root, &place))
}

/// Runs `cargo rustc`; what it says to programs.
fn compile(root: &Path, work: &Path, request: &Request) -> Result<String, String> {
    let flavour = request.flavour;
    let mut command = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()));
    command
        .args(["rustc", "--release", "--lib", "--message-format", "json-render-diagnostics", "--manifest-path"])
        .arg(root.join("Cargo.toml"))
        .args(["--features", flavour.features, "--crate-type", "staticlib", "--target-dir"])
        .arg(work)
        .args(&request.cargo)
        .args(["--", "--cfg", "region_staticlib"])
        .args(flavour.rustc)
        .args(&request.rustc)
        .stderr(Stdio::inherit());
    let output = command.output().map_err(|error| format!("cannot run cargo: {error}"))?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        // It has said why.
        false => Err(format!("cargo rustc: {}", output.status)),
    }
}

fn create(directory: &Path) -> Result<(), String> {
    fs::create_dir_all(directory).map_err(|error| format!("cannot make {}: {error}", directory.display()))
}

/// Copies a file to a name at once: whoever has the old one open, or mapped, keeps it.
fn put(from: &Path, to: &Path) -> Result<(), String> {
    let new = to.with_extension("new");
    let put = fs::copy(from, &new).and_then(|_| fs::rename(&new, to));
    put.map_err(|error| format!("cannot copy {} to {}: {error}", from.display(), to.display()))
}

/// Makes `link` lead to its neighbour `to`.
fn link(to: &str, link: &Path) -> Result<(), String> {
    let new = link.with_extension("new");
    let _ = fs::remove_file(&new);
    let made = std::os::unix::fs::symlink(to, &new).and_then(|()| fs::rename(&new, link));
    made.map_err(|error| format!("cannot link {} to {to}: {error}", link.display()))
}

fn say(path: &Path) {
    let bytes = path.metadata().map_or(0, |file| file.len());
    let shown = env::current_dir().ok().and_then(|here| path.strip_prefix(here).ok()).unwrap_or(path);
    eprintln!("{:>12} {} ({} KiB)", "Made", shown.display(), bytes.div_ceil(1024));
}
