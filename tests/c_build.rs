//! How C programs get the library: what `cargo capi` and its sisters make, take and say; linking with it in every way;
//! region.pc, CMake's files, and what cargo-c would install. What the functions do is `c_abi.rs`'s.

#![cfg(all(feature = "os", target_os = "linux"))]

#[allow(dead_code)] // for other tests
#[path = "c_abi/library.rs"]
mod library;
#[allow(dead_code)]
#[path = "c_abi/object.rs"]
mod object;
#[allow(dead_code)]
#[path = "c_abi/tools.rs"]
mod tools;

use library::{Library, ROOT, TARGET, cargo, checked, directory, freestanding, hosted, small};
use object::{Object, run};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use tools::{Compiler, has, passes, said};

const WAY: Compiler = Compiler { name: "build", command: &["gcc"], flags: &["-std=c99", "-O1"] };

fn flag(flag: &str, path: &Path) -> std::ffi::OsString {
    let mut text = std::ffi::OsString::from(flag);
    text.push(path);
    text
}

/// What a hosted archive may need of the program: what compilers call by name, and every libc has.
const MEMORY: [&str; 4] = ["memcmp", "memcpy", "memmove", "memset"];
/// Bytes of an archive: its code, a third more for unwinding and data, and symbols of some two hundred functions.
const ARCHIVE: u64 = 340 << 10;

#[test]
fn archive_is_one_object_that_needs_memory_functions_alone() {
    if !has("nm", "the archives' symbols") {
        return;
    }
    for (library, name, may_need) in [
        (hosted(), "hosted", &MEMORY[..]),
        (small(), "small", &MEMORY[..]),
        (checked(), "checked", &MEMORY[..]),
        (freestanding(), "freestanding", &[][..]),
    ] {
        // Fails if there are more.
        let object = Object::of(&library.archive, &format!("whole-{name}"));
        let strange: Vec<String> = object.names("U").into_iter().filter(|name| !may_need.contains(&&**name)).collect();
        assert!(strange.is_empty(), "{name} needs {strange:?}");
        let size = library.archive.metadata().unwrap().len();
        println!("{name}: {size} bytes");
        assert!(size <= ARCHIVE, "{name}: {size} bytes");
    }
}

#[test]
fn archive_links_as_a_whole() {
    if !has("gcc", "linking the whole archive") {
        return;
    }
    for (name, library) in [("hosted", hosted()), ("freestanding", freestanding()), ("checked", checked())] {
        let way = Compiler { name: &format!("whole-{name}"), ..WAY };
        let whole =
            [OsStr::new("-Wl,--whole-archive"), library.archive.as_os_str(), OsStr::new("-Wl,--no-whole-archive")];
        // What arena.c claims of the cache is not so of archives that are made for size.
        let cache: &[&OsStr] = if name == "freestanding" { &[OsStr::new("-DKEEPS_FIRST_BLOCKS")] } else { &[] };
        passes(Command::new(way.build("arena.c", &[&whole[..], cache].concat())));
        // And as the inside of a library of somebody else's.
        let plugin = directory(way.name).join("libplugin.so");
        let made = way.run(&[&[OsStr::new("-shared")], &whole[..]].concat(), &plugin);
        assert!(made.status.success(), "{name}: {}", said(&made));
        let way = Compiler { name: &format!("plugin-{name}"), ..WAY };
        let rpath = flag("-Wl,-rpath,", plugin.parent().unwrap());
        passes(Command::new(way.build("arena.c", &[&[plugin.as_os_str(), &*rpath], cache].concat())));
    }
}

#[test]
fn program_starts_with_the_shared_library() {
    if !has("gcc", "a program with the shared library") {
        return;
    }
    let place = hosted().shared.parent().unwrap();
    // The other library there would be taken, were this one not preferred.
    let program = WAY.build("arena.c", &[&*flag("-L", place), OsStr::new("-lregion")]);
    let mut command = Command::new(&program);
    command.env("LD_LIBRARY_PATH", place);
    passes(command);
    assert!(!Command::new(&program).output().unwrap().status.success(), "the program has the archive in it");
}

