//! What a value's `Drop` may look at must outlive the row.

struct Print<'a>(&'a String);

impl Drop for Print<'_> {
    fn drop(&mut self) {
        println!("{}", self.0);
    }
}

fn typed_arena() {
    let arena = region::TypedArena::new();
    let text = String::from("dropped first");
    arena.alloc(Print(&text));
}

fn append_vec() {
    let vec = region::AppendVec::new();
    let text = String::from("dropped first");
    vec.push(Print(&text));
}

fn region_vec() {
    let mut vec = region::RegionVec::new();
    let text = String::from("dropped first");
    vec.push(Print(&text));
}

fn main() {
    typed_arena();
    append_vec();
    region_vec();
}
