//! A prefix with the library in it: `/usr/local`, or a package's root.
//!
//! ```text
//! DESTDIR/PREFIX/include/                  region.h, region.hpp, region/obstack.h
//! DESTDIR/PREFIX/LIBDIR/                   libregion.a, libregion.so -> libregion.so.0 -> libregion.so.0.1.0
//! DESTDIR/PREFIX/LIBDIR/pkgconfig/         region.pc, for the prefix
//! DESTDIR/PREFIX/LIBDIR/cmake/region/      what find_package(region) reads
//! ```
//!
//! Nothing is removed, and nothing is asked of the system that it is put into: no ldconfig(8).

use crate::flavour::SONAME;
use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where to install.
pub struct Prefix {
    /// The root of a package; empty for this system's.
    destdir: PathBuf,
    prefix: PathBuf,
    /// Of the libraries: below the prefix, or absolute.
    libdir: PathBuf,
}

impl Prefix {
    /// What the usual variables say, and `/usr/local` and `lib` where they say nothing.
    pub fn of_the_environment() -> Self {
        let variable = |name, usual: &str| env::var_os(name).map_or_else(|| usual.into(), PathBuf::from);
        Prefix {
            destdir: variable("DESTDIR", ""),
            prefix: variable("PREFIX", "/usr/local"),
            libdir: variable("LIBDIR", "lib"),
        }
    }

    /// The part that a flag sets.
    pub fn part(&mut self, flag: &str) -> Option<&mut PathBuf> {
        match flag {
            "--destdir" => Some(&mut self.destdir),
            "--prefix" => Some(&mut self.prefix),
            "--libdir" => Some(&mut self.libdir),
            _ => None,
        }
    }

    /// With the libraries where Debian has those of the C compiler's processor (`CC`, or cc).
    pub fn multiarch(self) -> Result<Self, String> {
        let compiler = env::var_os("CC").filter(|name| !name.is_empty()).unwrap_or("cc".into());
        let triplet = crate::tool::run(Command::new(compiler).arg("-print-multiarch"))?;
        match triplet.trim() {
            "" => Err("the C compiler has no multiarch triplet: give --libdir".into()),
            triplet => Ok(Prefix { libdir: Path::new("lib").join(triplet), ..self }),
        }
    }

    /// Installs what is in `made`, the headers, and what build systems read.
    pub fn fill(&self, root: &Path, made: &Path) -> Result<(), String> {
        if !self.prefix.is_absolute() {
            return Err(format!("the prefix {} is not absolute", self.prefix.display()));
        }
        let (include, libdir) = (self.place(&self.prefix.join("include")), self.prefix.join(&self.libdir));
        let libraries = self.place(&libdir);
        for header in ["region.h", "region.hpp"] {
            install(&root.join("include").join(header), &include, header, 0o644)?;
        }
        install(&root.join("include/region/obstack.h"), &include.join("region"), "obstack.h", 0o644)?;
        install(&made.join("libregion.a"), &libraries, "libregion.a", 0o644)?;
        let real = format!("{SONAME}.{}", version(root)?.split_once('.').map_or("0", |(_, rest)| rest));
        install(&made.join(SONAME), &libraries, &real, 0o755)?;
        crate::link(&real, &libraries.join(SONAME))?;
        crate::link(SONAME, &libraries.join("libregion.so"))?;
        let (near, pkg_config) = (root.join("include/cmake"), libraries.join("pkgconfig"));
        for file in ["region-config.cmake", "region-config-version.cmake"] {
            install(&near.join(file), &libraries.join("cmake/region"), file, 0o644)?;
        }
        crate::create(&pkg_config)?;
        let of_a_clone = read(&root.join("include/region.pc"))?;
        let text = for_a_prefix(&of_a_clone, &self.prefix, &libdir);
        fs::write(pkg_config.join("region.pc"), text).map_err(|error| format!("cannot write region.pc: {error}"))?;
        eprintln!("{:>12} {} and {}", "Installed", include.display(), libraries.display());
        Ok(())
    }

    /// Where a path of the installed system is now.
    fn place(&self, path: &Path) -> PathBuf {
        match self.destdir.as_os_str().is_empty() {
            true => path.to_path_buf(),
            false => self.destdir.join(path.strip_prefix("/").unwrap_or(path)),
        }
    }
}

/// The library's version, out of its header.
fn version(root: &Path) -> Result<String, String> {
    let header = read(&root.join("include/region.h"))?;
    let line = header.lines().find_map(|line| line.strip_prefix("#define REGION_VERSION \""));
    line.and_then(|line| line.split('"').next()).map(str::to_owned).ok_or_else(|| "region.h has no version".into())
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

fn install(from: &Path, directory: &Path, name: &str, mode: u32) -> Result<(), String> {
    crate::create(directory)?;
    let to = directory.join(name);
    crate::put(from, &to)?;
    let set = fs::set_permissions(&to, fs::Permissions::from_mode(mode));
    set.map_err(|error| format!("cannot set the mode of {}: {error}", to.display()))
}

/// region.pc of a clone, for a prefix: the paths of the prefix, and -lregion, which takes the shared library unless
/// `-static` forbids it.
fn for_a_prefix(of_a_clone: &str, prefix: &Path, libdir: &Path) -> String {
    let libdir = match libdir.strip_prefix(prefix) {
        Ok(below) => format!("${{prefix}}/{}", below.display()),
        Err(_) => libdir.display().to_string(),
    };
    let mut text = format!("prefix={}\nincludedir=${{prefix}}/include\nlibdir={libdir}\n", prefix.display());
    let fields = of_a_clone.lines().skip_while(|line| !line.starts_with("libdir=")).skip(1);
    for line in fields {
        text += &line.replace("-l:libregion.a", "-lregion");
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLONE: &str =
        "# a clone\nprefix=x\nlibdir=${prefix}/target/release\n\nName: region\nLibs: -L${libdir} -l:libregion.a\n";

    #[test]
    fn pkg_config_s_file_of_a_prefix_has_its_paths() {
        let made = for_a_prefix(CLONE, Path::new("/usr"), Path::new("/usr/lib/x86_64-linux-gnu"));
        assert_eq!(
            made,
            "prefix=/usr\nincludedir=${prefix}/include\nlibdir=${prefix}/lib/x86_64-linux-gnu\n\nName: region\n\
             Libs: -L${libdir} -lregion\n"
        );
        assert!(for_a_prefix(CLONE, Path::new("/opt/region"), Path::new("/lib64")).contains("\nlibdir=/lib64\n"));
    }

    #[test]
    fn what_is_installed_goes_below_the_root_of_a_package() {
        let mut prefix = Prefix { destdir: PathBuf::new(), prefix: "/usr".into(), libdir: "lib".into() };
        assert_eq!(prefix.place(Path::new("/usr/lib")), Path::new("/usr/lib"));
        *prefix.part("--destdir").unwrap() = "/tmp/root".into();
        assert_eq!(prefix.place(Path::new("/usr/lib")), Path::new("/tmp/root/usr/lib"));
        assert!(prefix.part("--target").is_none());
    }
}
