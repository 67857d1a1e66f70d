//! Paths of the standard library need the feature `std`.

fn main() {
    let input = region::Input::read(std::path::Path::new("a"));
}
