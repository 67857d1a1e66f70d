//! Links nothing: no start files, no libc, no loader.

fn main() {
    for argument in ["-nostartfiles", "-nostdlib", "-static", "-no-pie"] {
        println!("cargo:rustc-link-arg={argument}");
    }
}