#[test]
fn flags_of_cargo_and_rustc_are_handed_on_and_the_place_stays() {
    let version = run(Command::new("rustc").arg("-vV"));
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let target = directory("flags");
    let made = target.join("small/release/libregion.a");
    let _ = fs::remove_file(&made);
    // What needs no compiling again but for the library itself.
    let _ = fs::remove_file(target.join("capi"));
    small();
    symlink(Path::new(TARGET).join("capi"), target.join("capi")).unwrap();
    let output = cargo()
        .args(["capi-small", "-j2", "--offline", "--target", host, "--features", "poison", "--target-dir"])
        .arg(&target)
        .args(["--", "-C", "metadata=of-a-test"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert!(made.exists(), "{}", said(&output));
    let refused = cargo().args(["capi", "--no-such-flag", "--target-dir"]).arg(&target).output().unwrap();
    assert!(!refused.status.success() && said(&refused).contains("--no-such-flag"), "{}", said(&refused));
}

/// A tree as a clone has it after `cargo capi`, out of what the tests built.
fn clone_tree() -> PathBuf {
    let tree = directory("clone");
    let release = tree.join("target/release");
    fs::create_dir_all(&release).unwrap();
    install(hosted(), &release, &["libregion.a", "libregion.so", "libregion.so.0"]);
    copy(&Path::new(ROOT).join("include"), &tree);
    tree
}

/// Puts these of a library's files into a directory, links as links.
fn install(library: &Library, to: &Path, files: &[&str]) {
    for file in files {
        copy(&library.archive.with_file_name(file), to);
    }
}

fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").args([from, to]).status().unwrap();
    assert!(copied.success());
}

/// Configures and builds a project with CMake, which links c-tests/arena.c with each of `targets`, and runs them.
fn builds_with_cmake(project: &Path, targets: &[&str], arguments: &[String]) {
    let mut lists =
        "cmake_minimum_required(VERSION 3.13)\nproject(user C)\nfind_package(region 0.1 REQUIRED)\n".to_owned();
    for target in targets {
        let program = target.replace("::", "_");
        lists +=
            &format!("add_executable({program} {ROOT}/c-tests/arena.c)\ntarget_link_libraries({program} {target})\n");
    }
    let _ = fs::remove_dir_all(project);
    fs::create_dir_all(project).unwrap();
    fs::write(project.join("CMakeLists.txt"), lists).unwrap();
    for arguments in [
        &[&["-S".into(), ".".into(), "-B".into(), "build".into()], arguments].concat(),
        &vec!["--build".into(), "build".into()],
    ] {
        let mut cmake = Command::new("cmake");
        cmake.args(arguments).current_dir(project);
        passes(cmake);
    }
    for target in targets {
        passes(Command::new(project.join("build").join(target.replace("::", "_"))));
    }
}

const ALL_TARGETS: [&str; 3] = ["region::region", "region::static", "region::shared"];

#[test]
fn build_systems_find_a_clone() {
    let tree = clone_tree();
    if has("pkg-config", "region.pc") && has("gcc", "region.pc") {
        let mut ask = Command::new("pkg-config");
        ask.args(["--cflags", "--libs", "region"]).env("PKG_CONFIG_PATH", tree.join("include"));
        let flags = run(&mut ask);
        let program = tree.join("by_pkg_config");
        let source = format!("{ROOT}/c-tests/arena.c");
        let built =
            Command::new("gcc").arg(source).args(flags.split_whitespace()).arg("-o").arg(&program).output().unwrap();
        assert!(built.status.success(), "{}", said(&built));
        passes(Command::new(program));
    }
    if has("cmake", "find_package(region)") {
        let here = format!("-Dregion_DIR={}", tree.join("include/cmake").display());
        builds_with_cmake(&tree.join("project"), &ALL_TARGETS, std::slice::from_ref(&here));
        // As cross toolchains say it: nothing is to be looked for outside of the target's own root.
        let cross = ["-DCMAKE_FIND_ROOT_PATH=/nowhere", "-DCMAKE_FIND_ROOT_PATH_MODE_LIBRARY=ONLY"].map(str::to_owned);
        let cross = [&[here, "-DCMAKE_FIND_ROOT_PATH_MODE_INCLUDE=ONLY".to_owned()], &cross[..]].concat();
        builds_with_cmake(&tree.join("cross"), &["region::static"], &cross);
    }
}

#[test]
fn cmake_finds_what_a_prefix_has() {
    if !has("cmake", "find_package(region) in a prefix") || !has("gcc", "find_package(region) in a prefix") {
        return;
    }
    const SHARED: [&str; 2] = ["libregion.so", "libregion.so.0"];
    const STATIC: [&str; 1] = ["libregion.a"];
    let multiarch = run(Command::new("gcc").arg("-print-multiarch"));
    let multiarch = format!("lib/{}", multiarch.trim());
    let far = format!("{multiarch}/cmake/region");
    for (name, libraries, files, targets) in [
        ("share", "lib", "share/cmake/region", &ALL_TARGETS[..]),
        ("lib", "lib", "lib/cmake/region", &["region::region", "region::shared"]),
        ("multiarch", &*multiarch, &*far, &["region::region", "region::shared"]),
        ("multiarch-static", &*multiarch, &*far, &["region::region", "region::static"]),
        ("share-multiarch", &*multiarch, "share/cmake/region", &ALL_TARGETS),
    ] {
        let prefix = directory(&format!("prefix-{name}"));
        let _ = fs::remove_dir_all(&prefix);
        for directory in [libraries, files, "include"] {
            fs::create_dir_all(prefix.join(directory)).unwrap();
        }
        for (target, library) in [("region::static", &STATIC[..]), ("region::shared", &SHARED)] {
            if targets.contains(&target) {
                install(hosted(), &prefix.join(libraries), library);
            }
        }
        copy(&Path::new(ROOT).join("include/region.h"), &prefix.join("include"));
        for file in ["region-config.cmake", "region-config-version.cmake"] {
            copy(&Path::new(ROOT).join("include/cmake").join(file), &prefix.join(files));
        }
        let here = format!("-DCMAKE_PREFIX_PATH={}", prefix.display());
        builds_with_cmake(&directory("prefix-project").join(name), targets, &[here]);
    }
}

/// What `cargo capi-install` puts into an empty root, with the libraries in each of two places.
fn installed(name: &str, more: &[&str]) -> PathBuf {
    let root = directory("installed").join(name);
    let _ = fs::remove_dir_all(&root);
    hosted();
    let output = cargo()
        .args(["capi-install", "--quiet", "--target-dir", TARGET, "--destdir"])
        .arg(&root)
        .args(more)
        .env_remove("PREFIX")
        .env_remove("LIBDIR")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
    root
}

#[test]
fn an_installed_library_serves_pkg_config_cmake_and_meson_in_both_forms() {
    if !has("gcc", "an installed library") {
        return;
    }
    let multiarch = run(Command::new("gcc").arg("-print-multiarch"));
    let multiarch = format!("lib/{}", multiarch.trim());
    for (name, more, libdir) in [
        ("plain", &["--prefix=/opt/region"][..], "opt/region/lib"),
        ("multiarch", &["--prefix", "/usr", "--multiarch"], &*format!("usr/{multiarch}")),
    ] {
        let root = installed(name, more);
        let libraries = root.join(libdir);
        assert_eq!(fs::read_link(libraries.join("libregion.so")).unwrap(), Path::new("libregion.so.0"));
        let real = fs::read_link(libraries.join("libregion.so.0")).unwrap();
        assert_eq!(real, PathBuf::from(format!("libregion.so.{}", env!("CARGO_PKG_VERSION"))));
        let prefix = root.join(libdir.split("/lib").next().unwrap());
        for header in ["region.h", "region.hpp", "region/obstack.h"] {
            assert!(prefix.join("include").join(header).is_file(), "{header} is not installed");
        }
        let in_the_root = |command: &mut Command| {
            command.env("PKG_CONFIG_LIBDIR", libraries.join("pkgconfig")).env("PKG_CONFIG_SYSROOT_DIR", &root);
            command.env("LD_LIBRARY_PATH", &libraries);
        };
        if has("pkg-config", "region.pc of a prefix") {
            for (form, flag) in [("static", Some("-static")), ("shared", None)] {
                let mut ask = Command::new("pkg-config");
                ask.args(["--cflags", "--libs", "region"]);
                in_the_root(&mut ask);
                let (flags, program) = (run(&mut ask), root.join(form));
                let mut gcc = Command::new("gcc");
                gcc.args(flag).arg(format!("{ROOT}/c-tests/arena.c")).args(flags.split_whitespace());
                gcc.arg("-o").arg(&program);
                passes(gcc);
                let mut command = Command::new(program);
                in_the_root(&mut command);
                passes(command);
            }
        }
        let (project, here) = (format!("{ROOT}/c-tests/project"), format!("-DCMAKE_PREFIX_PATH={}", prefix.display()));
        let runs = |tool: &str, arguments: &[&str]| {
            let mut command = Command::new(tool);
            in_the_root(command.args(arguments).current_dir(&root));
            passes(command);
        };
        if has("cmake", "find_package(region) of a prefix") {
            runs("cmake", &["-S", &project, "-B", "of-cmake", &here]);
            runs("cmake", &["--build", "of-cmake"]);
            runs("cmake", &["--build", "of-cmake", "--target", "test"]);
        }
        if has("meson", "dependency('region') of a prefix") {
            runs("meson", &["setup", "of-meson", &project]);
            runs("meson", &["test", "-C", "of-meson"]);
        }
    }
}

#[test]
fn symbols_of_the_shared_library_have_a_version() {
    if !has("nm", "versions of symbols") || !has("readelf", "versions of symbols") {
        return;
    }
    let listing =
        run(Command::new("nm").args(["-D", "--defined-only", "--with-symbol-versions"]).arg(&hosted().shared));
    let functions: Vec<&str> = listing.lines().filter(|line| line.contains(" T ")).collect();
    assert!(functions.len() > 100 && functions.iter().all(|line| line.ends_with("@@REGION_0")), "{listing}");
    let dynamic = run(Command::new("readelf").args(["-d", "-W"]).arg(&hosted().shared));
    assert!(dynamic.contains("[libregion.so.0]") && !dynamic.contains("(NEEDED)"), "{dynamic}");
    assert!(!dynamic.contains("TEXTREL"), "{dynamic}");
}

/// cargo-c is not here to be run: what its documentation says it reads is held to what there is.
#[test]
fn cargo_c_would_install_every_header_and_cmake_file() {
    let metadata = run(cargo().args(["metadata", "--no-deps", "--offline", "--format-version", "1"]));
    let metadata: serde_json::Value = serde_json::from_str(&metadata).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let package = packages.iter().find(|package| package["name"] == "libregion").unwrap();
    let capi = &package["metadata"]["capi"];
    // Tables of another name are passed over without a word.
    let known = ["min_version", "header", "pkg_config", "library", "install"];
    for table in capi.as_object().unwrap().keys() {
        assert!(known.contains(&&**table), "cargo-c does not know [package.metadata.capi.{table}]");
    }
    let assets = |of: &str| {
        let listed = capi["install"][of]["asset"].as_array().unwrap_or_else(|| panic!("nothing to install: {of}"));
        let files = listed.iter().flat_map(|asset| {
            let from = Path::new(asset["from"].as_str().unwrap());
            // Below a prefix as here, where a header includes another by its place.
            let below = from.parent().unwrap().strip_prefix(Path::new("include")).unwrap().to_str().unwrap();
            let goes = asset.get("to").map_or("", |to| to.as_str().unwrap());
            assert!(goes == if of == "include" { below } else { "" }, "{asset} goes elsewhere");
            let (name, place) =
                (from.file_name().unwrap().to_str().unwrap(), Path::new(ROOT).join(from.parent().unwrap()));
            let ending = name.strip_prefix('*');
            let all = fs::read_dir(place).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
            all.filter(move |file| ending.map_or(file == name, |ending| file.ends_with(ending))).collect::<Vec<_>>()
        });
        files.collect::<BTreeSet<String>>()
    };
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<BTreeSet<String>>();
    assert_eq!(assets("include"), names(&["region.h", "region.hpp", "obstack.h"]));
    assert_eq!(assets("data"), names(&["region-config.cmake", "region-config-version.cmake"]));
    // Below share/ of the prefix, where CMake looks, and the test above has them.
    assert_eq!(capi["install"]["data"]["subdirectory"], "cmake/region");
}

#[test]
fn package_for_the_registry_is_without_what_it_does_not_need() {
    let list =
        run(cargo().args(["package", "--package", "libregion", "--list", "--allow-dirty", "--offline", "--quiet"]));
    let strange: Vec<&str> = list
        .lines()
        .filter(|file| ["xtask/", ".cargo/", ".ci/", "fuzz/"].iter().any(|place| file.starts_with(place)))
        .collect();
    assert!(strange.is_empty(), "{strange:?}");
    for file in
        ["include/region.h", "include/region/obstack.h", "include/cmake/region-config.cmake", "src/capi/header/top.h"]
    {
        assert!(list.lines().any(|line| line == file), "the package lacks {file}");
    }
}

#[test]
fn every_file_says_the_same_version() {
    let version = env!("CARGO_PKG_VERSION");
    for (file, line) in [
        ("include/region.h", format!("#define REGION_VERSION \"{version}\"")),
        ("include/region.pc", format!("Version: {version}")),
        ("include/cmake/region-config-version.cmake", format!("set(PACKAGE_VERSION \"{version}\")")),
    ] {
        let text = fs::read_to_string(format!("{ROOT}/{file}")).unwrap();
        assert!(text.contains(&line), "{file} is of another version than {version}");
    }
}
