fn main() {
    let mut values = region::AppendVec::new();
    let first = values.push(1);
    let reader = values.reader();
    values.clear();
    println!("{first} {}", reader.len());
}
